package import SojournModel

/// The body of a request to FETCH (sojourn-1, "FETCH").
///
///      0 | entries           | 4 |
///      4 | reserved          | 4 |
///      8 | position          | 8 |
///     16 | index             | 4 |
///     20 | reserved          | 4 |
package struct FetchRequest: Equatable, Sendable {
    static let byteCount = 24

    /// What is behind it is wanted.
    package var place: FeedPlace
    /// At most so many entries; 0 for the server's choice.
    package var entriesMax: UInt32

    package init(after place: FeedPlace, entriesMax: UInt32 = 0) {
        self.place = place
        self.entriesMax = entriesMax
    }

    /// Writes the whole frame.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        writer.beginFrame()
        writer.append(entriesMax)
        writer.append(0 as UInt32)
        writer.append(place.position)
        writer.append(place.index)
        writer.append(0 as UInt32)
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) -> FetchRequest {
        let end = try body.fixedPart(byteCount, announcing: 0)
        try body.reserved(4..<8)
        try body.reserved(20..<24)
        try body.end(at: end)
        return FetchRequest(
            after: FeedPlace(position: body.integer(at: 8), index: body.integer(at: 16)),
            entriesMax: body.integer(at: 0))
    }
}
