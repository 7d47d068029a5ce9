import SojournModel

/// What a column of one kind of body must look like.
struct ColumnRule {
    enum Form { case integers, records, dictionary, contexts }

    enum Count {
        case exactly(Int)
        case atMost(Int)
    }

    var form: Form
    /// Bit w is set when elements may be w bytes wide.
    var widths: UInt16
    var count: Count
    /// The smallest parameter that is allowed; nil when it has no meaning and must be zero.
    var parameterMin: Int?

    static func integers(_ widths: UInt16, _ count: Count) -> ColumnRule {
        ColumnRule(form: .integers, widths: widths, count: count)
    }

    static func index(_ count: Count) -> ColumnRule { integers(Self.upTo4, count) }

    static func records(_ size: Int, _ count: Count) -> ColumnRule {
        ColumnRule(form: .records, widths: 1 << 0, count: count, parameterMin: size)
    }

    static func dictionary(_ count: Count) -> ColumnRule {
        ColumnRule(form: .dictionary, widths: 1 << 0 | 1 << 2 | 1 << 4, count: count)
    }

    static let one: UInt16 = 1 << 1
    static let two: UInt16 = 1 << 2
    static let upTo4: UInt16 = 1 << 1 | 1 << 2 | 1 << 4
    static let upTo8: UInt16 = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8
    static let eight: UInt16 = 1 << 8
}

/// The columns of one kind of body, and how many elements they have.
enum BodySchema {
    case assignRequest(events: Int, texts: Int, limits: BatchLimits)
    case assignReply(events: Int, sessions: Int, revisions: Int)
    case lookupReply(sessions: Int)
    case statusReply(gauges: Int)
    case reportRequest(hasSteps: Bool)
    case reportReply(rows: Int)
    case reportPartReply
    case fetchReply(entries: Int)

    /// Bytes before the directory.
    var fixedBytes: Int {
        switch self {
        case .assignReply: 24
        case .reportRequest, .fetchReply: 32
        case .reportReply, .reportPartReply: 56
        default: 16
        }
    }

    /// The rule of a column; nil for one that this kind of body does not define.
    @inline(__always) func rule(_ column: UInt8) -> ColumnRule? {
        guard let column = Column(rawValue: column) else { return nil }
        return switch self {
        case .assignRequest(let events, let texts, let limits):
            Self.assignRequest(column, events, texts, limits)
        case .assignReply(let events, let sessions, let revisions):
            Self.assignReply(column, events, sessions, revisions)
        case .lookupReply(let sessions): Self.lookupReply(column, sessions)
        case .statusReply(let gauges): Self.statusReply(column, gauges)
        case .reportRequest(let hasSteps): Self.reportRequest(column, hasSteps)
        case .reportReply(let rows): Self.reportReply(column, rows)
        case .reportPartReply: Self.reportPartReply(column)
        case .fetchReply(let entries): Self.fetchReply(column, entries)
        }
    }

    /// The columns that must be there, bit n for column n.
    var required: UInt128 {
        switch self {
        case .assignRequest: Self.ofRequest
        case .assignReply(let events, let sessions, let revisions):
            (events > 0 ? Self.ofEvents : 0) | (sessions > 0 ? Self.ofSessions : 0)
                | (revisions > 0 ? Self.ofRevisions : 0)
        case .lookupReply(let sessions): sessions > 0 ? Self.bit(.sessions) : 0
        case .statusReply(let gauges): gauges > 0 ? Self.bit(.texts) | Self.bit(.gauges) : 0
        case .reportRequest(let hasSteps): hasSteps ? Self.bit(.steps) : 0
        case .reportReply(let rows): rows > 0 ? Self.bit(.reportRows) : 0
        case .reportPartReply: Self.bit(.groups)
        case .fetchReply(let entries): entries > 0 ? Self.bit(.entries) : 0
        }
    }

    @inline(__always) static func bit(_ column: Column) -> UInt128 {
        1 << UInt128(column.rawValue)
    }

    private static let ofRequest = bit(.time) | bit(.kind) | bit(.visitor) | bit(.visitorKeys)
    private static let ofEvents = bit(.session) | bit(.position) | bit(.outcome)
    private static let ofSessions = bit(.sessionID) | bit(.ordinal) | bit(.sessionState)
    private static let ofRevisions =
        bit(.revisionNumber) | bit(.revisionFrom) | bit(.revisionInto) | bit(.revisionCause)
        | bit(.revisionPartition)

