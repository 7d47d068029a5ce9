/// What became of one event. The raw value is the byte of the `outcome` column of a reply
/// (sojourn-1, "Outcomes").
public enum Outcome: UInt8, Sendable, CaseIterable {
    /// It opened a session.
    case new = 0
    /// It joined a session at or after the session's last event.
    case extended = 1
    /// It joined a session before the session's last event.
    case lateJoined = 2
    /// It joined two or more sessions into one; the reply carries the revisions.
    case merged = 3
    /// Nothing changed: the session that it would have formed or joined is already finished.
    case tooLate = 4
    /// Nothing changed: the session has already seen this event id.
    case duplicate = 5
    /// Rejected, nothing changed: a heartbeat found no session to extend.
    case rejectedNoSession = 16
    /// Rejected, nothing changed: the event is further ahead of the server's time than
    /// `maxClockSkew` allows.
    case rejectedClockSkew = 17
    /// Rejected, nothing changed: the event would have added a visitor beyond `maxLiveVisitors`.
    case rejectedVisitorLimit = 18
    /// Rejected, nothing changed: the event would have opened a session beyond the number that may
    /// be unfinished, of this visitor or in all.
    case rejectedSessionLimit = 19

    /// True when the event was counted in a session.
    @inlinable public var isAccepted: Bool { rawValue <= Outcome.merged.rawValue }

    /// The word used in output and statistics.
    public var name: String {
        switch self {
        case .rejectedNoSession: "rejected(noSession)"
        case .rejectedClockSkew: "rejected(clockSkew)"
        case .rejectedVisitorLimit: "rejected(visitorLimit)"
        case .rejectedSessionLimit: "rejected(sessionLimit)"
        case .new: "new"
        case .extended: "extended"
        case .lateJoined: "lateJoined"
        case .merged: "merged"
        case .tooLate: "tooLate"
        case .duplicate: "duplicate"
        }
    }
}
