/// What one of several servers has for an answer: as much as is needed to add it to what others have (sojourn-1,
/// "Parts of reports").
public struct ReportPart: Equatable, Sendable {
    /// As in a `ReportAnswer`.
    public var start: Int64?
    public var end: Int64?
    public var clock: Int64?
    public var timeZone: String
    /// The calendar of the property's time zone.
    public var days: LocalDays
    public var liveSessions: Int
    public var automatedSessions: Int
    /// Parts that the answer has where the question does not say.
    public var rowsDefault: Int
    /// Sessions that belong together, in any order; but a step of a path stands behind the one before it.
    public var groups: [ReportGroup]

    public init(
        start: Int64?, end: Int64?, clock: Int64?, timeZone: String, days: LocalDays,
        liveSessions: Int, automatedSessions: Int, rowsDefault: Int, groups: [ReportGroup]
    ) {
        self.start = start
        self.end = end
        self.clock = clock
        self.timeZone = timeZone
        self.days = days
        self.liveSessions = liveSessions
        self.automatedSessions = automatedSessions
        self.rowsDefault = rowsDefault
        self.groups = groups
    }
}

/// Sessions that become a row of an answer together, or part of one.
public struct ReportGroup: Equatable, Sendable {
    /// Their row, whose median is not known yet. Its `parent` is the group of the step before. Of a step of a
    /// funnel `time` is its place, from 0, and of a transition 0 where the path ended.
    public var row: ReportRow
    /// Milliseconds that the median is that of, ascending: as many as there are numbers to take it from.
    public var times: [Int64]

    public init(_ row: ReportRow, times: [Int64] = []) {
        self.row = row
        self.times = times
    }
}
