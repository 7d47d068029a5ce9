import SojournModel

/// A number that a server shows of itself.
package struct Gauge: Equatable, Sendable {
    /// Words with underscores; one that ends in `_total` only grows.
    package var name: String
    package var value: Int64

    package init(name: String, value: Int64) {
        self.name = name
        self.value = value
    }
}

/// The body of a request to STATUS: nothing.
package enum StatusRequest {
    /// Writes the whole frame.
    package static func encode(header: MessageHeader, into writer: inout ByteWriter) {
        writer.beginFrame()
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) { try body.end(at: 0) }
}

/// The body of a reply to STATUS (sojourn-1, "STATUS").
///
///      0 | gauges            | 4 |
///      4 | columns           | 2 |
///      6 | reserved          | 2 |
///      8 | server time       | 8 |
///     16 | directory         |   |
package struct StatusReply: Equatable, Sendable {
    package var gauges: [Gauge]
    /// Milliseconds since the epoch.
    package var serverTime: Int64

    package init(gauges: [Gauge], serverTime: Int64) {
        self.gauges = gauges
        self.serverTime = serverTime
    }

    /// Writes the whole frame.
    ///
    /// - Precondition: every name has 1 to `Limits.textBytesMax` bytes.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        var names = ByteTable()
        for gauge in gauges { names.append(gauge.name) }
        writer.beginFrame()
        writer.append(UInt32(gauges.count))
        writer.append(2 as UInt32)
        writer.append(serverTime)
        var cursor = writer.beginDirectory(columns: 2)
        names.write(.texts, to: &writer, &cursor)
        writer.appendColumn(.gauges, count: gauges.count, as: Int64.self, &cursor) {
            gauges[$0].value
        }
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) -> StatusReply {
        let schema = { BodySchema.statusReply(gauges: $0) }
        let directory = try ColumnDirectory.open(body, fixedBytes: schema(0).fixedBytes)
        let count = Int(body.integer(at: 0, as: UInt32.self))
        try directory.validate(schema(count))
        try directory.checkLengths(.texts, most: Limits.textBytesMax, .badTextLength)
        try directory.checkUTF8(directory.dictionary(.texts))
        let values = directory.bytes(of: directory.find(.gauges))
        return StatusReply(
            gauges: directory.strings(.texts).enumerated().map { row, name in
                Gauge(name: name, value: values.integer(at: row * 8))
            }, serverTime: body.integer(at: 8))
    }
}
