/// What a message asks or answers (sojourn-1, "Operations").
public enum Operation: UInt8, Sendable, CaseIterable {
    /// Who are you, what may I send?
    case hello = 1
    /// Which sessions do these events belong to?
    case assign = 2
    /// What is known of this visitor, or this session?
    case lookup = 3
    /// How are you?
    case status = 4
    /// Refused, nothing was applied. Only a reply.
    case error = 5
    /// How many sessions, from where, what did they do?
    case report = 6
    /// Which sessions were finished, and which revised, after this place?
    case fetch = 7
    /// Erase all that is kept of a visitor.
    case forget = 8

    /// The word of the specification: `HELLO`, `ASSIGN`, ...
    public var name: String {
        switch self {
        case .hello: "HELLO"
        case .assign: "ASSIGN"
        case .lookup: "LOOKUP"
        case .status: "STATUS"
        case .error: "ERROR"
        case .report: "REPORT"
        case .fetch: "FETCH"
        case .forget: "FORGET"
        }
    }
}
