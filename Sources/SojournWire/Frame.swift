import SojournModel

/// One payload frame: a header and the body behind it (sojourn-1, "Framing").
package enum Frame {
    /// Who reads it: a server takes requests, a client takes replies.
    package enum Role: Sendable { case server, client }

    /// Checks everything that can be said of a frame without looking into its body, in the order of
    /// precedence of the error registry. The body is what `body(of:)` gives.
    ///
    /// - Parameter messageBytesMax: the largest request, header included. Replies may be larger.
    package static func open(
        _ frame: RawSpan, messageBytesMax: Int = Limits.messageBytesMax, role: Role
    ) throws(WireError) -> MessageHeader {
        guard frame.byteCount >= MessageHeader.byteCount else {
            throw WireError(
                .truncatedHeader, found: frame.byteCount, bound: MessageHeader.byteCount)
        }
        guard let header = MessageHeader.readable(frame) else { throw WireError(.badMagic) }
        guard MessageHeader.versions.contains(header.version) else {
            throw WireError(.unsupportedVersion, at: 4, found: Int(header.version))
        }
        guard
            frame.integer(at: 60, as: UInt32.self)
                == CRC32C.checksum(of: frame.extracting(0..<60))
        else { throw WireError(.badHeaderChecksum, at: 60) }
        let operation = frame.integer(at: 5, as: UInt8.self)
        switch role {
        case .server where operation == Operation.error.rawValue:
            throw WireError(.unexpectedReply)
        case .server where header.isReply, .client where !header.isReply:
            throw WireError(.unexpectedReply)
        default: break
        }
        guard Operation(rawValue: operation) != nil else {
            throw WireError(.unknownOperation, at: 5, found: Int(operation))
        }
        let flags = frame.integer(at: 6, as: UInt16.self)
        guard flags & ~MessageHeader.replyFlag == 0 else {
            throw WireError(.unknownFlags, at: 6, found: Int(flags))
        }
        guard frame.integer(at: 56, as: UInt32.self) == 0 else {
            throw WireError(.reservedNotZero, at: 56)
        }
        guard role == .client || frame.byteCount <= messageBytesMax else {
            throw WireError(.messageTooLarge, found: frame.byteCount, bound: messageBytesMax)
        }
        let body = Self.body(of: frame)
        let bodyLength = Int(frame.integer(at: 48, as: UInt32.self))
        guard bodyLength == body.byteCount else {
            throw WireError(.badBodyLength, at: 48, found: bodyLength, bound: body.byteCount)
        }
        guard frame.integer(at: 52, as: UInt32.self) == CRC32C.checksum(of: body) else {
            throw WireError(.badBodyChecksum, at: 52)
        }
        return header
    }

    /// What stands behind the header.
    ///
    /// - Precondition: the frame has a header.
    @_lifetime(copy frame)
    package static func body(of frame: RawSpan) -> RawSpan {
        frame.extracting(MessageHeader.byteCount...)
    }

    /// The checksum of the body as the header has it.
    ///
    /// - Precondition: the frame has a header.
    package static func bodyChecksum(of frame: RawSpan) -> UInt32 { frame.integer(at: 52) }
}
