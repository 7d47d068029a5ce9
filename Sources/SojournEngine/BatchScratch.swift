import SojournModel

/// What the engine works out about a batch before and while it walks the events. Made once.
struct BatchScratch: ~Copyable {
    /// Per visitor key of the batch.
    var visitors = GrowableBuffer<VisitorHash>()
    /// Per visitor key of the batch: where the visitor's newest session probably is; 0 for unknown.
    var newest = GrowableBuffer<SessionSlot>()
    /// Per text of the batch: its id once an event needed it, else 0. The batch holds it.
    var texts = GrowableBuffer<TextID>()
    /// Per context of the batch: its id once an event needed it, else 0. The batch holds it.
    var contexts = GrowableBuffer<ContextID>()
    /// Per row of the result's sessions: where the session is.
    var rows = GrowableBuffer<SessionSlot>()
}

/// One event, with what it names looked up in the property's tables.
struct Event {
    var visitor: VisitorHash
    /// Milliseconds since the epoch.
    var time: Int64
    var kind: EventKind
    /// The page of a view; 0 for other kinds.
    var page: TextID
    var context: ContextID
    /// Micro-units.
    var value: Int64
    /// 0 for none.
    var id: UInt64
}
