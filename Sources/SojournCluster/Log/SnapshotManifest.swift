package import SojournJournal
import SojournModel
import SojournWire

/// Says that a snapshot is whole, and where it belongs (cluster, "Snapshots").
///
///      0 | magic "SJSM"    | 4 |
///      4 | format version  | 2 |  1
///      6 | partition       | 2 |
///      8 | sequence        | 8 |  of the log: all messages up to it are in the snapshot
///     16 | position        | 8 |  of the last record in it
///     24 | epoch           | 8 |  of the last claim up to there
///     32 | incarnation     | 8 |  of its owner
///     40 | bytes           | 8 |  of the snapshot
///     48 | pieces          | 4 |
///     52 | reserved        | 4 |
///     56 | snapshot check  | 4 |  CRC-32C of the whole snapshot
///     60 | checksum        | 4 |  CRC-32C of bytes 0 to 59
package struct SnapshotManifest: Equatable, Sendable {
    private static let magic: UInt32 = 0x4D53_4A53
    private static let byteCount = 64
    /// Of a piece.
    package static let pieceBytes = 512 << 10
    /// So many bytes no snapshot has, and so many messages no log, by far.
    private static let numberMax: UInt64 = 1 << 48

    package var partition: Int
    package var sequence: UInt64
    package var position: JournalPosition
    package var epoch: UInt64
    package var incarnation: UInt64
    package var snapshotBytes: Int
    package var snapshotChecksum: UInt32

    package init(
        partition: Int, sequence: UInt64, position: JournalPosition, epoch: UInt64,
        incarnation: UInt64, of snapshot: RawSpan
    ) {
        self.partition = partition
        self.sequence = sequence
        self.position = position
        self.epoch = epoch
        self.incarnation = incarnation
        snapshotBytes = snapshot.byteCount
        snapshotChecksum = CRC32C.checksum(of: snapshot)
    }

    package var pieces: Int { (snapshotBytes + Self.pieceBytes - 1) / Self.pieceBytes }

    /// For ids of messages: another one for each attempt of each owner.
    package var name: String { "\(sequence)-\(epoch)-\(String(incarnation, radix: 16))" }

    package func matches(_ snapshot: RawSpan) -> Bool {
        snapshot.byteCount == snapshotBytes
            && CRC32C.checksum(of: snapshot) == snapshotChecksum
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.append(Self.magic)
        writer.append(1 as UInt16)
        writer.append(UInt16(partition))
        writer.append(sequence)
        writer.append(position.rawValue)
        writer.append(epoch)
        writer.append(incarnation)
        writer.append(UInt64(snapshotBytes))
        writer.append(UInt32(pieces))
        writer.append(0 as UInt32)
        writer.append(snapshotChecksum)
        writer.append(CRC32C.checksum(of: writer.bytes))
        return writer.array
    }

    /// - Returns: nil for what is none, or of a newer version.
    package init?(_ bytes: RawSpan) {
        guard bytes.isBlock(Self.magic, of: Self.byteCount) else { return nil }
        partition = Int(bytes.integer(at: 6, as: UInt16.self))
        sequence = bytes.integer(at: 8)
        position = JournalPosition(bytes.integer(at: 16))
        epoch = bytes.integer(at: 24)
        incarnation = bytes.integer(at: 32)
        let size = bytes.integer(at: 40, as: UInt64.self)
        // What is reckoned with them stays in range.
        guard max(sequence, epoch, size) <= Self.numberMax else { return nil }
        snapshotBytes = Int(size)
        snapshotChecksum = bytes.integer(at: 56)
        guard snapshotBytes > 0, pieces == Int(bytes.integer(at: 48, as: UInt32.self)) else {
            return nil
        }
    }
}
