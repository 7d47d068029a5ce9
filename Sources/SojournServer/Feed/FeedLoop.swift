import Logging
import SojournModel
import SojournService
import SojournWire
import Synchronization
import ZeroMQ

/// What the feed's thread does: lets readers in to what they may read, and publishes.
///
/// Libzmq hands each subscription to us rather than carry it out (`manualSubscriptions`), with the key of the
/// connection that it came over. It does not tell connections apart beyond that, so a right that was taken back
/// is enforced on all of them: they are closed, readers connect anew by themselves, and subscribe again.
struct FeedLoop: ~Copyable {
    /// The domain that the doorkeeper is told.
    static let domain = "sojourn-feed"
    private static let monitorEndpoint = "inproc://sojourn-feed-connections"
    /// Bytes of a frame that a reader may send: a subscription, and what CURVE greets with.
    private static let readerBytesMax = 1_024
    /// What is left in the socket at the end is given up after this.
    private static let lingerMilliseconds = 500
    /// Subscriptions to take before messages are published.
    private static let subscriptionBurst = 1_000

    let listeners: Listeners
    private let socket: Socket
    private let monitor: Socket
    private let board: FeedBoard
    private let state: ServerState
    private let deploymentTag: UInt64
    private var poller = Poller()
    private var access: FeedAccess
    private var composer: FeedComposer
    /// Of what is read, what the service gathers: only that is told.
    private var gathered: [PropertyID] = []
    private var clientsVersion: UInt64 = 0
    private var nextHeartbeat: UInt64 = 0
    private var counters = FeedCounters()
    /// Endpoints that are to be bound again.
    private var unbound: [String] = []
    private var message = Message()
    private var writer = ByteWriter()

    /// Opens the socket and listens.
    static func start(
        _ settings: FeedSettings, _ configuration: ServerConfiguration, _ context: Context,
        _ board: FeedBoard, _ state: ServerState
    ) throws(ServerError) -> FeedLoop {
        do {
            let socket = try publishing(settings, configuration, context)
            let monitor = try Socket(.pair, in: context)
            try socket.monitor(at: monitorEndpoint)
            try monitor.connect(monitorEndpoint)
            let listeners = try Listeners(
                settings.listens,
                allowsInsecure: configuration.curve != nil || configuration.allowsInsecureListen,
                socket)
            return FeedLoop(listeners, socket, monitor, configuration, board, state)
        } catch let error as ZeroMQError { throw ServerError(error) } catch let error
            as ServerError
        { throw error } catch { throw .system("\(error)") }
    }

    private static func publishing(
        _ settings: FeedSettings, _ configuration: ServerConfiguration, _ context: Context
    ) throws(ZeroMQError) -> Socket {
        let socket = try Socket(.xpub, in: context)
        try socket.set(
            .manualSubscriptions(true),
            // Then a reader without room is told to us, once, before it is passed over.
            .publishesToAll(true),
            .sendHighWaterMark(messages: settings.readerMessagesMax),
            .maxMessageBytes(readerBytesMax),
            .handshakeInterval(milliseconds: configuration.handshakeMilliseconds),
            .tcpKeepalive(idleSeconds: 60, intervalSeconds: 10, probes: 5),
            .backlog(connections: 1_024),
            .linger(milliseconds: lingerMilliseconds))
        if let curve = configuration.curve {
            try socket.set(.curveServer(secretKey: curve.secretKey), .zapDomain(domain))
        }
        return socket
    }

    private init(
        _ listeners: Listeners, _ socket: consuming Socket, _ monitor: consuming Socket,
        _ configuration: ServerConfiguration, _ board: FeedBoard, _ state: ServerState
    ) {
        self.listeners = listeners
        self.socket = socket
        self.monitor = monitor
        self.board = board
        self.state = state
        deploymentTag = configuration.service.deployment.tag
        access = FeedAccess(configuration.service, clients: configuration.curve?.clients)
        composer = FeedComposer(
            stream: ProducerID(.random(in: 1 ... .max)), of: configuration.service.partitions)
        poller.add(self.socket)
        poller.add(self.monitor)
        poller.add(board.wakeUp)
    }

    /// Works until a stop was asked for, and what was handed over is published.
    consuming func run() throws(ZeroMQError) {
        // Before its reader is gone.
        defer { socket.stopMonitoring() }
        while !board.isStopping {
            let now = ServerClock.steadyMilliseconds()
            let pause = nextHeartbeat - min(now, nextHeartbeat)
            _ = try poller.wait(timeoutMilliseconds: Int(unbound.isEmpty ? pause : min(pause, 10)))
            board.wakeUp.drain()
            try work()
        }
        try work()
    }

