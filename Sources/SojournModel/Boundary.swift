/// Why a session began, and why the one before it ended (sojourn-1, "Boundaries").
public enum Boundary: UInt8, Sendable, CaseIterable {
    /// No earlier session of the visitor is known.
    case first = 0
    /// The visitor did nothing for the property's timeout.
    case idle = 1
    /// The session before would have become longer than `maxDuration`.
    case maxDuration = 2
    /// The session before held `maxEvents` events.
    case maxEvents = 3
    /// The event brought another campaign.
    case campaign = 4
    /// The event is on another day in the property's time zone.
    case midnight = 5
    /// A `start` event began it, or an `end` event closed the one before.
    case explicit = 6

    /// The word used in output: the name of the case.
    @inlinable public var name: String { "\(self)" }
}
