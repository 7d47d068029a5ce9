import SojournModel
package import SojournWire

extension TestContext {
    /// As a batch takes it; nil for an event without a context.
    package var wire: EventContext? {
        if isEmpty { return nil }
        var context = EventContext(isKnownBot: isKnownBot)
        for attribute in ContextAttribute.allCases {
            context[attribute] = attributes[attribute.rawValue]
        }
        return context
    }
}
