/// The events of one batch as columns, checked and read in place (sojourn-1, "ASSIGN").
///
/// Every index is in range, every kind is one of `EventKind`, every time is in
/// `0 ..< Limits.eventTimeEnd`: whoever makes an `EventBatch` promises it.
public struct EventBatch: ~Escapable {
    /// Number of events, at least one.
    public let count: Int
    /// Milliseconds since the epoch that the time column counts from.
    public let baseTime: Int64
    /// Milliseconds after `baseTime`: unsigned 4 bytes, or signed 8 bytes.
    public let times: RawSpan
    public let timeWidth: Int
    /// One `EventKind` a byte.
    public let kinds: RawSpan
    /// Which entry of `visitorKeys`.
    public let visitors: IndexColumn
    public let visitorKeys: ByteDictionary
    /// Which entry of `texts`, plus one; zero for none.
    public let names: IndexColumn
    public let texts: ByteDictionary
    /// Which row of `contexts`, plus one; zero for none.
    public let contextIndexes: IndexColumn
    public let contexts: ContextTable
    /// Signed 1, 2, 4 or 8 bytes each; empty when no event has a value.
    public let values: RawSpan
    public let valueWidth: Int
    /// What a value is multiplied by to be micro-units.
    public let valueScale: Int64
    /// Eight bytes each, zero for none; empty when no event has an id.
    public let eventIDs: RawSpan

    @_lifetime(
        copy times, copy kinds, copy visitors, copy visitorKeys, copy names, copy texts,
        copy contextIndexes, copy contexts, copy values, copy eventIDs)
    @inlinable public init(
        count: Int, baseTime: Int64, times: RawSpan, timeWidth: Int, kinds: RawSpan,
        visitors: IndexColumn, visitorKeys: ByteDictionary, names: IndexColumn,
        texts: ByteDictionary, contextIndexes: IndexColumn, contexts: ContextTable,
        values: RawSpan, valueWidth: Int, valueScale: Int64, eventIDs: RawSpan
    ) {
        self.count = count
        self.baseTime = baseTime
        self.times = times
        self.timeWidth = timeWidth
        self.kinds = kinds
        self.visitors = visitors
        self.visitorKeys = visitorKeys
        self.names = names
        self.texts = texts
        self.contextIndexes = contextIndexes
        self.contexts = contexts
        self.values = values
        self.valueWidth = valueWidth
        self.valueScale = valueScale
        self.eventIDs = eventIDs
    }

    /// Milliseconds since the epoch.
    @inline(always) @inlinable public func time(at row: Int) -> Int64 {
        timeWidth == 4
            ? baseTime &+ Int64(times.integer(at: row &* 4, as: UInt32.self))
            : baseTime &+ times.integer(at: row &* 8, as: Int64.self)
    }

    @inline(always) @inlinable public func kind(at row: Int) -> EventKind {
        EventKind(rawValue: kinds.integer(at: row, as: UInt8.self)).unsafelyKnown
    }

    /// Micro-units.
    @inline(always) @inlinable public func value(at row: Int) -> Int64 {
        switch valueWidth {
        case 0: 0
        case 1: Int64(values.integer(at: row, as: Int8.self)) &* valueScale
        case 2: Int64(values.integer(at: row &* 2, as: Int16.self)) &* valueScale
        case 4: Int64(values.integer(at: row &* 4, as: Int32.self)) &* valueScale
        default: values.integer(at: row &* 8, as: Int64.self) &* valueScale
        }
    }

    /// Zero for none.
    @inline(always) @inlinable public func eventID(at row: Int) -> UInt64 {
        eventIDs.isEmpty ? 0 : eventIDs.integer(at: row &* 8, as: UInt64.self)
    }
}

extension Optional where Wrapped == EventKind {
    /// The kind that the maker of the batch promised to be there.
    @inline(always) @inlinable var unsafelyKnown: EventKind {
        guard let self else { preconditionFailure("a batch holds a kind that was not checked") }
        return self
    }
}
