public import SojournModel

/// What the service says of one event: which session it belongs to (sojourn-1, "Reply").
public struct Assignment: Equatable, Sendable {
    /// Which event of its session it is, from 1, in order of arrival; nil when it joined none.
    public let position: Int?
    /// What became of the event; `outcome.isAccepted` says whether it counts.
    public let outcome: Outcome
    /// The session as it stood after the whole batch; nil when the event joined none.
    public let details: SessionRow?

    package init(position: Int?, outcome: Outcome, details: SessionRow?) {
        self.position = position
        self.outcome = outcome
        self.details = details
    }

    /// The session that the event belongs to; nil when it joined none. A later `Revision` may say
    /// that this session is now part of another.
    public var session: SessionID? { details?.id }

    /// This is the visitor's n-th session, from 1.
    public var visitorSession: Int? { details.map { Int($0.ordinal) } }

    /// When the session began.
    public var sessionStart: EventTime? {
        details.map { EventTime(milliseconds: $0.start) }
    }

    /// Why the session began.
    public var boundary: Boundary? { details?.state.boundary }
}
