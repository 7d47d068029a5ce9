package import SojournJournal
package import SojournModel
import SojournWire

/// What a message of a partition's log is (cluster, "Messages").
package enum LogMessageKind: UInt8, Sendable {
    /// Records of the journal, or a piece of them.
    case records = 1
    /// Somebody owns the partition from here on; or says so once more.
    case claim = 2
    /// Its owner owns it no longer.
    case release = 3
}

/// The first 64 bytes of a message of a partition's log (cluster, "Messages").
///
///      0 +--------------------------+
///        | magic "SJLM"             |  4   53 4A 4C 4D
///      4 +--------------------------+
///        | format version           |  2   1
///      6 +--------------------------+
///        | kind                     |  1
///      7 +--------------------------+
///        | flags                    |  1   1: the group goes on in the next message
///      8 +--------------------------+
///        | deployment               | 16
///     24 +--------------------------+
///        | epoch                    |  8   of the claim under which it was written
///     32 +--------------------------+
///        | incarnation              |  8   of the owner
///     40 +--------------------------+
///        | first position           |  8   of the group; 0 in a claim or release
///     48 +--------------------------+
///        | last position            |  8   of the group; of a claim or release, of the record before
///     56 +--------------------------+
///        | partition                |  2
///     58 +--------------------------+
///        | piece                    |  2   0 for the first piece of a group
///     60 +--------------------------+
///        | checksum                 |  4   CRC-32C of bytes 0 to 59, exclusive or that of the payload
///     64 +--------------------------+
package struct LogHeader: Equatable, Sendable {
    package static let byteCount = 64
    private static let magic: UInt32 = 0x4D4C_4A53
    private static let version: UInt16 = 1

    package var kind: LogMessageKind
    package var goesOn = false
    package var deployment: DeploymentID
    package var partition: UInt16
    package var epoch: UInt64
    package var incarnation: UInt64
    package var first = JournalPosition.start
    package var last = JournalPosition.start
    package var piece: UInt16 = 0
    /// Set when the message is written; two messages with equal headers are the same.
    package internal(set) var checksum: UInt32 = 0

    package init(
        _ kind: LogMessageKind, deployment: DeploymentID, partition: UInt16, epoch: UInt64,
        incarnation: UInt64
    ) {
        self.kind = kind
        self.deployment = deployment
        self.partition = partition
        self.epoch = epoch
        self.incarnation = incarnation
    }

    /// Reads and checks a whole message.
    package init(_ message: RawSpan) throws(LogFault) {
        guard message.byteCount >= Self.byteCount else { throw .cutShort(message.byteCount) }
        guard message.integer(at: 0, as: UInt32.self) == Self.magic else { throw .magic }
        let version = message.integer(at: 4, as: UInt16.self)
        guard version == Self.version else { throw .version(version) }
        let checksum = message.integer(at: 60, as: UInt32.self)
        guard checksum == Self.checksum(of: message) else { throw .checksum }
        let number = message.integer(at: 6, as: UInt8.self)
        guard let kind = LogMessageKind(rawValue: number) else { throw .kind(number) }
        self.kind = kind
        goesOn = message.integer(at: 7, as: UInt8.self) & 1 != 0
        deployment = DeploymentID(message.bits128(at: 8))
        epoch = message.integer(at: 24)
        incarnation = message.integer(at: 32)
        first = JournalPosition(message.integer(at: 40))
        last = JournalPosition(message.integer(at: 48))
        partition = message.integer(at: 56)
        piece = message.integer(at: 58)
        self.checksum = checksum
    }

    private static func checksum(of message: RawSpan) -> UInt32 {
        CRC32C.checksum(of: message.extracting(0..<60))
            ^ CRC32C.checksum(of: message.extracting(byteCount..<message.byteCount))
    }

    /// Makes a message of this header and a payload.
    package func message(_ payload: RawSpan) -> LogMessage {
        var writer = ByteWriter(capacity: Self.byteCount + payload.byteCount)
        writer.append(Self.magic)
        writer.append(Self.version)
        writer.append(kind.rawValue)
        writer.append(UInt8(goesOn ? 1 : 0))
        writer.append(deployment.bits)
        writer.append(epoch)
        writer.append(incarnation)
        writer.append(first.rawValue)
        writer.append(last.rawValue)
        writer.append(partition)
        writer.append(piece)
        writer.append(0 as UInt32)
        writer.append(contentsOf: payload)
        var header = self
        header.checksum = Self.checksum(of: writer.bytes)
        writer.set(header.checksum, at: 60)
        return LogMessage(header, writer.array)
    }
}

/// A message of a partition's log, to be sent, perhaps more than once.
package final class LogMessage: Sendable {
    package let header: LogHeader
    /// Header and payload.
    package let bytes: [UInt8]

    init(_ header: LogHeader, _ bytes: [UInt8]) {
        self.header = header
        self.bytes = bytes
    }
}

/// Why bytes are no message of a partition's log.
package enum LogFault: Error, Equatable, CustomStringConvertible {
    case cutShort(Int)
    case magic
    case version(UInt16)
    case kind(UInt8)
    case checksum
    /// A claim or a description whose texts do not fill it.
    case texts

    package var description: String {
        switch self {
        case .cutShort(let count): "it has \(count) bytes, fewer than its header"
        case .magic: "it does not begin as one of Sojourn"
        case .version(let version): "a newer version wrote it: it has format \(version)"
        case .kind(let kind): "a newer version wrote it: it has kind \(kind)"
        case .checksum: "its checksum is wrong"
        case .texts: "its texts do not end where it does"
        }
    }
}
