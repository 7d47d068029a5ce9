/// All that is kept of one session, with its texts written out (sojourn-1, "LOOKUP").
public struct SessionSnapshot: Equatable, Sendable {
    public var id: SessionID
    /// This is the visitor's n-th session, from 1, in the order in which they were opened.
    public var ordinal: UInt32
    /// Milliseconds since the epoch.
    public var firstEvent: Int64
    public var lastEvent: Int64
    public var events: UInt32
    public var views: UInt32
    public var actions: UInt32
    public var conversions: UInt32
    /// Micro-units.
    public var value: Int64
    public var engagedMilliseconds: Int64
    public var state: SessionState
    /// Why it ended, or nil when it has not.
    public var boundaryOut: Boundary?
    /// One text an attribute, in the order of `ContextAttribute`; empty for none.
    public var context: [String]
    public var landingPage: String
    public var exitPage: String
    /// The first pages in order of event time.
    public var path: [PathStep]
    /// The clock at which it finishes if nothing more comes, in milliseconds.
    public var finishesAt: Int64

    /// One page of the path.
    public struct PathStep: Equatable, Sendable {
        /// After the session's first event.
        public var milliseconds: UInt32
        public var page: String

        public init(milliseconds: UInt32, page: String) {
            self.milliseconds = milliseconds
            self.page = page
        }
    }

    public init(
        id: SessionID, ordinal: UInt32, firstEvent: Int64, lastEvent: Int64, events: UInt32,
        views: UInt32, actions: UInt32, conversions: UInt32, value: Int64,
        engagedMilliseconds: Int64, state: SessionState, boundaryOut: Boundary?, context: [String],
        landingPage: String, exitPage: String, path: [PathStep], finishesAt: Int64
    ) {
        self.id = id
        self.ordinal = ordinal
        self.firstEvent = firstEvent
        self.lastEvent = lastEvent
        self.events = events
        self.views = views
        self.actions = actions
        self.conversions = conversions
        self.value = value
        self.engagedMilliseconds = engagedMilliseconds
        self.state = state
        self.boundaryOut = boundaryOut
        self.context = context
        self.landingPage = landingPage
        self.exitPage = exitPage
        self.path = path
        self.finishesAt = finishesAt
    }
}
