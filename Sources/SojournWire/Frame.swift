import SojournModel

/// One payload frame: a header and the body behind it (sojourn-1, "Framing").
package enum Frame {
    /// Who reads it: a server takes requests, a client takes replies.
    package enum Role: Sendable { case server, client }

    /// Checks everything that can be said of a frame without looking into its body, in the order of
    /// precedence of the error registry. The body is what `body(of:)` gives.
    ///
    /// - Parameters:
    ///   - messageBytesMax: the largest request, header included. Replies may be larger.
    ///   - checksBody: false for whoever passes the body on unread, and leaves its checksum to the
    ///     one who reads it.
    package static func open(
        _ frame: RawSpan, messageBytesMax: Int = Limits.messageBytesMax, role: Role,
        checksBody: Bool = true
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
        var known = MessageHeader.replyFlag
        if header.operation == .report || role == .server && header.operation == .assign {
            known |= MessageHeader.partFlag
        }
        guard flags & ~known == 0 else {
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
        if checksBody { try checkBody(of: frame) }
        return header
    }

    /// Code 12.
    ///
    /// - Precondition: the frame has a header.
    package static func checkBody(of frame: RawSpan) throws(WireError) {
        guard bodyChecksum(of: frame) == CRC32C.checksum(of: body(of: frame)) else {
            throw WireError(.badBodyChecksum, at: 52)
        }
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

    /// Gives a frame that was read another address, in place: whoever passes it on has numbers of his
    /// own. The body and its checksum stay.
    ///
    /// - Precondition: the frame has a header.
    package static func readdress(
        _ frame: inout MutableRawSpan, correlation: UInt64, deadlineMilliseconds: UInt32,
        flags: UInt16
    ) {
        frame.storeBytes(of: flags.littleEndian, toByteOffset: 6, as: UInt16.self)
        frame.storeBytes(of: correlation.littleEndian, toByteOffset: 8, as: UInt64.self)
        frame.storeBytes(
            of: deadlineMilliseconds.littleEndian, toByteOffset: 32, as: UInt32.self)
        let checksum = CRC32C.checksum(of: frame.bytes.extracting(0..<60))
        frame.storeBytes(of: checksum.littleEndian, toByteOffset: 60, as: UInt32.self)
    }
}

extension ByteWriter {
    /// Makes of a request one for a part. `readdress` is to follow, which makes its checksum right.
    package mutating func markPart() { set(MessageHeader.partFlag, at: 6) }

    /// The same for a frame that this program wrote.
    package mutating func readdress(correlation: UInt64, deadlineMilliseconds: UInt32) {
        set(correlation, at: 8)
        set(deadlineMilliseconds, at: 32)
        let checksum = CRC32C.checksum(of: bytes.extracting(0..<60))
        set(checksum, at: 60)
    }
}
