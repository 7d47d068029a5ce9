import SojournModel

/// One session of one visitor: 128 bytes, two cache lines, no pointer.
///
/// What an in-order event needs most stands in the first line. Rare things (event ids, merged-away
/// sessions, a campaign that was taken later) are in an extension.
struct Session: BitwiseCopyable {
    // First cache line.
    var visitor: VisitorHash
    var id: SessionID
    /// Milliseconds since the epoch of the first and the last event.
    var firstEvent: Int64
    var lastEvent: Int64
    /// Micro-units.
    var value: Int64
    var events: UInt32
    var views: UInt32

    // Second cache line.
    var actions: UInt32
    var conversions: UInt32
    /// The first view by event time, and when it was, after `firstEvent`. It is also the first
    /// step of the path.
    var landingPage: TextID
    var landingMilliseconds: UInt32
    /// The last view by event time, and when it was, before `lastEvent`.
    var exitPage: TextID
    var exitMilliseconds: UInt32
    /// Of the first event by event time.
    var context: ContextID
    /// This is the visitor's n-th session.
    var ordinal: UInt32
    /// How many sessions the visitor has had; kept true in the newest session of a chain.
    var ordinalsUsed: UInt32
    /// As on the wire, but for `engaged`, which is computed.
    var state: SessionState
    var marks: Marks
    /// Steps of the path, landing page included.
    var pathLength: UInt8
    /// Events in the window that began at `burstStart`, up to one more than the limit.
    var burstEvents: UInt8
    /// When the current window began, in units of 1,024 ms, the low 16 bits.
    var burstStart: UInt16
    /// Live sessions of the visitor; kept true in the newest session of a chain.
    var chainLength: UInt16
    /// Steps of the path behind the landing page; 0 while there are none.
    var path: BlockStore.Block
    /// Row of the current batch's result, if that row names this session.
    var row: UInt32
    /// The visitor's next older live session, or 0. In a list of aliases: the next alias.
    var older: SessionSlot
    /// The next session in the same slot of the timing wheel.
    var wheelNext: SessionSlot
    /// 0 while the session needs none.
    var `extension`: ExtensionTable.Slot

    struct Marks: OptionSet, BitwiseCopyable {
        let rawValue: UInt8
        /// A `start` event began it: nothing earlier may be joined to it.
        static let startsExplicitly = Marks(rawValue: 1)
        /// It is part of another session now; kept so that its id can still be looked up.
        static let alias = Marks(rawValue: 2)
        /// It is no more, and waits for its turn in the timing wheel to be freed.
        static let dead = Marks(rawValue: 4)
        /// It is the newest of its visitor's live sessions: the one that the index names.
        static let newest = Marks(rawValue: 8)

        /// Why it ended, noted when the session behind it is handed over first; nil before.
        /// The three highest bits.
        var boundaryOut: Boundary? {
            get { rawValue >> 5 == 0 ? nil : Boundary(rawValue: rawValue >> 5) }
            set { self = Marks(rawValue: rawValue & 31 | (newValue?.rawValue ?? 0) << 5) }
        }
    }

    /// More events than this within 100 seconds mark a session as automated.
    static let burstEventsMax: UInt8 = 100
    /// 97 units of 1,024 ms are the 100 seconds of the rule, rounded down.
    private static let burstUnits: Int16 = 97

    /// What is left of a session that is to be forgotten, until its turn in the timing wheel.
    static let erased = Session(
        visitor: VisitorHash(Bits128(high: 0, low: 0)), id: SessionID(Bits128(high: 0, low: 0)),
        firstEvent: 0, lastEvent: 0, value: 0, events: 0, views: 0, actions: 0, conversions: 0,
        landingPage: 0, landingMilliseconds: 0, exitPage: 0, exitMilliseconds: 0, context: 0,
        ordinal: 0, ordinalsUsed: 0, state: SessionState(boundary: .first), marks: .dead,
        pathLength: 0, burstEvents: 0, burstStart: 0, chainLength: 0, path: 0, row: .max, older: 0,
        wheelNext: 0, extension: 0)

    var engagedMilliseconds: Int64 { lastEvent - firstEvent }

    var isEngaged: Bool {
        engagedMilliseconds >= 10_000 || conversions > 0 || views >= 2
    }

    /// The state as it is shown.
    var shownState: SessionState {
        SessionState(rawValue: state.rawValue | (isEngaged ? 128 : 0))
    }

    var boundary: Boundary {
        get { state.boundary ?? .first }
        set { state.rawValue = state.rawValue & ~7 | newValue.rawValue }
    }

    /// Counts an event at `time` towards the pace that marks a session as automated.
    @inline(always)
    mutating func countBurst(at time: Int64) {
        let now = UInt16(truncatingIfNeeded: time &>> 10)
        let age = Int16(truncatingIfNeeded: now &- burstStart)
        if age > Self.burstUnits || age < -Self.burstUnits {
            burstStart = now
            burstEvents = 1
        } else if burstEvents < Self.burstEventsMax {
            burstEvents &+= 1
        } else {
            markAutomated()
        }
    }

    /// Counts an event at or after the last one. Its page is the path's business.
    @inline(always)
    mutating func extend(at time: Int64, _ kind: EventKind, value: Int64) {
        let gap = time &- lastEvent
        lastEvent = time
        events &+= 1
        exitMilliseconds = exitMilliseconds.advanced(byMilliseconds: gap)
        countBurst(at: time)
        if value != 0 { add(value: value) }
        // Counted without a branch, for nobody can foretell the kind of the next event.
        actions &+= kind == .action ? 1 : 0
        conversions &+= kind == .conversion ? 1 : 0
    }

    /// Counts a view behind all others; as the first one it is the landing page.
    ///
    /// - Returns: the steps of the path before it, and when it was, after the first event.
    @inline(always)
    mutating func countView(at time: Int64, _ page: TextID) -> (length: Int, milliseconds: UInt32) {
        views &+= 1
        let length = Int(pathLength)
        let milliseconds = UInt32(clamping: time &- firstEvent)
        if length < PathStore.stepsMax { pathLength &+= 1 }
        if length == 0 {
            landingPage = page
            landingMilliseconds = milliseconds
        }
        return (length, milliseconds)
    }

    /// What the reply says of an event that was just counted.
    @inline(always)
    var rowAndEvents: (row: UInt32, events: UInt32) { (row, events) }

    /// Adds to the value; at the ends of the number range it stays there.
    @inline(always)
    mutating func add(value added: Int64) {
        let sum = value.addingReportingOverflow(added)
        value = sum.overflow ? (added > 0 ? .max : .min) : sum.partialValue
    }

    mutating func markLate() { state.rawValue |= 8 }
    mutating func markMerged() { state.rawValue |= 16 }
    mutating func markAutomated() { state.rawValue |= 32 }
    mutating func markEnded() { state.rawValue |= 64 }
}

/// Names a session in the session table; 0 names none.
typealias SessionSlot = UInt32

extension UInt32 {
    /// The sum with a non-negative number of milliseconds, or the largest value.
    @inline(always)
    func advanced(byMilliseconds milliseconds: Int64) -> UInt32 {
        UInt32(clamping: Int64(self) &+ milliseconds)
    }
}
