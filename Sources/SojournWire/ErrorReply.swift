import SojournModel

/// The body of an ERROR (sojourn-1, "ERROR").
///
///      0 | code              | 2 |
///      2 | flags             | 1 |  bit 0: retriable
///      3 | reserved          | 1 |
///      4 | retry after       | 4 |
///      8 | offset            | 4 |
///     12 | lowest version    | 1 |
///     13 | highest version   | 1 |
///     14 | message length    | 2 |
///     16 | message           |   |
package struct ErrorReply: Equatable, Sendable {
    static var fixedBytes: Int { 16 }
    static var noOffset: UInt32 { .max }

    package var code: ErrorCode
    /// What the server says, which counts when the code is newer than this client.
    package var isRetriable: Bool
    /// 0 when there is nothing to wait for.
    package var retryAfterMilliseconds: UInt32
    /// Byte of the frame that offended; nil for none.
    package var offset: UInt32?
    package var lowestVersion: UInt8
    package var highestVersion: UInt8
    /// One sentence for a person. Cut to `Limits.errorMessageBytesMax` when it is written.
    package var message: String

    package init(
        code: ErrorCode, retryAfterMilliseconds: UInt32 = 0, offset: UInt32? = nil, message: String
    ) {
        self.code = code
        isRetriable = code.isRetriable
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.offset = offset
        lowestVersion = MessageHeader.versions.lowerBound
        highestVersion = MessageHeader.versions.upperBound
        self.message = message
    }

    /// What a server answers to bytes that are not a good request.
    package init(_ error: WireError) {
        self.init(
            code: error.code, offset: error.offset.flatMap { UInt32(exactly: $0) },
            message: error.message)
    }

    /// Writes the whole frame.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        var length = 0
        for character in message.unicodeScalars {
            let next = length + UTF8.width(character)
            if next > Limits.errorMessageBytesMax { break }
            length = next
        }
        writer.beginFrame()
        writer.append(code.rawValue)
        writer.append(isRetriable ? 1 : 0 as UInt8)
        writer.append(0 as UInt8)
        writer.append(retryAfterMilliseconds)
        writer.append(offset ?? Self.noOffset)
        writer.append(lowestVersion)
        writer.append(highestVersion)
        writer.append(UInt16(length))
        assert(writer.count == MessageHeader.byteCount + Self.fixedBytes)
        let text = message.utf8Span
        writer.append(contentsOf: unsafe text.span.bytes.extracting(0..<length))
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) -> ErrorReply {
        let length =
            body.byteCount < fixedBytes ? 0 : Int(body.integer(at: 14, as: UInt16.self))
        let end = try body.fixedPart(fixedBytes, announcing: length)
        try body.reserved(3..<4)
        try body.end(at: end)
        let offset = body.integer(at: 8, as: UInt32.self)
        var reply = ErrorReply(
            code: ErrorCode(rawValue: body.integer(at: 0)),
            retryAfterMilliseconds: body.integer(at: 4),
            offset: offset == noOffset ? nil : offset, message: try body.text(fixedBytes..<end))
        reply.isRetriable = body.integer(at: 2, as: UInt8.self) & 1 != 0
        reply.lowestVersion = body.integer(at: 12)
        reply.highestVersion = body.integer(at: 13)
        return reply
    }
}
