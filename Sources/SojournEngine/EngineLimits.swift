public import SojournModel

/// How much state a partition may hold (law: everything is bounded).
public struct EngineLimits: Sendable, Equatable {
    /// Visitors with a session that is not finished. Beyond it a new visitor's events are
    /// `rejectedVisitorLimit`.
    public var liveVisitorsMax = 20_000_000
    /// Sessions that are not finished, those merged away included.
    public var liveSessionsMax = 40_000_000
    /// Texts (pages, attributes) per property that live sessions hold; further ones become
    /// `(other)`.
    public var textsMax = 1_000_000
    /// Contexts per property that live sessions hold.
    public var contextsMax = 262_144
    /// Visitors per property whose number of sessions is remembered; beyond it the oldest are
    /// forgotten.
    public var rememberedVisitorsMax = 20_000_000
    /// Sessions of one visitor that are not finished. Beyond it an event that would open another
    /// one is `rejectedSessionLimit`.
    public var sessionsPerVisitorMax: UInt16 = 1_024

    public init() {}
}

/// What the engine has done and holds; every number is for operators and tests.
public struct EngineCounters: Sendable {
    static let outcomeCount = 32
    /// Events by the raw value of their outcome.
    var outcomes: InlineArray<32, UInt64> = .init(repeating: 0)
    public var sessionsOpened: UInt64 = 0
    public var sessionsFinished: UInt64 = 0
    public var sessionsMerged: UInt64 = 0

    public init() {}

    /// How many events had an outcome.
    public subscript(outcome: Outcome) -> UInt64 { outcomes[Int(outcome.rawValue)] }

    /// Events that are part of a session.
    public var eventsAccepted: UInt64 {
        self[.new] + self[.extended] + self[.lateJoined] + self[.merged]
    }

    @inline(always)
    mutating func count(_ outcome: Outcome) { outcomes[Int(outcome.rawValue)] &+= 1 }
}
