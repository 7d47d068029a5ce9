import SojournArchive
import SojournJournal
import SojournModel
import SojournService
import SojournWire
import Synchronization
import ZeroMQ

/// The thread that has the sockets and the service core: takes requests from any number of peers,
/// answers them in the order in which they came, sends the replies, and lets time go by.
///
///     peers --> ROUTER, all endpoints --> waiting --> core --> gate --> ready --> ROUTER --> peers
///                                                      |         ^
///                                                    records -> journal's thread
///
/// A reply stands at the gate until what it rests on is in the journal; without one it passes.
///
/// It never waits for a peer, and takes in what has come before it answers the next few requests:
/// what finds no room among the waiting is answered with `overloaded`, and a reply whose peer is
/// gone or does not read is dropped and counted.
struct ServiceLoop: ~Copyable {
    /// Requests to take in before some are answered.
    private static let receiveBurst = 128
    /// Requests to answer before their replies are sent: together, for each time that libzmq's own
    /// thread is woken costs as much as answering a small request.
    static let serveBurst = 8
    /// Requests of this process itself to answer before those of peers are looked at again.
    private static let ownBurst = 4
    /// How long sessions that are due may wait when nothing comes.
    private static let tickMilliseconds: UInt64 = 100

    let state: ServerState
    private let queueLimits: QueueLimits
    private let admission: Admission
    private var peers: PeerSocket
    private var poller = Poller()
    let listeners: Listeners
    var core: ServiceCore
    var keeper: JournalKeeper?
    /// In place of a journal: the log of a partition of a cluster.
    var partition: PartitionKeeper?
    var archive: ArchiveKeeper?
    var questions: QuestionBoard?
    var feed: FeedKeeper?
    /// Questions that are answered on other threads.
    var openQuestions = 0

    /// Not served yet.
    private(set) var waiting = Queue<Exchange>()
    /// Served; their replies may not leave yet.
    private var gate: ReplyGate<Exchange>
    /// Served; their replies are about to leave.
    private var ready = Queue<Exchange>()
    /// Done, to be used again.
    private var spare: [Exchange] = []
    private var unansweredBytes = 0
    /// When the last request came, in steady milliseconds.
    private(set) var lastReceived: UInt64 = 0
    private var nextTick: UInt64 = 0
    private var counters = ShellCounters()
    private let doorkeeper: Doorkeeper
    /// Who is authorized; nil speaks with anybody.
    private var clients: ClientDirectory?
    private var clientsVersion: UInt64 = 0
    private var shares: QueueShares

    // Used for one message after another.
    var reply = ByteWriter()

    /// Opens the sockets and listens.
    static func start(
        _ configuration: ServerConfiguration, _ state: ServerState, _ context: Context,
        _ doorkeeper: Doorkeeper
    ) throws(ServerError) -> ServiceLoop {
        if let seat = configuration.seat {
            return try start(seat, configuration, state, context, doorkeeper)
        }
        var core = ServiceCore(
            configuration.service, startedAt: ServerClock.wallMilliseconds(),
            isJournaled: configuration.journal != nil,
            isArchived: configuration.archive != nil)
        var keeper: JournalKeeper?
        var archive: ArchiveKeeper?
        var questions: QuestionBoard?
        var directory: DataDirectory?
        if let journal = configuration.journal {
            directory = try JournalKeeper.lock(journal, of: configuration.service)
        }
        if let settings = configuration.archive {
            archive = try ArchiveKeeper.open(
                settings, &core, wakeUp: state.wakeUp, log: state.log)
            questions = QuestionBoard(
                ReportDesk(
                    threads: settings.reportsMax, queueMax: settings.reportQueueMax,
                    wakeUp: state.wakeUp), settings)
        }
        if let journal = configuration.journal, let directory = directory.take() {
            keeper = try JournalKeeper.open(
                journal, directory, &core, wakeUp: state.wakeUp, log: state.log)
        } else {
            core.adopt()
        }
        try archive?.align(with: &core, log: state.log)
        let feed = try Self.feed(configuration, context, state)
        let peers: PeerSocket
        do { peers = try Self.peers(configuration, context) } catch {
            throw ServerError(error)
        }
        let listeners = try Listeners(configuration, peers.socket)
        return ServiceLoop(
            configuration, state, listeners, peers, core, keeper, archive, questions, feed,
            doorkeeper)
    }

