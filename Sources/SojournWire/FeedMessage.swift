package import SojournModel

/// What readers of a property's feed subscribe to, and what its messages begin with (sojourn-1, "Feed").
///
///     0 | magic "SOJF"      | 4 |
///     4 | property          | 4 |
package struct FeedTopic: Hashable, Sendable {
    package static var byteCount: Int { 8 }
    /// "SOJF", read little-endian.
    package static var magic: UInt32 { 0x464A_4F53 }

    package var property: PropertyID

    package init(_ property: PropertyID) { self.property = property }

    /// - Returns: nil for anything but a topic, and nothing behind it.
    package init?(_ bytes: RawSpan) {
        guard bytes.byteCount == Self.byteCount,
            bytes.integer(at: 0, as: UInt32.self) == Self.magic
        else { return nil }
        property = PropertyID(bytes.integer(at: 4))
    }

    package var bytes: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: Self.magic >> (8 * $0)) }
            + (0..<4).map { UInt8(truncatingIfNeeded: property.rawValue >> (8 * $0)) }
    }
}

/// One message of the feed: a topic, a header, and what a reply to FETCH would have (sojourn-1, "Feed").
package struct FeedMessage: Equatable, Sendable {
    /// A message without entries comes so often, at least.
    package static var heartbeatMilliseconds: Int { 1_000 }

    package var property: PropertyID
    /// Of the server; another one after each of its starts.
    package var stream: ProducerID
    /// Of the messages of this topic, without gaps. One without entries repeats the last.
    package var number: UInt64
    package var entries: [FeedEntry]
    /// Everything up to here was told.
    package var place: FeedPlace
    /// Of those in whose order the places stand.
    package var firstPartition: UInt16
    /// Still one of them.
    package var lastPartition: UInt16

    package init(
        property: PropertyID, stream: ProducerID, number: UInt64, entries: [FeedEntry],
        place: FeedPlace, firstPartition: UInt16, lastPartition: UInt16
    ) {
        self.property = property
        self.stream = stream
        self.number = number
        self.entries = entries
        self.place = place
        self.firstPartition = firstPartition
        self.lastPartition = lastPartition
    }

    /// Writes header and body; the topic goes in front of them.
    package func encode(deploymentTag: UInt64, into writer: inout ByteWriter) {
        FetchReply(
            entries: entries, place: place, hasMore: false, firstPartition: firstPartition,
            lastPartition: lastPartition
        ).encode(
            header: MessageHeader(
                operation: .fetch, isReply: true, producer: stream, sequence: number,
                property: property, deploymentTag: deploymentTag), into: &writer)
    }

    /// Reads a whole message. Offsets of faults count from the header.
    ///
    /// - Returns: the message, and the deployment that it says it is of.
    package static func decode(
        _ message: RawSpan
    ) throws(WireError) -> (message: FeedMessage, deploymentTag: UInt64) {
        guard message.byteCount >= FeedTopic.byteCount else {
            throw WireError(
                .truncatedHeader, found: message.byteCount, bound: MessageHeader.byteCount)
        }
        guard let topic = FeedTopic(message.extracting(0..<FeedTopic.byteCount)) else {
            throw WireError(.badMagic)
        }
        let frame = message.extracting(FeedTopic.byteCount...)
        let header = try Frame.open(frame, role: .client)
        guard header.operation == .fetch else {
            throw WireError(.unknownOperation, at: 5, found: Int(header.operation.rawValue))
        }
        guard header.property == topic.property else {
            throw WireError(.unknownProperty, at: 36, found: Int(header.property.rawValue))
        }
        let reply = try FetchReply.decode(body: Frame.body(of: frame), kinds: 1...3)
        return (
            FeedMessage(
                property: topic.property, stream: header.producer, number: header.sequence,
                entries: reply.entries, place: reply.place, firstPartition: reply.firstPartition,
                lastPartition: reply.lastPartition), header.deploymentTag
        )
    }
}
