import SojournModel
import SojournWire

/// The first 64 bytes of a segment or a snapshot (journal, "Segment" and "Snapshot").
///
///      0 +--------------------------+
///        | magic                    |  4   "SJNL" or "SJSN"
///      4 +--------------------------+
///        | format version           |  2   2
///      6 +--------------------------+
///        | partition                |  2   of a snapshot; zero in a segment
///      8 +--------------------------+
///        | deployment id            | 16
///     24 +--------------------------+
///        | position                 |  8   a segment's first, a snapshot's last
///     32 +--------------------------+
///        | section count, salt      |  4   of a snapshot, of a segment
///     36 +--------------------------+
///        | table checksum           |  4   of a snapshot; zero in a segment
///     40 +--------------------------+
///        | reserved                 | 20   zero
///     60 +--------------------------+
///        | header checksum          |  4   CRC-32C of bytes 0 to 59
///     64 +--------------------------+
///
/// Magic, version and checksum keep their place in every later version, so that a version is known
/// for what it is.
struct FileHeader {
    static let byteCount = 64
    /// That of new files. Those of version 1 are read as they are: they differ by a kind of record alone
    /// (journal, "Upgrades").
    static let formatVersion: UInt16 = 2

    enum Kind: UInt32 {
        /// "SJNL", read little-endian.
        case segment = 0x4C4E_4A53
        /// "SJSN", read little-endian.
        case snapshot = 0x4E53_4A53
    }

    let deployment: DeploymentID
    let position: JournalPosition
    let partition: UInt16
    /// Of a segment it is the salt.
    let sectionCount: UInt32
    let tableChecksum: UInt32

    /// Writes a segment's header. That of a snapshot is written in C, where its checksums are made.
    static func writeSegment(
        of deployment: DeploymentID, first: JournalPosition, _ salt: SegmentSalt,
        to writer: inout ByteWriter
    ) {
        let start = writer.count
        writer.append(Kind.segment.rawValue)
        writer.append(formatVersion)
        writer.append(UInt16(0))
        writer.append(deployment.bits)
        writer.append(first.rawValue)
        writer.append(salt.bits)
        writer.appendZeros(24)
        writer.append(CRC32C.checksum(of: writer.bytes.extracting(start..<start + 60)))
    }

    /// Why a file cannot be used.
    enum Fault: Error {
        case damaged(FileFault)
        case newerVersion(UInt16)
        case otherDeployment(DeploymentID)
    }

    /// Reads a header.
    ///
    /// - Parameters:
    ///   - deployment: whose file it should be; nil for anybody's.
    ///   - position: what its name says.
    init(
        _ bytes: RawSpan, of kind: Kind, deployment expected: DeploymentID?,
        position expectedPosition: JournalPosition
    ) throws(Fault) {
        guard bytes.byteCount >= Self.byteCount else { throw .damaged(.cutShort) }
        guard bytes.integer(at: 0, as: UInt32.self) == kind.rawValue else { throw .damaged(.magic) }
        guard bytes.integer(at: 60) == CRC32C.checksum(of: bytes.extracting(0..<60)) else {
            throw .damaged(.headerChecksum)
        }
        let version = bytes.integer(at: 4, as: UInt16.self)
        guard version <= Self.formatVersion else { throw .newerVersion(version) }
        guard version > 0, bytes.extracting(40..<60).isZero(from: 0) else {
            throw .damaged(.headerFields)
        }
        deployment = DeploymentID(bytes.bits128(at: 8))
        if let expected, deployment != expected { throw .otherDeployment(deployment) }
        position = JournalPosition(bytes.integer(at: 24))
        guard position == expectedPosition else { throw .damaged(.headerPosition(position)) }
        partition = bytes.integer(at: 6)
        sectionCount = bytes.integer(at: 32)
        tableChecksum = bytes.integer(at: 36)
    }
}
