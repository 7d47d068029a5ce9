import SojournModel
import SojournWire

/// Tells from the numbers of messages whether some were missed.
struct FeedTracker {
    /// Servers that may be read.
    private let serversMax: Int
    /// By property, the streams that were heard, the one that was heard last at the end, and their last numbers.
    private var streams: [PropertyID: [(stream: ProducerID, number: UInt64)]] = [:]

    init(serversMax: Int) { self.serversMax = serversMax }

    /// - Returns: true when messages of this property, before this one, may have been missed.
    mutating func isGap(before message: FeedMessage) -> Bool {
        var known = streams[message.property] ?? []
        defer { streams[message.property] = known }
        let row = known.firstIndex { $0.stream == message.stream }
        guard let row else {
            // One server more, or one that was started again.
            let isFull = known.count == serversMax
            if isFull { known.removeFirst() }
            known.append((message.stream, message.number))
            return isFull
        }
        let last = known.remove(at: row).number
        known.append((message.stream, message.number))
        // A message without entries has the number of the one before it.
        return message.number != (message.entries.isEmpty ? last : last &+ 1)
    }
}
