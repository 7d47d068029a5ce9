package import SojournModel
package import SojournWire

/// Why a request gets an ERROR, or nothing at all (sojourn-1, "ERROR").
package struct Refusal: Error, Equatable, Sendable {
    package var error: ErrorReply

    package var code: ErrorCode { error.code }

    package init(_ error: WireError) { self.error = ErrorReply(error) }

    package init(
        _ code: ErrorCode, at offset: UInt32? = nil, retryAfterMilliseconds: UInt32 = 0,
        _ message: String
    ) {
        error = ErrorReply(
            code: code, retryAfterMilliseconds: retryAfterMilliseconds, offset: offset,
            message: message)
    }
}

extension Refusal {
    /// Code 15.
    package static var noArchive: Refusal {
        Refusal(
            .noArchive,
            "this server keeps no finished sessions; start it with --data DIR, or say with --archive "
                + "where they are to be kept")
    }
}

/// What to do with a request that was looked at.
package enum Answer: Equatable, Sendable {
    /// The reply was written and goes to whoever asked.
    case reply
    /// Nothing is sent.
    case drop(ErrorCode)
}

extension Refusal {
    /// Writes the ERROR for a frame, where one may be sent.
    ///
    /// A reply or an ERROR is never answered, whatever else is wrong with it: two servers that were
    /// connected to one another, and speak different versions, would else refuse each other's
    /// refusals for ever. Only where the header was damaged the flag proves nothing.
    package func answer(
        _ frame: RawSpan, deployment: DeploymentID, into reply: inout ByteWriter
    ) -> Answer {
        if code.isDropped { return .drop(code) }
        guard let header = MessageHeader.readable(frame) else { return .drop(.badMagic) }
        let operation = frame.integer(at: 5, as: UInt8.self)
        if code != .badHeaderChecksum,
            header.isReply || operation == Operation.error.rawValue
        {
            return .drop(.unexpectedReply)
        }
        error.encode(
            header: header.reply(.error, deploymentTag: deployment.tag), into: &reply)
        return .reply
    }

    /// The answer to a message of another number of frames than the specification says (sojourn-1,
    /// "Framing").
    ///
    /// - Parameter frame: its first frame that is not empty.
    package static func answerBadFraming(
        _ frame: RawSpan, deployment: DeploymentID, into reply: inout ByteWriter
    ) -> Answer {
        guard MessageHeader.readable(frame) != nil else { return .drop(.badFraming) }
        return Refusal(WireError(.badFraming)).answer(frame, deployment: deployment, into: &reply)
    }
}
