package import SojournModel

/// One event as a test writes it.
package struct TestEvent: Equatable, Sendable {
    package var visitor: String
    /// Milliseconds since the epoch.
    package var time: Int64
    package var kind: EventKind
    /// The name; empty for none.
    package var name: String
    package var context: TestContext
    /// Micro-units.
    package var value: Int64
    /// 0 for none.
    package var id: UInt64

    package init(
        _ visitor: String, _ time: Int64, _ kind: EventKind = .view, name: String = "",
        context: TestContext = .init(), value: Int64 = 0, id: UInt64 = 0
    ) {
        self.visitor = visitor
        self.time = time
        self.kind = kind
        self.name = name
        self.context = context
        self.value = value
        self.id = id
    }
}

/// A context as a test writes it: the attributes in the order of `ContextAttribute`.
package struct TestContext: Equatable, Hashable, Sendable {
    package var attributes: [String]
    package var isKnownBot: Bool

    package init(
        device: String = "", channel: String = "", campaign: String = "", isKnownBot: Bool = false
    ) {
        attributes = [device, channel, "", "", "", "", "", campaign]
        self.isKnownBot = isKnownBot
    }

    package var isEmpty: Bool { attributes.allSatisfy(\.isEmpty) && !isKnownBot }
}
