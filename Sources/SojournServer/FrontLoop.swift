import SojournModel
import SojournService
import SojournWire
import Synchronization
import ZeroMQ

/// The thread that owns the sockets: takes requests from any number of peers, hands those that are
/// framed as they must be to the engine, and sends the replies back.
///
/// It never waits for a peer, and never stops receiving: what finds no room in the queue is
/// answered with `overloaded`, and a reply whose peer is gone or does not read is dropped and
/// counted.
///
///     peers <-- ROUTER, all endpoints --> front <-- PAIR --> engine
struct FrontLoop: ~Copyable {
    /// Messages to take from one side before it is the other side's turn.
    private static let burst = 128
    /// A reply that no peer has read by then is given up.
    private static let lingerMilliseconds = 500

    let state: ServerState
    let queueLimits: QueueLimits
    private let admission: Admission
    let router: Socket
    private let engine: Socket
    private var poller = Poller()
    let listeners: Listeners

    /// Requests that the engine has and has not answered.
    private(set) var queuedMessages = 0
    private var queuedBytes = 0
    /// Requests that the engine has answered.
    private(set) var answered: UInt64 = 0
    /// When the last request came, in steady milliseconds.
    private(set) var lastReceived: UInt64 = 0

    // Used for one message after another.
    private var routingID = Message()
    private var note = Message()
    private var payload = Message()
    private var rest = Message()
    private var delimiter = Message()
    private var reply = ByteWriter()
    private var scratch = ByteWriter()

    /// Opens the sockets and listens.
    static func start(
        _ configuration: ServerConfiguration, _ state: ServerState
    ) throws(ServerError) -> FrontLoop {
        let engine = try Self.opened { () throws(ZeroMQError) in try Self.pair(state) }
        let router = try Self.opened { () throws(ZeroMQError) in
            try Self.router(configuration.service, state)
        }
        let listeners = try Listeners(configuration, router)
        return FrontLoop(configuration, state, listeners, router, engine)
    }

    private init(
        _ configuration: ServerConfiguration, _ state: ServerState, _ listeners: Listeners,
        _ router: consuming Socket, _ engine: consuming Socket
    ) {
        self.state = state
        self.listeners = listeners
        self.router = router
        self.engine = engine
        queueLimits = configuration.queue
        admission = Admission(configuration.service)
        poller.add(self.router)
        poller.add(self.engine)
        poller.add(state.wakeUp)
    }

    private static func opened(
        _ open: () throws(ZeroMQError) -> Socket
    ) throws(ServerError) -> Socket {
        do { return try open() } catch { throw ServerError(error) }
    }

    /// The way to the engine. It is bounded by `QueueLimits`, not by the socket.
    private static func pair(_ state: ServerState) throws(ZeroMQError) -> Socket {
        let pair = try state.socket(.pair)
        try pair.set(.receiveHighWaterMark(messages: 0), .sendHighWaterMark(messages: 0))
        try pair.connect(EngineLoop.endpoint)
        return pair
    }

    /// The way to the peers, with every bound set on purpose.
    private static func router(
        _ configuration: ServiceConfiguration, _ state: ServerState
    ) throws(ZeroMQError) -> Socket {
        let router = try state.socket(.router)
        try router.set(
            // A reply for a peer that is gone, or full, is then told to us rather than lost.
            .routerMandatory(true),
            // A client that keeps to its credit fills neither side.
            .receiveHighWaterMark(messages: configuration.credit),
            .sendHighWaterMark(messages: 2 * configuration.credit),
            // A frame that is a little too large is worth an answer; one that is far too large
            // costs its sender the connection before it costs us the memory.
            .maxMessageBytes(
                configuration.messageBytesMax + max(64 << 10, configuration.messageBytesMax / 4)),
            .handshakeInterval(milliseconds: 10_000),
            .tcpKeepalive(idleSeconds: 60, intervalSeconds: 10, probes: 5),
            .backlog(connections: 1_024),
            .linger(milliseconds: lingerMilliseconds))
        return router
    }

    /// Works until a stop was asked for and done.
    mutating func run() throws(ZeroMQError) {
        while !state.isStopping {
            if try !work() { try wait(milliseconds: nil) }
        }
        try drain()
        try order(.stop)
    }

    /// Takes what is there from both sides.
    ///
    /// - Returns: false when there was nothing.
    mutating func work() throws(ZeroMQError) -> Bool {
        var isBusy = false
        for _ in 0..<Self.burst {
            guard try returnReply() else { break }
            isBusy = true
        }
        for _ in 0..<Self.burst {
            guard try takeRequest() else { break }
            isBusy = true
        }
        return isBusy
    }

    mutating func wait(milliseconds: Int?) throws(ZeroMQError) {
        _ = try poller.wait(timeoutMilliseconds: milliseconds)
        state.wakeUp.drain()
    }

    func order(_ order: EngineOrder) throws(ZeroMQError) {
        var message = order.message
        _ = try engine.send(&message, wait: false)
    }

    // MARK: Requests

