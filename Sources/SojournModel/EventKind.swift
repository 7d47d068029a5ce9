/// What a visitor did. The raw value is the byte of the `kind` column (sojourn-1, "Event kinds").
public enum EventKind: UInt8, Sendable, CaseIterable {
    /// A page or screen was shown; its name is the page.
    case view = 1
    /// Something else was done; its name is the action.
    case action = 2
    /// A goal was reached; its name is the goal and its value may be set.
    case conversion = 3
    /// The visitor is still there. Extends a session, never starts one.
    case heartbeat = 4
    /// The sender says that a session begins here.
    case start = 5
    /// The sender says that the session ends here.
    case end = 6

    /// The word used in files, output and configuration: the name of the case.
    @inlinable public var name: String { "\(self)" }

    /// The kind with this name, or nil.
    @inlinable public init?(name: some StringProtocol) {
        for kind in Self.allCases where kind.name == name {
            self = kind
            return
        }
        return nil
    }
}