    /// The thread that publishes what happens to sessions, if that is wanted.
    private static func feed(
        _ configuration: ServerConfiguration, _ context: Context, _ state: ServerState
    ) throws(ServerError) -> FeedKeeper? {
        guard let settings = configuration.feed else { return nil }
        let publisher = try FeedPublisher(settings, configuration, in: context, state)
        state.feedEndpoints.withLock { $0 = publisher.endpoints }
        return FeedKeeper(publisher, settings)
    }

    init(
        _ configuration: ServerConfiguration, _ state: ServerState, _ listeners: Listeners,
        _ peers: consuming PeerSocket, _ core: consuming ServiceCore,
        _ keeper: consuming JournalKeeper?, _ archive: consuming ArchiveKeeper?,
        _ questions: consuming QuestionBoard?, _ feed: consuming FeedKeeper?,
        _ doorkeeper: Doorkeeper
    ) {
        self.state = state
        self.listeners = listeners
        self.peers = peers
        queueLimits = configuration.queue
        admission = Admission(configuration.service)
        self.doorkeeper = doorkeeper
        clients = configuration.curve?.clients
        shares = QueueShares(
            messagesMax: queueLimits.clientMessagesMax, bytesMax: queueLimits.clientBytesMax)
        self.core = core
        self.keeper = keeper
        self.archive = archive
        self.questions = questions
        self.feed = feed
        gate = ReplyGate(
            isOpen: configuration.journal.map { $0.durability == .none }
                ?? (configuration.seat == nil))
        poller.add(self.peers.socket)
        poller.add(state.wakeUp)
    }

    /// The way to the peers; the doorkeeper watches it.
    static func peers(
        _ configuration: ServerConfiguration, _ context: Context
    ) throws(ZeroMQError) -> PeerSocket {
        try PeerSocket.open(
            credit: configuration.service.credit,
            messageBytesMax: configuration.service.messageBytesMax,
            handshakeMilliseconds: configuration.handshakeMilliseconds,
            curve: configuration.curve, in: context)
    }

    /// Works until a stop was asked for and done.
    mutating func run() throws(ZeroMQError) {
        // Before the doorkeeper, who reads it, is gone.
        defer { peers.socket.stopMonitoring() }
        while !state.isStopping {
            if try !work() { try wait() }
            if partition?.end != nil { return }
        }
        if let partition { try handOver(partition) } else { try drain() }
    }

    /// One round: takes requests in, answers some, sends their replies.
    ///
    /// - Returns: false when there was nothing to do.
    mutating func work() throws(ZeroMQError) -> Bool {
        var isBusy = false
        for _ in 0..<Self.receiveBurst {
            guard try takeRequest() else { break }
            isBusy = true
        }
        if takeOwnRequests() { isBusy = true }
        if try answerSome() > 0 { isBusy = true }
        let now = ServerClock.steadyMilliseconds()
        if tendArchive(at: now) { isBusy = true }
        tendFeed(at: now)
        while let exchange = ready.popFirst() { try finish(exchange) }
        tick()
        return isBusy
    }

    /// Answers requests that wait, a few at most, and sends the replies. A large one ends the round,
    /// so that what came meanwhile is taken in, and its waiting time counted.
    ///
    /// - Returns: how many were answered.
    mutating func answerSome(atMost count: Int = serveBurst) throws(ZeroMQError) -> Int {
        let began = ServerClock.steadyMilliseconds()
        var now = began
        var served = 0
        while served < min(count, Self.serveBurst), now - began <= 1,
            let exchange = waiting.popFirst()
        {
            serve(exchange, now)
            served += 1
            now = ServerClock.steadyMilliseconds()
        }
        try tendJournal()
        while let exchange = ready.popFirst() { try finish(exchange) }
        return served
    }

    /// Sleeps until something comes, a stop is asked for, or time has to be let go by.
    mutating func wait(atMost milliseconds: UInt64 = .max) throws(ZeroMQError) {
        let now = ServerClock.steadyMilliseconds()
        let pause = min(nextTick - min(now, nextTick), milliseconds)
        _ = try poller.wait(timeoutMilliseconds: Int(pause))
        state.wakeUp.drain()
    }

