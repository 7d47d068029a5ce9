import SojournModel

/// The body of a request to FORGET: a look-up by visitor key (sojourn-1, "FORGET").
package enum ForgetRequest {
    /// Writes the whole frame.
    ///
    /// - Precondition: the key has 1 to `Limits.visitorKeyBytesMax` bytes.
    package static func encode(
        _ key: RawSpan, header: MessageHeader, into writer: inout ByteWriter
    ) {
        LookupRequest.visitor(key: key).encode(header: header, into: &writer)
    }

    @_lifetime(copy body)
    package static func decode(
        body: RawSpan, limits: BatchLimits = .full
    ) throws(WireError) -> RawSpan {
        switch try LookupRequest.decode(body: body, limits: limits) {
        case .visitor(let key): return key
        case .session: throw WireError(.badLookup, inBodyAt: 0, found: 2)
        }
    }
}

/// The body of a reply to FORGET.
///
///      0 | live sessions     | 4 |
///      4 | reserved          | 4 |
///      8 | position          | 8 |
package struct ForgetReply: Equatable, Sendable {
    static let byteCount = 16

    /// That were erased.
    package var liveSessions: UInt32
    /// Of the erasure among what FETCH hands out.
    package var position: UInt64

    package init(liveSessions: UInt32, position: UInt64) {
        self.liveSessions = liveSessions
        self.position = position
    }

    /// Writes the whole frame.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        writer.beginFrame()
        writer.append(liveSessions)
        writer.append(0 as UInt32)
        writer.append(position)
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) -> ForgetReply {
        let end = try body.fixedPart(byteCount, announcing: 0)
        try body.reserved(4..<8)
        try body.end(at: end)
        return ForgetReply(
            liveSessions: body.integer(at: 0), position: body.integer(at: 8))
    }
}
