package import SojournModel

/// The first 64 bytes of every message (sojourn-1, "Header").
///
///                                   bytes
///      0 +--------------------------+
///        | magic "SOJN"             |  4
///      4 +--------------------------+
///        | version                  |  1
///      5 +--------------------------+
///        | operation                |  1
///      6 +--------------------------+
///        | flags                    |  2   bit 0: this is a reply; bit 1: a part
///      8 +--------------------------+
///        | correlation              |  8
///     16 +--------------------------+
///        | producer                 |  8
///     24 +--------------------------+
///        | sequence                 |  8
///     32 +--------------------------+
///        | deadline                 |  4   milliseconds
///     36 +--------------------------+
///        | property                 |  4
///     40 +--------------------------+
///        | deployment               |  8   tag
///     48 +--------------------------+
///        | body length              |  4
///     52 +--------------------------+
///        | body checksum            |  4
///     56 +--------------------------+
///        | reserved                 |  4   zero
///     60 +--------------------------+
///        | header checksum          |  4   of bytes 0 to 59
///     64 +--------------------------+
package struct MessageHeader: Equatable, Sendable {
    package static var byteCount: Int { 64 }
    /// "SOJN", read little-endian.
    package static var magic: UInt32 { 0x4E4A_4F53 }
    package static var replyFlag: UInt16 { 1 }
    /// Of a request to ASSIGN: the part of a batch that falls to one worker. Of a REPORT, and its reply: what one
    /// worker has for an answer.
    package static var partFlag: UInt16 { 2 }
    /// The versions that this module speaks.
    package static var versions: ClosedRange<UInt8> { 1...1 }

    package var version: UInt8
    package var operation: Operation
    package var isReply: Bool
    /// The other events of the batch go to other workers: its producer's numbers have holes here. Of a REPORT:
    /// other workers have other sessions.
    package var isPart: Bool
    /// Chosen by the client, echoed verbatim.
    package var correlation: UInt64
    package var producer: ProducerID
    /// Number of the batch; 0 without a producer.
    package var sequence: UInt64
    /// From receipt; 0 for none.
    package var deadlineMilliseconds: UInt32
    package var property: PropertyID
    /// `DeploymentID.tag`; 0 for any.
    package var deploymentTag: UInt64

    package init(
        version: UInt8 = 1, operation: Operation, isReply: Bool = false, isPart: Bool = false,
        correlation: UInt64 = 0, producer: ProducerID = ProducerID(0), sequence: UInt64 = 0,
        deadlineMilliseconds: UInt32 = 0, property: PropertyID = PropertyID(0),
        deploymentTag: UInt64 = 0
    ) {
        self.version = version
        self.operation = operation
        self.isReply = isReply
        self.isPart = isPart
        self.correlation = correlation
        self.producer = producer
        self.sequence = sequence
        self.deadlineMilliseconds = deadlineMilliseconds
        self.property = property
        self.deploymentTag = deploymentTag
    }

    /// The header of the answer to a message with this one.
    ///
    /// - Parameter operation: `.error` for a refusal; nil for what was asked.
    package func reply(_ operation: Operation? = nil, deploymentTag: UInt64) -> MessageHeader {
        MessageHeader(
            operation: operation ?? self.operation, isReply: true, correlation: correlation,
            producer: producer, sequence: sequence, property: property,
            deploymentTag: deploymentTag)
    }

    /// What a frame says of itself, so far as an ERROR can be addressed by it: nil unless it has 64
    /// bytes and the magic. Nothing else is checked. An operation that this version does not know
    /// reads as `.error`.
    package static func readable(_ frame: RawSpan) -> MessageHeader? {
        guard frame.byteCount >= byteCount, frame.integer(at: 0, as: UInt32.self) == magic else {
            return nil
        }
        return MessageHeader(
            version: frame.integer(at: 4),
            operation: Operation(rawValue: frame.integer(at: 5)) ?? .error,
            isReply: frame.integer(at: 6, as: UInt16.self) & replyFlag != 0,
            isPart: frame.integer(at: 6, as: UInt16.self) & partFlag != 0,
            correlation: frame.integer(at: 8),
            producer: ProducerID(frame.integer(at: 16)),
            sequence: frame.integer(at: 24),
            deadlineMilliseconds: frame.integer(at: 32),
            property: PropertyID(frame.integer(at: 36)),
            deploymentTag: frame.integer(at: 40))
    }

    /// Writes the header over the first 64 bytes of a frame whose body is complete.
    package func write(to writer: inout ByteWriter) {
        precondition(writer.count >= Self.byteCount)
        let bodyLength = UInt32(writer.count - Self.byteCount)
        let bodyChecksum = CRC32C.checksum(of: writer.bytes.extracting(Self.byteCount...))
        writer.set(Self.magic, at: 0)
        writer.set(version, at: 4)
        writer.set(operation.rawValue, at: 5)
        writer.set((isReply ? Self.replyFlag : 0) | (isPart ? Self.partFlag : 0), at: 6)
        writer.set(correlation, at: 8)
        writer.set(producer.rawValue, at: 16)
        writer.set(sequence, at: 24)
        writer.set(deadlineMilliseconds, at: 32)
        writer.set(property.rawValue, at: 36)
        writer.set(deploymentTag, at: 40)
        writer.set(bodyLength, at: 48)
        writer.set(bodyChecksum, at: 52)
        writer.set(0 as UInt32, at: 56)
        let headerChecksum = CRC32C.checksum(of: writer.bytes.extracting(0..<60))
        writer.set(headerChecksum, at: 60)
        // The fields of the diagram fill the header, without a hole.
        assert(4 + 1 + 1 + 2 + 8 + 8 + 8 + 4 + 4 + 8 + 4 + 4 + 4 + 4 == Self.byteCount)
    }
}

extension ByteWriter {
    /// Starts a frame: room for the header, which `MessageHeader.write` fills in at the end.
    package mutating func beginFrame() {
        removeAll()
        _ = extend(by: MessageHeader.byteCount)
    }
}