    /// Takes word of who is authorized from now on.
    private mutating func followClients() {
        guard let clients = state.newClients(since: &clientsVersion) else { return }
        core.follow(clients)
        self.clients = clients
    }

    private mutating func tick() {
        let now = ServerClock.steadyMilliseconds()
        guard now >= nextTick else { return }
        let unarchived = archive?.oldestUnarchived(core) ?? .max
        keeper?.tendSnapshot(of: core, at: now, oldestUnarchived: unarchived)
        let isMoreDue = core.tick(at: Moment(serverTime: ServerClock.wallMilliseconds()))
        nextTick = isMoreDue ? now : now + Self.tickMilliseconds
    }

    /// Requests that were received and whose replies were not sent.
    var unanswered: Int {
        waiting.count + gate.count + ready.count + openQuestions
    }

    /// Writes what waits, if disk and archive take it, and ends their threads.
    mutating func stop() {
        partition?.close()
        archive?.archive.interruptReading()
        questions?.stop()
        keeper?.stop()
        let written = written
        archive?.stop(&core, written: written)
        feed?.stop(&core, sealed: archive?.takeUnfed(), written: written)
    }

    /// Publishes what happened, behind `tendArchive`, so that what the archive has sealed is complete.
    private mutating func tendFeed(at now: UInt64) {
        guard feed != nil else { return }
        let written = written
        let sealed = archive?.takeUnfed()
        feed?.tend(&core, sealed: sealed, written: written, at: now)
    }

    // MARK: Journal

    /// Records up to here are in the journal: what they brought about may be archived and published.
    var written: UInt64 {
        mutating get {
            if let partition { return partition.written }
            return keeper?.report.progress.written.rawValue ?? .max
        }
    }

    /// Has written what was made, and lets go of the replies whose records are written.
    private mutating func tendJournal() throws(ZeroMQError) {
        if let partition { return tendPartition(partition) }
        guard keeper != nil else { return }
        keeper?.write(from: &core)
        guard let report = keeper?.report else { return }
        if let failure = report.failure { state.fail("\(failure)") }
        release(report.progress)
    }

    /// Lets go of the replies whose records are written.
    mutating func release(_ progress: JournalProgress) {
        for exchange in core.follow(progress, &gate) { ready.append(exchange) }
    }

    // MARK: Requests

    /// Takes one message from the peers (sojourn-1, "Framing").
    ///
    /// - Returns: false when there was none.
    mutating func takeRequest() throws(ZeroMQError) -> Bool {
        let exchange = spare.popLast() ?? Exchange()
        guard try peers.receive(into: exchange) else {
            spare.append(exchange)
            return false
        }
        exchange.receivedAt = ServerClock.steadyMicroseconds()
        lastReceived = exchange.receivedAt / 1_000
        followClients()
        exchange.caller = try peers.caller(of: exchange, clients)
        exchange.requestBytes = exchange.payload.byteCount
        if exchange.payload.hasMore {
            let answer = try peers.refuseFraming(
                exchange, deployment: admission.deployment, into: &reply)
            try refuse(exchange, answer, .badFraming)
        } else if isFull(for: exchange) || !hasShare(exchange) {
            let (answer, code) = Self.overloaded(
                exchange.payload, from: exchange.caller, admission, queueLimits, &reply)
            try refuse(exchange, answer, code)
        } else {
            unansweredBytes += exchange.requestBytes
            waiting.append(exchange)
        }
        return true
    }

    /// Serves what this process asks itself: it goes past the requests of peers, of which there may be
    /// thousands, for whoever looks at metrics wants to know just that.
    ///
    /// - Returns: false when there was nothing.
    private mutating func takeOwnRequests() -> Bool {
        let requests = state.ownRequests.take(atMost: Self.ownBurst)
        for request in requests {
            let exchange = spare.popLast() ?? Exchange()
            exchange.take(request)
            exchange.receivedAt = ServerClock.steadyMicroseconds()
            serve(exchange, exchange.receivedAt / 1_000)
        }
        return !requests.isEmpty
    }

