/// A question over the sessions of a property (sojourn-1, "REPORT"; reports.md says what the figures
/// mean).
public struct ReportQuestion: Equatable, Sendable {
    /// What is asked.
    public var kind: Kind
    /// Which sessions count, by the time of their first event.
    public var period = ReportPeriod.all
    /// All of them must hold.
    public var filters: [ReportFilter] = []
    /// Parts of a breakdown, transitions, or steps of all paths; the others become the rest. nil for the
    /// server's choice.
    public var rowsMax: Int?
    /// Sessions of known or apparent bots count as well.
    public var includesAutomated = false
    /// The period of the same length before it is answered too. Not for journeys and funnels.
    public var comparesWithPrevious = false

    public init(_ kind: Kind, period: ReportPeriod = .all, filters: [ReportFilter] = []) {
        self.kind = kind
        self.period = period
        self.filters = filters
    }

    public enum Kind: Equatable, Sendable {
        /// One row: the total.
        case summary
        /// The total, a row a value of the dimension, and one for the rest.
        case breakdown(ReportDimension)
        /// The total, and a row an hour or day of the period, those without sessions included.
        case series(ReportInterval)
        /// From which page to which one.
        case transitions
        /// The paths that begin at a landing page; at any for an empty one.
        case paths(from: String)
        /// Steps in this order, with anything between them: 1 to 32.
        case funnel([FunnelStep])
    }
}

/// What sessions can be told apart by.
public enum ReportDimension: UInt8, Sendable, CaseIterable {
    case device = 1
    case channel = 2
    case country = 3
    case region = 4
    case referrer = 5
    case campaignSource = 6
    case campaignMedium = 7
    case campaignName = 8
    case landingPage = 9
    case exitPage = 10

    /// The word of the specification.
    public var name: String { "\(self)" }
}

/// How long a row of a series is, by the calendar of the property's time zone.
public enum ReportInterval: UInt8, Sendable, CaseIterable {
    case hour = 1
    case day = 2
}

/// A stretch of time, from `start` up to, but without, `end`. Milliseconds.
public struct ReportPeriod: Equatable, Sendable {
    /// nil for the beginning of what is kept.
    public var start: Int64?
    /// nil for no end.
    public var end: Int64?
    /// The bounds are readings of a clock in the property's time zone, counted as if that were UTC: so
    /// that who asks for a day need not know where the property is.
    public var isLocal: Bool

    public init(start: Int64?, end: Int64?, isLocal: Bool = false) {
        self.start = start
        self.end = end
        self.isLocal = isLocal
    }

    public static let all = ReportPeriod(start: nil, end: nil)
}

/// A condition on sessions.
public struct ReportFilter: Equatable, Sendable {
    public var dimension: ReportDimension
    /// Empty for sessions of which the dimension is not known.
    public var value: String
    /// The sessions without this value are meant.
    public var isNegated: Bool

    public init(_ dimension: ReportDimension, _ value: String, isNegated: Bool = false) {
        self.dimension = dimension
        self.value = value
        self.isNegated = isNegated
    }
}

/// A step of a funnel: a view of a page.
public struct FunnelStep: Equatable, Sendable {
    /// A page, or how pages begin.
    public var page: String
    /// Any page that begins with `page` will do.
    public var isPrefix: Bool

    public init(_ page: String, isPrefix: Bool = false) {
        self.page = page
        self.isPrefix = isPrefix
    }
}
