package import SojournModel

/// The body of a reply to HELLO (sojourn-1, "HELLO").
///
///      0 | version          | 1 |
///      1 | reserved         | 3 |
///      4 | features         | 4 |
///      8 | deployment       | 16 |
///     24 | server time      | 8 |
///     32 | message bytes    | 4 |
///     36 | batch events     | 4 |
///     40 | visitor key bytes| 2 |
///     42 | text bytes       | 2 |
///     44 | batch texts      | 4 |
///     48 | batch contexts   | 4 |
///     52 | credit           | 4 |
///     56 | producer window  | 4 |
///     60 | partitions       | 4 |
///     64 | name length      | 2 |
///     66 | version length   | 2 |
///     68 | first partition  | 2 |
///     70 | last partition   | 2 |
///     72 | name, version    |   |
package struct HelloReply: Equatable, Sendable {
    static var fixedBytes: Int { 72 }

    /// The highest that both speak.
    package var version: UInt8
    package var features: UInt32
    package var deployment: DeploymentID
    /// Milliseconds since the epoch.
    package var serverTime: Int64
    package var limits: BatchLimits
    /// Requests that one client may have in flight.
    package var credit: Int
    /// Batches per producer that are remembered.
    package var producerWindow: Int
    /// Those that there are.
    package var partitions: Int
    /// Those that this server has, as it says.
    package var firstPartition: UInt16
    package var lastPartition: UInt16
    package var serverName: String
    package var serverVersion: String

    package init(
        version: UInt8 = 1, features: UInt32 = 0, deployment: DeploymentID, serverTime: Int64,
        limits: BatchLimits = .full, credit: Int = Limits.creditMax,
        producerWindow: Int = Limits.producerWindow, partitions: PartitionRange, serverName: String,
        serverVersion: String
    ) {
        self.version = version
        self.features = features
        self.deployment = deployment
        self.serverTime = serverTime
        self.limits = limits
        self.credit = credit
        self.producerWindow = producerWindow
        self.partitions = partitions.count
        firstPartition = partitions.first
        lastPartition = partitions.last
        self.serverName = serverName
        self.serverVersion = serverVersion
    }

    /// Writes the whole frame.
    ///
    /// - Precondition: the limits are those of the protocol or lower.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        writer.beginFrame()
        writer.append(version)
        writer.appendZeros(3)
        writer.append(features)
        writer.append(deployment.bits)
        writer.append(serverTime)
        writer.append(UInt32(limits.messageBytes))
        writer.append(UInt32(limits.events))
        writer.append(UInt16(limits.visitorKeyBytes))
        writer.append(UInt16(limits.textBytes))
        writer.append(UInt32(limits.texts))
        writer.append(UInt32(limits.contexts))
        writer.append(UInt32(credit))
        writer.append(UInt32(producerWindow))
        writer.append(UInt32(partitions))
        writer.append(UInt16(serverName.utf8.count))
        writer.append(UInt16(serverVersion.utf8.count))
        writer.append(firstPartition)
        writer.append(lastPartition)
        assert(writer.count == MessageHeader.byteCount + Self.fixedBytes)
        writer.append(utf8: serverName)
        writer.append(utf8: serverVersion)
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) -> HelloReply {
        let hasFixedPart = body.byteCount >= fixedBytes
        let nameLength = hasFixedPart ? Int(body.integer(at: 64, as: UInt16.self)) : 0
        let versionLength = hasFixedPart ? Int(body.integer(at: 66, as: UInt16.self)) : 0
        let end = try body.fixedPart(fixedBytes, announcing: nameLength + versionLength)
        try body.reserved(1..<4)
        try body.end(at: end)
        let nameEnd = fixedBytes + nameLength
        var reply = HelloReply(
            version: body.integer(at: 0), features: body.integer(at: 4),
            deployment: DeploymentID(body.bits128(at: 8)), serverTime: body.integer(at: 24),
            limits: BatchLimits(
                messageBytes: Int(body.integer(at: 32, as: UInt32.self)),
                events: Int(body.integer(at: 36, as: UInt32.self)),
                visitorKeyBytes: Int(body.integer(at: 40, as: UInt16.self)),
                textBytes: Int(body.integer(at: 42, as: UInt16.self)),
                texts: Int(body.integer(at: 44, as: UInt32.self)),
                contexts: Int(body.integer(at: 48, as: UInt32.self))),
            credit: Int(body.integer(at: 52, as: UInt32.self)),
            producerWindow: Int(body.integer(at: 56, as: UInt32.self)), partitions: .whole,
            serverName: try body.text(fixedBytes..<nameEnd),
            serverVersion: try body.text(nameEnd..<end))
        reply.partitions = Int(body.integer(at: 60, as: UInt32.self))
        reply.firstPartition = body.integer(at: 68)
        reply.lastPartition = body.integer(at: 70)
        return reply
    }

    /// The partitions that the server has; nil when what it says makes no sense.
    package var range: PartitionRange? {
        PartitionRange(
            first: Int(firstPartition), last: Int(lastPartition), count: partitions)
    }
}
