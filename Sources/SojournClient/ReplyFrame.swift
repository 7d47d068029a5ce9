import SojournModel
package import SojournWire
import ZeroMQ

/// A reply whose header and checksums are good; its body is read in place.
package final class ReplyFrame: Sendable {
    package let header: MessageHeader
    private let message: Message

    init(_ message: consuming Message, header: MessageHeader) {
        self.message = message
        self.header = header
    }

    package var byteCount: Int { message.byteCount }

    func withBody<Result, Failure: Error>(
        _ read: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try message.withBody(read)
    }

    /// Lends out the assignments.
    ///
    /// - Parameter events: how many were sent.
    package func withAssignments<Result>(
        events: Int, _ read: (borrowing AssignReplyView) throws -> Result
    ) throws -> Result {
        try withBody { (body) throws in
            let view: AssignReplyView
            do throws(WireError) { view = try AssignReplyView.decode(body: body) } catch {
                throw SojournError(malformed: error, mayHaveBeenApplied: true)
            }
            guard view.eventCount == events else {
                throw SojournError(
                    .malformedReply,
                    "the server answered \(view.eventCount) events of \(events)",
                    mayHaveBeenApplied: true)
            }
            return try read(view)
        }
    }
}

extension Message {
    /// Lends out what stands behind the header.
    fileprivate borrowing func withBody<Result, Failure: Error>(
        _ read: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try read(Frame.body(of: bytes))
    }
}

extension SojournError {
    /// The body of a reply does not follow the specification.
    init(malformed error: WireError, mayHaveBeenApplied: Bool = false) {
        self.init(
            .malformedReply, "the server's reply cannot be read: \(error)",
            mayHaveBeenApplied: mayHaveBeenApplied, cause: error)
    }
}
