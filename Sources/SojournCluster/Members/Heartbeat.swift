import SojournModel
import SojournWire

/// What a worker says of itself several times a second (cluster, "Heartbeat"). A hint: nothing is decided by it
/// that the log would not refuse if it were wrong.
///
///      0 | magic "SJHB"    | 4 |
///      4 | format version  | 2 |  1
///      6 | flags           | 1 |  1: it wants no partitions, 2: it is about to end
///      7 | reserved        | 1 |
///      8 | incarnation     | 8 |
///     16 | partitions      | 2 |  that it owns, from its claim on
///     18 | name length     | 2 |
///     20 | reserved        | 4 |
///     24 | holdings        | 32 each
///        | name            |   |
///
/// A holding:
///
///      0 | partition       | 2 |
///      2 | reserved        | 6 |
///      8 | epoch           | 8 |
///     16 | sequence        | 8 |  of its last message that the log is known to have
///     24 | waiting         | 8 |  bytes of records that the log is not known to have
package struct Heartbeat: Equatable, Sendable {
    package struct Holding: Equatable, Sendable {
        package var partition: Int
        package var epoch: UInt64
        package var sequence: UInt64
        package var waitingBytes: UInt64

        package init(partition: Int, epoch: UInt64, sequence: UInt64, waitingBytes: UInt64) {
            self.partition = partition
            self.epoch = epoch
            self.sequence = sequence
            self.waitingBytes = waitingBytes
        }
    }

    private static let magic: UInt32 = 0x4248_4A53
    private static let fixedBytes = 24
    private static let holdingBytes = 32

    package var worker: OwnerIdentity
    /// It wants no partitions.
    package var isDraining = false
    /// It is about to end.
    package var isLeaving = false
    package var holdings: [Holding] = []

    package init(worker: OwnerIdentity) { self.worker = worker }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.append(Self.magic)
        writer.append(1 as UInt16)
        writer.append(UInt8((isDraining ? 1 : 0) | (isLeaving ? 2 : 0)))
        writer.append(0 as UInt8)
        writer.append(worker.incarnation)
        writer.append(UInt16(holdings.count))
        writer.append(UInt16(worker.name.utf8.count))
        writer.append(0 as UInt32)
        for holding in holdings {
            writer.append(UInt64(holding.partition))
            writer.append(holding.epoch)
            writer.append(holding.sequence)
            writer.append(holding.waitingBytes)
        }
        writer.append(utf8: worker.name)
        return writer.array
    }

    /// - Returns: nil for what is none.
    package init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= Self.fixedBytes,
            bytes.integer(at: 0, as: UInt32.self) == Self.magic,
            bytes.integer(at: 4, as: UInt16.self) == 1
        else { return nil }
        let flags = bytes.integer(at: 6, as: UInt8.self)
        let count = Int(bytes.integer(at: 16, as: UInt16.self))
        let name = Self.fixedBytes + count * Self.holdingBytes
        let end = name + Int(bytes.integer(at: 18, as: UInt16.self))
        guard end == bytes.byteCount else { return nil }
        worker = OwnerIdentity(
            name: bytes.extracting(name..<end).text, incarnation: bytes.integer(at: 8))
        isDraining = flags & 1 != 0
        isLeaving = flags & 2 != 0
        for row in 0..<count {
            let start = Self.fixedBytes + row * Self.holdingBytes
            holdings.append(
                Holding(
                    partition: Int(bytes.integer(at: start, as: UInt16.self)),
                    epoch: bytes.integer(at: start + 8), sequence: bytes.integer(at: start + 16),
                    waitingBytes: bytes.integer(at: start + 24)))
        }
    }
}
