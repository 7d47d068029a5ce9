import SojournModel

/// What a server takes in one request, as HELLO tells it. Never more than `Limits`.
package struct BatchLimits: Equatable, Sendable {
    /// Bytes of the whole frame.
    package var messageBytes: Int
    package var events: Int
    package var visitorKeyBytes: Int
    package var textBytes: Int
    package var texts: Int
    package var contexts: Int

    package init(
        messageBytes: Int = Limits.messageBytesMax, events: Int = Limits.batchEventsMax,
        visitorKeyBytes: Int = Limits.visitorKeyBytesMax, textBytes: Int = Limits.textBytesMax,
        texts: Int = Limits.batchTextsMax, contexts: Int = Limits.batchContextsMax
    ) {
        self.messageBytes = messageBytes
        self.events = events
        self.visitorKeyBytes = visitorKeyBytes
        self.textBytes = textBytes
        self.texts = texts
        self.contexts = contexts
    }

    /// The limits of the protocol itself.
    package static let full = BatchLimits()

    /// The same, but none below one and none above that of the protocol: what a client makes of
    /// limits that a server tells it.
    package var withinProtocol: BatchLimits {
        BatchLimits(
            messageBytes: min(max(messageBytes, 1), Limits.messageBytesMax),
            events: min(max(events, 1), Limits.batchEventsMax),
            visitorKeyBytes: min(max(visitorKeyBytes, 1), Limits.visitorKeyBytesMax),
            textBytes: min(max(textBytes, 1), Limits.textBytesMax),
            texts: min(max(texts, 1), Limits.batchTextsMax),
            contexts: min(max(contexts, 1), Limits.batchContextsMax))
    }

    /// What both take.
    package func lowest(with other: BatchLimits) -> BatchLimits {
        BatchLimits(
            messageBytes: min(messageBytes, other.messageBytes), events: min(events, other.events),
            visitorKeyBytes: min(visitorKeyBytes, other.visitorKeyBytes),
            textBytes: min(textBytes, other.textBytes), texts: min(texts, other.texts),
            contexts: min(contexts, other.contexts))
    }
}