    private mutating func work() throws(ZeroMQError) {
        try followConnections()
        try followClients()
        try takeSubscriptions()
        tellRead()
        for order in board.takeOrders() {
            switch order {
            case .publish(let parcel):
                for message in composer.messages(of: parcel, gathered) { try publish(message) }
            case .leaveGap: composer.leaveGap(in: gathered)
            case .begin(let properties): try begin(properties)
            }
        }
        try beat()
        state.feedConnections.store(counters.connections, ordering: .relaxed)
        board.tell(counters)
    }

    // MARK: Readers

    /// Counts who is there. What nobody reads is not gathered.
    private mutating func followConnections() throws(ZeroMQError) {
        // A connection is told of before its subscriptions come, and its end after them: when there is none
        // here, nobody has one of the subscriptions that were granted so far.
        while try monitor.receive(into: &message, wait: false) {
            switch ConnectionEvent(message.bytes)?.kind {
            case .accepted: counters.connections += 1
            case .disconnected: counters.connections -= 1
            default: break
            }
            while message.hasMore { _ = try monitor.receive(into: &message) }
        }
        if counters.connections == 0 { forgetReaders() }
    }

    /// What was gathered for them is told to nobody any more.
    private mutating func forgetReaders() {
        access.removeAll()
        gathered.removeAll()
        tellRead()
    }

    /// Has the service gather what is read, as soon as it can.
    private func tellRead() {
        if board.tell(read: access.read) { state.wakeUp.signal() }
    }

    /// Tells of properties from here on, and that it does. Who was here before may have missed something.
    private mutating func begin(_ properties: [PropertyID]) throws(ZeroMQError) {
        let read = access.read
        let begun = properties.filter { read.contains($0) }
        composer.leaveGap(in: begun)
        gathered = read.filter { gathered.contains($0) || begun.contains($0) }
        for property in begun { try publish(composer.heartbeat(of: property)) }
    }

    private mutating func followClients() throws(ZeroMQError) {
        if let clients = state.newClients(since: &clientsVersion), access.follow(clients) {
            counters.revocations += 1
            state.log.notice("a reader of the feed has lost a right: all readers connect anew")
            for endpoint in listeners.endpoints {
                try socket.unbind(endpoint)
                unbound.append(endpoint)
            }
            forgetReaders()
        }
        if !unbound.isEmpty { unbound = try Self.bind(unbound, socket) }
    }

    /// - Returns: those that are still in the hands of the connections before.
    private static func bind(
        _ endpoints: [String], _ socket: borrowing Socket
    ) throws(ZeroMQError) -> [String] {
        var unbound: [String] = []
        for endpoint in endpoints {
            do { try socket.bind(endpoint) } catch {
                guard error.code == .addressInUse else { throw error }
                unbound.append(endpoint)
            }
        }
        return unbound
    }

    private mutating func takeSubscriptions() throws(ZeroMQError) {
        for _ in 0..<Self.subscriptionBurst {
            guard try socket.receive(into: &message, wait: false) else { return }
            let key = message.property(named: "User-Id")
            switch Self.judge(message, key, &access) {
            case .grant:
                try Self.carryOut(message, socket) { (socket, topic) throws(ZeroMQError) in
                    try socket.subscribe(prefix: topic)
                }
                counters.subscriptions += 1
            case .release:
                try Self.carryOut(message, socket) { (socket, topic) throws(ZeroMQError) in
                    try socket.unsubscribe(prefix: topic)
                }
            case .refuse: counters.subscriptionsRefused += 1
            }
        }
    }

    private static func judge(
        _ message: borrowing Message, _ key: String?, _ access: inout FeedAccess
    ) -> FeedAccess.Verdict { access.judge(message.bytes, key: key) }

    /// Does something with the topic of a subscription that was judged.
    private static func carryOut(
        _ message: borrowing Message, _ socket: borrowing Socket,
        _ body: (borrowing Socket, Span<UInt8>) throws(ZeroMQError) -> Void
    ) throws(ZeroMQError) {
        try body(socket, message.array.span.extracting(1...))
    }

    // MARK: Messages

    private mutating func beat() throws(ZeroMQError) {
        let now = ServerClock.steadyMilliseconds()
        guard now >= nextHeartbeat else { return }
        nextHeartbeat = now + UInt64(FeedMessage.heartbeatMilliseconds)
        for property in gathered { try publish(composer.heartbeat(of: property)) }
    }

    private mutating func publish(_ feed: FeedMessage) throws(ZeroMQError) {
        feed.encode(deploymentTag: deploymentTag, into: &writer)
        message = Message(copying: (FeedTopic(feed.property).bytes + writer.array).span)
        counters.bytes += UInt64(message.byteCount)
        counters.messages += 1
        counters.entries += UInt64(feed.entries.count)
        if try socket.send(&message, wait: false) { return }
        // The others get it; the one without room is passed over until it has some again.
        counters.messagesUnread += 1
        try socket.set(.publishesToAll(false))
        _ = try socket.send(&message, wait: false)
        try socket.set(.publishesToAll(true))
    }
}
