import SojournModel
import SojournServer
import SojournWire
import ZeroMQ

/// A reader of the feed that shows what comes.
struct FeedSubscriber: ~Copyable {
    let socket: Socket

    /// - Parameters:
    ///   - prefixes: what it subscribes to, besides the topics of properties.
    init(
        _ endpoint: String, _ properties: [UInt32] = [], prefixes: [[UInt8]] = [],
        curve: SocketOption? = nil, patienceMilliseconds: Int = 10_000,
        receiveHighWaterMark: Int = 1_000
    ) throws {
        let socket = try Socket(.sub, in: Context())
        try socket.set(
            .receiveTimeout(milliseconds: patienceMilliseconds),
            .receiveHighWaterMark(messages: receiveHighWaterMark))
        if let curve { try socket.set(curve) }
        for property in properties {
            try socket.subscribe(prefix: FeedTopic(PropertyID(property)).bytes.span)
        }
        for prefix in prefixes { try socket.subscribe(prefix: prefix.span) }
        try socket.connect(endpoint)
        self.socket = socket
    }

    func receive() throws -> FeedMessage {
        var message = Message()
        guard try socket.receive(into: &message) else { throw NoReply() }
        return try FeedMessage.decode(message.bytes).message
    }

    /// Waits until the server has taken the subscription: until a heartbeat.
    func greet() throws { while try !receive().entries.isEmpty {} }

    /// The next message that tells of something.
    func next() throws -> FeedMessage {
        let began = ContinuousClock.now
        while .now - began < .seconds(20) {
            let message = try receive()
            if !message.entries.isEmpty { return message }
        }
        // Heartbeats alone.
        throw NoReply()
    }

    /// The next so many entries.
    func entries(_ count: Int) throws -> [FeedEntry] {
        var entries: [FeedEntry] = []
        while entries.count < count { entries += try next().entries }
        return entries
    }
}

extension FeedEntry {
    /// The session that an entry is about, and what became of it.
    var told: (what: String, id: SessionID) {
        switch content {
        case .opened(let session, _): ("opened", session.id)
        case .finished(let session, _): ("finished", session.id)
        case .revised(let revision): ("revised", revision.from)
        }
    }
}
