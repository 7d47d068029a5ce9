package import SojournModel
import SojournWire

/// What a cluster is, written once when it is made (cluster, "Description").
///
///      0 | magic "SJCD"    | 4 |
///      4 | format version  | 2 |  1
///      6 | partitions      | 2 |
///      8 | deployment      | 16|
///     24 | replicas        | 2 |  of each stream when it was made
///     26 | reserved        | 2 |
///     28 | log messages    | 4 |  that each log keeps
///     32 | checksum        | 4 |  CRC-32C of bytes 0 to 31
package struct ClusterDescription: Equatable, Sendable {
    private static let magic: UInt32 = 0x4443_4A53
    private static let byteCount = 36
    package static let partitionsMax = 256
    package static let partitionsDefault = 16
    /// Of a log: four times what is kept for claims at least.
    package static let logMessagesRange = 4_096...1 << 24
    package static let logMessagesDefault = 16_384

    package var partitions: Int
    package var deployment: DeploymentID
    package var replicas: Int
    /// Messages that the log of a partition keeps: an append beyond them drops the first one.
    package var logMessages: Int

    package init(
        partitions: Int, deployment: DeploymentID, replicas: Int,
        logMessages: Int = logMessagesDefault
    ) {
        self.partitions = partitions
        self.deployment = deployment
        self.replicas = replicas
        self.logMessages = logMessages
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.append(Self.magic)
        writer.append(1 as UInt16)
        writer.append(UInt16(partitions))
        writer.append(deployment.bits)
        writer.append(UInt16(replicas))
        writer.append(0 as UInt16)
        writer.append(UInt32(logMessages))
        writer.append(CRC32C.checksum(of: writer.bytes))
        return writer.array
    }

    /// - Returns: nil for what is none, or of a newer version.
    package init?(_ bytes: RawSpan) {
        guard bytes.isBlock(Self.magic, of: Self.byteCount) else { return nil }
        partitions = Int(bytes.integer(at: 6, as: UInt16.self))
        deployment = DeploymentID(bytes.bits128(at: 8))
        replicas = Int(bytes.integer(at: 24, as: UInt16.self))
        logMessages = Int(bytes.integer(at: 28, as: UInt32.self))
        guard (1...Self.partitionsMax).contains(partitions),
            Self.logMessagesRange.contains(logMessages)
        else { return nil }
    }
}
