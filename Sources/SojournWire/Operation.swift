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

    /// The word of the specification: `HELLO`, `ASSIGN`, ...
    public var name: String {
        switch self {
        case .hello: "HELLO"
        case .assign: "ASSIGN"
        case .lookup: "LOOKUP"
        case .status: "STATUS"
        case .error: "ERROR"
        }
    }
}
