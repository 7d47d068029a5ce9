package import SojournModel

/// The body of a request to LOOKUP (sojourn-1, "LOOKUP").
///
///     0 | by                | 1 |  1: visitor key, 2: session id
///     1 | reserved          | 1 |
///     2 | key length        | 2 |
///     4 | reserved          | 4 |
///     8 | key               |   |
package enum LookupRequest: ~Escapable {
    case visitor(key: RawSpan)
    case session(SessionID)

    static var fixedBytes: Int { 8 }

    /// Writes the whole frame.
    ///
    /// - Precondition: a key has 1 to `Limits.visitorKeyBytesMax` bytes.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        writer.beginFrame()
        switch self {
        case .visitor(let key):
            precondition((1...Limits.visitorKeyBytesMax).contains(key.byteCount))
            writer.append(1 as UInt16)
            writer.append(UInt16(key.byteCount))
            writer.appendZeros(4)
            writer.append(contentsOf: key)
        case .session(let id):
            writer.append(2 as UInt16)
            writer.append(16 as UInt16)
            writer.appendZeros(4)
            writer.append(id.bits)
        }
        header.write(to: &writer)
    }

    @_lifetime(copy body)
    package static func decode(
        body: RawSpan, limits: BatchLimits = .full
    ) throws(WireError) -> LookupRequest {
        let length = body.byteCount < fixedBytes ? 0 : Int(body.integer(at: 2, as: UInt16.self))
        let end = try body.fixedPart(fixedBytes, announcing: length)
        try body.reserved(1..<2)
        try body.reserved(4..<8)
        try body.end(at: end)
        let by = body.integer(at: 0, as: UInt8.self)
        switch by {
        case 1:
            guard length >= 1, length <= limits.visitorKeyBytes else {
                throw WireError(
                    .badKeyLength, inBodyAt: 2, found: length, bound: limits.visitorKeyBytes)
            }
            return .visitor(key: body.extracting(fixedBytes...))
        case 2:
            guard length == 16 else {
                throw WireError(.badLookup, inBodyAt: 2, found: length, bound: 16)
            }
            return .session(SessionID(body.bits128(at: fixedBytes)))
        default:
            throw WireError(.badLookup, inBodyAt: 0, found: Int(by))
        }
    }
}