    /// Takes one message from the peers (sojourn-1, "Framing").
    ///
    /// - Returns: false when there was none.
    mutating func takeRequest() throws(ZeroMQError) -> Bool {
        guard try router.receive(into: &routingID, wait: false) else { return false }
        lastReceived = ServerClock.steadyMilliseconds()
        _ = try router.receive(into: &payload)
        let hasDelimiter = payload.isEmpty && payload.hasMore
        if hasDelimiter { _ = try router.receive(into: &payload) }
        if payload.hasMore {
            try refuseFraming(hasDelimiter: hasDelimiter)
        } else if isFull {
            try refuseOverload(hasDelimiter: hasDelimiter)
        } else {
            try forward(hasDelimiter: hasDelimiter)
        }
        return true
    }

    /// Whether the queue has no room for `payload`. An empty one takes anything.
    private var isFull: Bool {
        queuedMessages > 0
            && (queuedMessages >= queueLimits.messagesMax
                || queuedBytes + payload.byteCount > queueLimits.bytesMax)
    }

    private mutating func forward(hasDelimiter: Bool) throws(ZeroMQError) {
        let note = RequestNote(
            receivedAt: lastReceived, byteCount: payload.byteCount, hasDelimiter: hasDelimiter)
        self.note = note.message(&scratch)
        // Counted first: the engine may answer, and tell the count, before the last line is done.
        countQueued(messages: 1, bytes: note.byteCount)
        // There is always room, unless the engine failed, which ends this thread as well.
        guard try engine.send(&routingID, more: true, wait: false) else { return }
        _ = try engine.send(&self.note, more: true, wait: false)
        _ = try engine.send(&payload, wait: false)
    }

    /// The message has too many frames, of which `payload` is the first or the second.
    private mutating func refuseFraming(hasDelimiter: Bool) throws(ZeroMQError) {
        while payload.isEmpty, payload.hasMore { _ = try router.receive(into: &payload) }
        var hasMore = payload.hasMore
        while hasMore {
            _ = try router.receive(into: &rest)
            hasMore = rest.hasMore
        }
        let answer = Self.badFraming(payload, admission, &reply)
        try send(answer, .badFraming, hasDelimiter: hasDelimiter)
    }

    private mutating func refuseOverload(hasDelimiter: Bool) throws(ZeroMQError) {
        let (answer, code) = Self.overloaded(payload, admission, queueLimits, &reply)
        try send(answer, code, hasDelimiter: hasDelimiter)
    }

    private static func badFraming(
        _ frame: borrowing Message, _ admission: Admission, _ reply: inout ByteWriter
    ) -> Answer {
        Refusal.answerBadFraming(frame.bytes, deployment: admission.deployment, into: &reply)
    }

    private static func overloaded(
        _ frame: borrowing Message, _ admission: Admission, _ limits: QueueLimits,
        _ reply: inout ByteWriter
    ) -> (Answer, ErrorCode) {
        admission.answerOverloaded(
            frame.bytes, retryAfterMilliseconds: limits.retryAfterMilliseconds, into: &reply)
    }

    /// Sends what the front answers itself.
    private mutating func send(
        _ answer: Answer, _ code: ErrorCode, hasDelimiter: Bool
    ) throws(ZeroMQError) {
        state.count(answer, code)
        guard answer == .reply else { return }
        payload = Message(copying: reply.bytes)
        try sendToPeer(hasDelimiter: hasDelimiter)
    }

    // MARK: Replies

    /// Takes one reply from the engine.
    ///
    /// - Returns: false when there was none.
    private mutating func returnReply() throws(ZeroMQError) -> Bool {
        guard try engine.receive(into: &routingID, wait: false) else { return false }
        _ = try engine.receive(into: &note)
        _ = try engine.receive(into: &payload)
        let note = RequestNote(self.note.bytes)
        countQueued(messages: -1, bytes: -note.byteCount)
        answered += 1
        // No bytes: the request is dropped.
        if !payload.isEmpty { try sendToPeer(hasDelimiter: note.hasDelimiter) }
        return true
    }

    /// Sends `payload` to the peer `routingID`, in the form in which it asked, without ever
    /// waiting.
    private mutating func sendToPeer(hasDelimiter: Bool) throws(ZeroMQError) {
        do {
            // Whether there is room for the message is decided by its first frame.
            guard try router.send(&routingID, more: true, wait: false) else {
                state.repliesUnread.add(1, ordering: .relaxed)
                return
            }
            if hasDelimiter {
                delimiter.removeAll()
                _ = try router.send(&delimiter, more: true, wait: false)
            }
            _ = try router.send(&payload, wait: false)
        } catch {
            guard error.code == .hostUnreachable else { throw error }
            state.repliesUnreachable.add(1, ordering: .relaxed)
        }
    }

    private mutating func countQueued(messages: Int, bytes: Int) {
        queuedMessages += messages
        queuedBytes += bytes
        state.queuedMessages.store(queuedMessages, ordering: .relaxed)
        state.queuedBytes.store(queuedBytes, ordering: .relaxed)
    }
}