    @inline(__always) private static func assignRequest(
        _ column: Column, _ events: Int, _ texts: Int, _ limits: BatchLimits
    ) -> ColumnRule? {
        switch column {
        case .time: .integers(1 << 4 | 1 << 8, .exactly(events))
        case .kind: .integers(ColumnRule.one, .exactly(events))
        case .visitor, .name, .context: .index(.exactly(events))
        case .visitorKeys: .dictionary(.atMost(limits.events))
        case .texts: .dictionary(.atMost(limits.texts))
        case .textPrefixes: .integers(ColumnRule.one, .exactly(texts))
        case .contexts:
            ColumnRule(
                form: .contexts, widths: ColumnRule.upTo4, count: .atMost(limits.contexts),
                parameterMin: ContextTable.cellsPerRow)
        case .value:
            ColumnRule(
                form: .integers, widths: ColumnRule.upTo8, count: .exactly(events), parameterMin: 0)
        case .eventID: .integers(ColumnRule.eight, .exactly(events))
        default: nil
        }
    }

    private static func assignReply(
        _ column: Column, _ events: Int, _ sessions: Int, _ revisions: Int
    ) -> ColumnRule? {
        switch column {
        case .sessionID: .records(16, .exactly(sessions))
        case .sessionShift: .integers(ColumnRule.upTo8, .exactly(sessions))
        case .ordinal: .integers(ColumnRule.upTo4, .exactly(sessions))
        case .sessionState: .integers(ColumnRule.one, .exactly(sessions))
        case .session: .index(.exactly(events))
        case .position: .integers(ColumnRule.upTo4, .exactly(events))
        case .outcome: .integers(ColumnRule.one, .exactly(events))
        case .revisionNumber: .integers(ColumnRule.eight, .exactly(revisions))
        case .revisionFrom, .revisionInto: .records(16, .exactly(revisions))
        case .revisionCause: .integers(ColumnRule.one, .exactly(revisions))
        case .revisionPartition: .integers(ColumnRule.two, .exactly(revisions))
        default: nil
        }
    }

    private static func lookupReply(_ column: Column, _ sessions: Int) -> ColumnRule? {
        switch column {
        case .texts: .dictionary(.atMost(Limits.batchTextsMax))
        case .sessions: .records(SessionRecord.byteCount, .exactly(sessions))
        case .path: .records(SessionRecord.pathStepByteCount, .atMost(.max))
        default: nil
        }
    }

    private static func reportRequest(_ column: Column, _ hasSteps: Bool) -> ColumnRule? {
        switch column {
        case .texts: .dictionary(.atMost(Limits.batchTextsMax))
        case .filters: .records(8, .atMost(Limits.reportFiltersMax))
        case .steps: .records(8, .atMost(hasSteps ? Limits.funnelStepsMax : 0))
        default: nil
        }
    }

    private static func reportReply(_ column: Column, _ rows: Int) -> ColumnRule? {
        switch column {
        case .texts: .dictionary(.atMost(.max))
        case .reportRows: .records(ReportRowRecord.byteCount, .exactly(rows))
        default: nil
        }
    }

    private static func reportPartReply(_ column: Column) -> ColumnRule? {
        switch column {
        case .texts: .dictionary(.atMost(.max))
        case .groups: .integers(ColumnRule.one, .atMost(.max))
        case .days: .records(16, .atMost(Limits.batchTextsMax))
        default: nil
        }
    }

    private static func fetchReply(_ column: Column, _ entries: Int) -> ColumnRule? {
        switch column {
        case .texts: .dictionary(.atMost(Limits.batchTextsMax))
        case .sessions: .records(SessionRecord.byteCount, .atMost(entries))
        case .path: .records(SessionRecord.pathStepByteCount, .atMost(.max))
        case .revisionNumber: .integers(ColumnRule.eight, .atMost(entries))
        case .revisionFrom, .revisionInto: .records(16, .atMost(entries))
        case .revisionCause: .integers(ColumnRule.one, .atMost(entries))
        case .revisionPartition: .integers(ColumnRule.two, .atMost(entries))
        case .entries: .records(EntryRecord.byteCount, .exactly(entries))
        default: nil
        }
    }

    private static func statusReply(_ column: Column, _ gauges: Int) -> ColumnRule? {
        switch column {
        case .texts: .dictionary(.exactly(gauges))
        case .gauges: .integers(ColumnRule.eight, .exactly(gauges))
        default: nil
        }
    }
}