    /// Whether there is no room for a request. An empty queue takes anything.
    private func isFull(for exchange: Exchange) -> Bool {
        unanswered > 0
            && (unanswered >= queueLimits.messagesMax
                || unansweredBytes + exchange.requestBytes > queueLimits.bytesMax
                || core.journal.waitingBytes > queueLimits.bytesMax)
    }

    /// Takes the request into its sender's share of the queue, if there is room in it.
    private mutating func hasShare(_ exchange: Exchange) -> Bool {
        let owner = exchange.sharer
        guard shares.admit(owner, bytes: exchange.requestBytes) else { return false }
        exchange.owner = owner
        return true
    }

    private static func overloaded(
        _ frame: borrowing Message, from caller: Caller, _ admission: Admission,
        _ limits: QueueLimits, _ reply: inout ByteWriter
    ) -> (Answer, ErrorCode) {
        admission.answerOverloaded(
            frame.bytes, from: caller, retryAfterMilliseconds: limits.retryAfterMilliseconds,
            into: &reply)
    }

    /// Sends what the loop answers without the core.
    private mutating func refuse(
        _ exchange: Exchange, _ answer: Answer, _ code: ErrorCode
    ) throws(ZeroMQError) {
        counters.refusals.count(answer, code)
        setPayload(of: exchange, answer)
        exchange.requestBytes = 0
        try finish(exchange)
    }

    private mutating func serve(_ exchange: Exchange, _ now: UInt64) {
        let moment = Moment(
            serverTime: ServerClock.wallMilliseconds(),
            ageMilliseconds: now - min(now, exchange.receivedAt / 1_000))
        let operation = Self.operation(exchange.payload)
        if operation == .report || operation == .fetch, archive != nil {
            ask(exchange, at: moment)
            return
        }
        if operation == .status {
            core.shell = counters.report(
                // The one that is served is in neither queue.
                queuedRequests: unanswered + 1, queuedBytes: unansweredBytes,
                shareRefusals: shares.refusals, door: doorkeeper.counters,
                journal: (keeper?.gauges ?? []) + (partition?.gauges ?? [])
                    + (archive?.gauges ?? []) + (questions?.gauges ?? []) + (feed?.gauges ?? []))
        }
        let answer = Self.answer(
            exchange.payload, from: exchange.caller, at: moment, &core, &reply)
        let isQuestion = operation != .assign && operation != .forget
        pass(exchange, answer, restsOn: core.restsOn, isQuestion: isQuestion)
    }

    /// Lets a reply leave once the journal has what it rests on.
    mutating func pass(
        _ exchange: Exchange, _ answer: Answer, restsOn: JournalPosition, isQuestion: Bool = true
    ) {
        setPayload(of: exchange, answer)
        if let exchange = gate.admit(exchange, restsOn: restsOn, isQuestion: isQuestion) {
            ready.append(exchange)
        }
    }

    private static func operation(_ request: borrowing Message) -> SojournWire.Operation? {
        MessageHeader.readable(request.bytes)?.operation
    }

    private static func answer(
        _ request: borrowing Message, from caller: Caller, at moment: Moment,
        _ core: inout ServiceCore, _ reply: inout ByteWriter
    ) -> Answer {
        core.answer(request.bytes, from: caller, at: moment, into: &reply)
    }

    // MARK: Replies

    private func setPayload(of exchange: Exchange, _ answer: Answer) {
        switch answer {
        case .reply: exchange.payload = Message(copying: reply.bytes)
        case .drop: exchange.payload.removeAll()
        }
    }

    /// Sends the reply, if there is one, in the form in which the peer asked, without ever waiting.
    private mutating func finish(_ exchange: Exchange) throws(ZeroMQError) {
        unansweredBytes -= exchange.requestBytes
        if let owner = exchange.owner.take() {
            shares.release(owner, bytes: exchange.requestBytes)
        }
        defer { spare.append(exchange) }
        if let own = exchange.own.take() {
            own.answer(exchange.payload.isEmpty ? nil : exchange.payload.array)
            return
        }
        // What was refused at once says nothing of how long work takes.
        if exchange.requestBytes > 0 {
            let now = ServerClock.steadyMicroseconds()
            counters.latency.count(microseconds: now - min(now, exchange.receivedAt))
        }
        if exchange.payload.isEmpty { return }
        try peers.send(&exchange.payload, to: exchange, &counters)
    }
}
