package import SojournModel

/// The body of a request to FETCH (sojourn-1, "FETCH").
///
///      0 | entries           | 4 |
///      4 | partition         | 2 |
///      6 | reserved          | 2 |
///      8 | position          | 8 |
///     16 | index             | 4 |
///     20 | reserved          | 4 |
package struct FetchRequest: Equatable, Sendable {
    static let byteCount = 24

    /// In whose order the place stands.
    package var partition: UInt16
    /// What is behind it is wanted.
    package var place: FeedPlace
    /// At most so many entries; 0 for the server's choice.
    package var entriesMax: UInt32

    package init(of partition: UInt16 = 0, after place: FeedPlace, entriesMax: UInt32 = 0) {
        self.partition = partition
        self.place = place
        self.entriesMax = entriesMax
    }

    /// Writes the whole frame.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        writer.beginFrame()
        writer.append(entriesMax)
        writer.append(partition)
        writer.append(0 as UInt16)
        writer.append(place.position)
        writer.append(place.index)
        writer.append(0 as UInt32)
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) -> FetchRequest {
        let end = try body.fixedPart(byteCount, announcing: 0)
        try body.reserved(6..<8)
        try body.reserved(20..<24)
        try body.end(at: end)
        return FetchRequest(
            of: body.integer(at: 4),
            after: FeedPlace(position: body.integer(at: 8), index: body.integer(at: 16)),
            entriesMax: body.integer(at: 0))
    }
}
