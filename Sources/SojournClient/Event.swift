public import SojournModel
public import SojournWire

/// One thing that a visitor did.
///
///     Event(visitor: "anna", kind: .view, name: "/home")
///     Event(visitor: "anna", time: time, kind: .conversion, name: "order",
///           valueMicroUnits: 12_500_000, id: orderNumber)
public struct Event: Hashable, Sendable {
    /// An opaque key that the sender chooses (a cookie, a device, a user): 1 to 128 bytes of UTF-8.
    /// For a key that is no text see `Batch.append(visitor:time:kind:name:)`.
    public var visitor: String
    /// When it happened, not when it is sent. One that is further ahead of the server's time than
    /// its policy allows (5 minutes) is rejected.
    public var time: EventTime
    public var kind: EventKind
    /// The page of a view; the name of an action or conversion: up to 2,048 bytes, empty for none.
    public var name: String
    /// Device, channel, campaign and so on, where they are known.
    public var context: EventContext?
    /// What it was worth, in millionths of the unit that the property counts in: 12.50 is
    /// 12,500,000.
    public var valueMicroUnits: Int64
    /// The sender's id of the event, so that one that is sent twice counts once; nil for none. Zero
    /// means none as well.
    public var id: UInt64?

    public init(
        visitor: String, time: EventTime = .now, kind: EventKind, name: String = "",
        context: EventContext? = nil, valueMicroUnits: Int64 = 0, id: UInt64? = nil
    ) {
        self.visitor = visitor
        self.time = time
        self.kind = kind
        self.name = name
        self.context = context
        self.valueMicroUnits = valueMicroUnits
        self.id = id
    }
}
