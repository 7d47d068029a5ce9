/// What a question was answered with (sojourn-1, "REPORT"; reports.md).
public struct ReportAnswer: Equatable, Sendable {
    /// The period in milliseconds since the epoch; nil where the question left it open.
    public var start: Int64?
    public var end: Int64?
    /// The property's clock when it was answered, in milliseconds; nil before the first event.
    public var clock: Int64?
    /// The IANA name of the property's time zone.
    public var timeZone: String
    /// Sessions among those counted that were not finished yet.
    public var liveSessions: Int
    /// Sessions of the period that were left out because they are automated; 0 when those count.
    public var automatedSessions: Int
    /// The total first, then the parts in the order that the question implies, the rest last. Where
    /// two periods are compared, the rows of the previous one stand behind all others.
    public var rows: [ReportRow]

    public init(
        start: Int64?, end: Int64?, clock: Int64?, timeZone: String, liveSessions: Int,
        automatedSessions: Int, rows: [ReportRow]
    ) {
        self.start = start
        self.end = end
        self.clock = clock
        self.timeZone = timeZone
        self.liveSessions = liveSessions
        self.automatedSessions = automatedSessions
        self.rows = rows
    }

    /// The total of the period.
    public var total: SessionFigures? {
        rows.first { $0.kind == .total && !$0.isPrevious }?.figures
    }
}

/// One row of an answer.
public struct ReportRow: Equatable, Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// All sessions that were asked for.
        case total = 0
        /// Those with one value, in one interval, with one transition, or at one step.
        case part = 1
        /// What did not find room among the parts: `(other)`.
        case rest = 2
    }

    public var kind: Kind
    /// It is of the previous period.
    public var isPrevious = false
    /// Value of the dimension, page, or step; empty when it is not known.
    public var text = ""
    /// Of a transition: the page that came next; empty where the path ended.
    public var nextText = ""
    /// Of a path: the row of the step before, from 0; nil at the landing page.
    public var parent: Int?
    /// Of a series: when the interval begins, in milliseconds since the epoch.
    public var time: Int64?
    public var figures = SessionFigures()

    public init(_ kind: Kind) { self.kind = kind }
}

/// Figures of a set of sessions; each formula stands in reports.md. Rates are computed, never kept.
public struct SessionFigures: Equatable, Sendable {
    public var sessions = 0
    /// Distinct visitors; each counts in the part of the first of these sessions.
    public var visitors = 0
    /// Visitors whose first session is the first that is known of them.
    public var newVisitors = 0
    /// Of a transition: how often it was made.
    public var views = 0
    public var actions = 0
    public var conversions = 0
    /// Sessions with a conversion.
    public var convertedSessions = 0
    /// Sessions of 10 seconds, with a conversion, or with two views.
    public var engagedSessions = 0
    /// Micro-units.
    public var value: Int64 = 0
    /// Sum of the times from first to last event.
    public var durationMilliseconds: Int64 = 0
    /// The middle one; the lower of two. Of a step of a funnel: of the times to the next step.
    public var medianMilliseconds: Int64 = 0

    public init() {}

    public var returningVisitors: Int { visitors - newVisitors }
    public var bouncedSessions: Int { sessions - engagedSessions }
    public var conversionRate: Double { ratio(convertedSessions) }
    public var engagementRate: Double { ratio(engagedSessions) }
    public var bounceRate: Double { ratio(bouncedSessions) }
    public var viewsPerSession: Double { ratio(views) }
    public var meanMilliseconds: Double { ratio(Int(durationMilliseconds)) }

    private func ratio(_ number: Int) -> Double {
        sessions == 0 ? 0 : Double(number) / Double(sessions)
    }
}
