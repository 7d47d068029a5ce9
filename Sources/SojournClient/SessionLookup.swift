public import SojournModel

/// What the service knows of a visitor or a session: those sessions that are not yet finished.
public struct SessionLookup: Equatable, Sendable {
    /// In order of their first event; empty when nothing is known.
    public let sessions: [SessionSnapshot]
    /// The property's clock; nil before its first event.
    public let clock: EventTime?
}
