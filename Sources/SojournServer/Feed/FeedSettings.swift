/// How what happens to sessions is published (sojourn-1, "Feed").
package struct FeedSettings: Equatable, Sendable {
    /// Where readers connect.
    package var listens: [String]
    /// Messages that are kept for a reader who does not take them; beyond it they are dropped.
    package var readerMessagesMax = 256
    /// Bytes of finished and opened sessions that wait to be published; beyond it they are dropped.
    package var queueBytesMax = 64 << 20

    package init(listens: [String]) { self.listens = listens }
}
