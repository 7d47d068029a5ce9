import SojournService
import SojournWire

/// What is known of the feed; operators read it, and nothing is decided by it.
struct FeedCounters: Equatable, Sendable {
    /// Connections of readers that are there now, those that greet included.
    var connections = 0
    var subscriptions: UInt64 = 0
    /// Of no topic, or of one that the reader may not read.
    var subscriptionsRefused: UInt64 = 0
    var messages: UInt64 = 0
    var bytes: UInt64 = 0
    /// Sessions that were opened or finished, and revisions.
    var entries: UInt64 = 0
    /// Messages for which a reader had no room, so that it gets none until it has.
    var messagesUnread: UInt64 = 0
    /// What was never published, for too much waited.
    var bytesLost: UInt64 = 0
    /// All readers had to connect anew, for one had lost a right.
    var revocations: UInt64 = 0
}

extension FeedCounters {
    var gauges: [Gauge] {
        [
            Gauge("feed_connections", UInt64(connections)),
            Gauge("feed_subscriptions_total", subscriptions),
            Gauge("feed_subscriptions_refused_total", subscriptionsRefused),
            Gauge("feed_messages_total", messages),
            Gauge("feed_bytes_total", bytes),
            Gauge("feed_entries_total", entries),
            Gauge("feed_messages_unread_total", messagesUnread),
            Gauge("feed_lost_bytes_total", bytesLost),
            Gauge("feed_revocations_total", revocations),
        ]
    }
}
