import Logging
import SojournCluster
import SojournModel
import SojournRouter
import SojournService
import SojournWire
import ZeroMQ

/// The thread that has the router's sockets and its core.
///
///     clients --> ROUTER, all endpoints --> core --> DEALER, one a worker --> workers
///     clients <--                       <-- core <--                      <--
///
/// It never waits for a peer and always takes in what came: what finds no room at a worker is answered
/// with `overloaded`, and a reply whose client is gone or does not read is dropped and counted.
struct RouterLoop: ~Copyable {
    /// Messages to take from one socket before the others get their turn.
    private static let receiveBurst = 64
    /// Requests of this process itself to take before those of clients are looked at again.
    private static let ownBurst = 4
    /// Between two looks at links and parts.
    private static let tickMilliseconds: UInt64 = 20

    let state: ServerState
    let listeners: Listeners
    private var peers: PeerSocket
    private let workers: [WorkerConnection]
    /// In a cluster, who serves what; nil where workers have fixed addresses.
    private let watch: ClusterWatch?
    private var poller = Poller()
    var core: RouterCore

    /// By the number that the core calls a request.
    private var exchanges: [Exchange] = []
    /// Numbers to be used again.
    private var free: [RequestID] = []
    /// Answered; the answers, which are in their places, are about to leave.
    private var ready: [RequestID] = []
    private var nextTick: UInt64 = 0
    private var counters = ShellCounters()
    private let doorkeeper: Doorkeeper
    /// Who is authorized; nil speaks with anybody.
    private var clients: ClientDirectory?
    private var clientsVersion: UInt64 = 0
    private var shares: QueueShares
    private let bench: AssemblyBench

    // Used for one message after another.
    private var incoming = Message()
    private var outgoing = Message()
    private var clientFrame = Message()
    private var reply = ByteWriter()

    /// Opens the sockets and listens.
    static func start(
        _ configuration: RouterServerConfiguration, _ state: ServerState, _ context: Context,
        _ doorkeeper: Doorkeeper, isStopping: () -> Bool
    ) throws(ServerError) -> RouterLoop {
        var configuration = configuration
        let watch = try configuration.join(state, isStopping: isStopping)
        var workers: [WorkerConnection] = []
        for endpoint in configuration.router.workers {
            do throws(ZeroMQError) {
                let curve = configuration.workerKeys[endpoint].flatMap {
                    configuration.curve?.client(of: $0)
                }
                workers.append(
                    try WorkerConnection(
                        watch == nil ? endpoint : nil, curve: curve, context))
            } catch { throw .badWorker(endpoint, reason: "\(error.code)") }
        }
        let peers: PeerSocket
        do {
            // As that of a service, for a client cannot tell them apart.
            peers = try PeerSocket.open(
                credit: configuration.router.limits.credit,
                messageBytesMax: Limits.messageBytesMax,
                handshakeMilliseconds: configuration.handshakeMilliseconds,
                curve: configuration.curve, in: context)
        } catch { throw ServerError(error) }
        let listeners = try Listeners(
            configuration.listens,
            allowsInsecure: configuration.curve != nil || configuration.allowsInsecureListen,
            peers.socket)
        return RouterLoop(configuration, state, listeners, peers, workers, watch, doorkeeper)
    }

    private init(
        _ configuration: RouterServerConfiguration, _ state: ServerState, _ listeners: Listeners,
        _ peers: consuming PeerSocket, _ workers: [WorkerConnection], _ watch: ClusterWatch?,
        _ doorkeeper: Doorkeeper
    ) {
        self.watch = watch
        bench = AssemblyBench(wakeUp: state.wakeUp)
        self.state = state
        self.listeners = listeners
        self.peers = peers
        self.workers = workers
        self.doorkeeper = doorkeeper
        clients = configuration.curve?.clients
        shares = QueueShares(
            messagesMax: configuration.clientMessagesMax, bytesMax: configuration.clientBytesMax)
        core = RouterCore(
            configuration.router, startedAt: ServerClock.wallMilliseconds())
        listenToAll()
    }

    private mutating func listenToAll() {
        poller = Poller(minimumCapacity: workers.count + 2)
        poller.add(peers.socket)
        poller.add(state.wakeUp)
        for worker in workers { poller.add(worker.socket) }
    }

    /// Works until a stop was asked for and done.
    mutating func run() throws(ZeroMQError) {
        // Before the doorkeeper, who reads it, is gone.
        defer { peers.socket.stopMonitoring() }
        while !state.isStopping {
            if try !work() { try wait() }
        }
        try drain()
    }

    /// One round: takes requests and replies in, and carries out what they lead to: together, for each time that
    /// libzmq's own thread is woken costs as much as a small part.
    ///
    /// - Returns: false when there was nothing to do.
    mutating func work() throws(ZeroMQError) -> Bool {
        var isBusy = false
        for worker in workers.indices {
            for _ in 0..<Self.receiveBurst {
                guard try takeReply(from: worker) else { break }
                isBusy = true
            }
        }
        for _ in 0..<Self.receiveBurst {
            guard try takeRequest() else { break }
            isBusy = true
        }
        for (id, frame) in bench.takeFrames() {
            core.assembled(id, frame)
            isBusy = true
        }
        try carryOut()
        if try takeOwnRequests() { isBusy = true }
        let now = ServerClock.steadyMilliseconds()
        try followCluster(now)
        if now >= nextTick {
            nextTick = now + Self.tickMilliseconds
            core.tick(at: moment())
            try carryOut()
        }
        for id in ready { try finish(id) }
        ready.removeAll(keepingCapacity: true)
        return isBusy
    }

    /// Sleeps until something comes, a stop is asked for, or time has to be let go by.
    mutating func wait(atMost milliseconds: UInt64 = .max) throws(ZeroMQError) {
        let now = ServerClock.steadyMilliseconds()
        let pause = min(nextTick - min(now, nextTick), milliseconds)
        _ = try poller.wait(timeoutMilliseconds: Int(pause))
        state.wakeUp.drain()
    }

    private func moment() -> RouterMoment {
        RouterMoment(
            serverTime: ServerClock.wallMilliseconds(), steady: ServerClock.steadyMicroseconds())
    }

    // MARK: The cluster

    /// Goes where partitions have gone, and looks for those that do not answer.
    private mutating func followCluster(_ now: UInt64) throws(ZeroMQError) {
        guard let watch else { return }
        for claim in watch.news() {
            let worker = workers[claim.partition]
            let name = "\(claim.owner.name) for partition \(claim.partition)"
            worker.endpoint = claim.isReleased ? nil : Self.endpoint(of: claim, state)
            core.moved(
                claim.partition, to: name,
                claim.isReleased
                    ? "it has let go, and nobody has claimed the partition yet"
                    : "it has claimed the partition, and does not answer yet")
            try carryOut()
        }
        watch.look(at: core.workersInDoubt, now: now)
    }

    /// Where an owner is reached; nil for what is no address, which must not end the router.
    private static func endpoint(of claim: PartitionClaim, _ state: ServerState) -> String? {
        do throws(ServerError) { return try Endpoint(worker: claim.endpoint).address } catch {
            state.log.error(
                """
                worker \(claim.owner.name) says that partition \(claim.partition) is reached at \
                "\(claim.endpoint)": \(error)
                """)
            return nil
        }
    }

    // MARK: Workers

    /// Takes one message of a worker. It has one frame; a worker that sends more is no worker.
    private mutating func takeReply(from worker: Int) throws(ZeroMQError) -> Bool {
        guard try workers[worker].socket.receive(into: &incoming, wait: false) else { return false }
        var isWhole = true
        while incoming.hasMore {
            isWhole = false
            _ = try workers[worker].socket.receive(into: &incoming)
        }
        if isWhole {
            Self.hand(incoming, from: worker, at: moment(), to: &core)
            try carryOut()
        }
        return true
    }

    private static func hand(
        _ message: borrowing Message, from worker: Int, at moment: RouterMoment,
        to core: inout RouterCore
    ) {
        core.received(message.bytes, from: worker, at: moment)
    }

    /// Sends `outgoing`, behind a frame with the client's name where it has one.
    private mutating func sendOut(
        _ correlation: UInt64, of client: String?, to worker: Int
    ) throws(ZeroMQError) {
        if let client {
            clientFrame = Message(copying: ClientFrame.bytes(naming: client).span)
            // Whether there is room for the message is decided by its first frame.
            guard try workers[worker].socket.send(&clientFrame, more: true, wait: false) else {
                return core.couldNotSend(correlation, to: worker)
            }
        }
        if try workers[worker].socket.send(&outgoing, wait: false) { return }
        core.couldNotSend(correlation, to: worker)
    }

    /// Passes a request on. Its bytes are shared with the message, so the second time they are copied.
    private mutating func forward(
        _ id: RequestID, _ address: ForwardAddress, to worker: Int
    ) throws(ZeroMQError) {
        let exchange = exchanges[id]
        if exchange.isShared { exchange.payload = Self.copy(of: exchange.payload) }
        Self.readdress(&exchange.payload, address)
        outgoing.copy(from: &exchange.payload)
        exchange.isShared = true
        try sendOut(address.correlation, of: exchange.caller.name, to: worker)
    }

    private static func copy(of message: borrowing Message) -> Message {
        Message(copying: message.bytes)
    }

    private static func readdress(_ message: inout Message, _ address: ForwardAddress) {
        var bytes = message.mutableBytes
        Frame.readdress(
            &bytes, correlation: address.correlation,
            deadlineMilliseconds: address.deadlineMilliseconds, flags: address.flags)
    }

    // MARK: Clients

    /// Takes one message of a client (sojourn-1, "Framing"); what it leads to is not carried out yet.
    ///
    /// - Returns: false when there was none.
    mutating func takeRequest() throws(ZeroMQError) -> Bool {
        let id = takeNumber()
        let exchange = exchanges[id]
        guard try peers.receive(into: exchange) else {
            free.append(id)
            return false
        }
        exchange.isShared = false
        followClients()
        exchange.caller = try peers.caller(of: exchange, clients)
        exchange.requestBytes = exchange.payload.byteCount
        if exchange.payload.hasMore {
            try refuseFraming(id)
        } else {
            take(id)
        }
        return true
    }

    /// Takes what this process asks itself, past the requests of clients.
    ///
    /// - Returns: false when there was nothing.
    private mutating func takeOwnRequests() throws(ZeroMQError) -> Bool {
        let requests = state.ownRequests.take(atMost: Self.ownBurst)
        for request in requests {
            let id = takeNumber()
            let exchange = exchanges[id]
            exchange.take(request)
            // Workers with CURVE answer a router only in somebody's name.
            if let ownName = core.configuration.ownName {
                exchange.caller = .routed(ownName, by: nil)
            }
            take(id)
            try carryOut()
        }
        return !requests.isEmpty
    }

    private mutating func take(_ id: RequestID) {
        let exchange = exchanges[id]
        if Self.operation(exchange.payload) == .status {
            core.shell = counters.report(
                openRequests: exchanges.count - free.count, shareRefusals: shares.refusals,
                door: doorkeeper.counters)
        }
        var hasRoom = true
        if exchange.own == nil {
            let sharer = exchange.sharer
            hasRoom = shares.admit(sharer, bytes: exchange.requestBytes)
            exchange.owner = hasRoom ? sharer : nil
        }
        let moment = moment()
        exchange.receivedAt = moment.steady
        Self.hand(
            exchange.payload, as: id, from: exchange.caller, hasRoom: hasRoom, at: moment,
            to: &core)
    }

    private static func hand(
        _ message: borrowing Message, as id: RequestID, from caller: Caller, hasRoom: Bool,
        at moment: RouterMoment, to core: inout RouterCore
    ) {
        core.take(message.bytes, as: id, from: caller, hasRoom: hasRoom, at: moment)
    }

    /// Takes word of who is authorized from now on.
    private mutating func followClients() {
        guard let clients = state.newClients(since: &clientsVersion) else { return }
        core.follow(clients)
        self.clients = clients
    }

    private static func operation(_ request: borrowing Message) -> SojournWire.Operation? {
        MessageHeader.readable(request.bytes)?.operation
    }

    private mutating func takeNumber() -> RequestID {
        if let id = free.popLast() { return id }
        exchanges.append(Exchange())
        return exchanges.count - 1
    }

    /// The message has too many frames, of which the payload is the first or the second.
    private mutating func refuseFraming(_ id: RequestID) throws(ZeroMQError) {
        let answer = try peers.refuseFraming(
            exchanges[id], deployment: core.knownDeployment, into: &reply)
        counters.refusals.count(answer, .badFraming)
        switch answer {
        case .reply:
            outgoing = Message(copying: reply.bytes)
            answerOut(id)
        case .drop: forget(id)
        }
    }

    /// Puts `outgoing` into the request's place, to leave at the end of the round.
    private mutating func answerOut(_ id: RequestID) {
        exchanges[id].payload.move(from: &outgoing)
        ready.append(id)
    }

    /// Sends the answer to a request in the form in which the client asked, without ever waiting; and
    /// forgets the request.
    private mutating func finish(_ id: RequestID) throws(ZeroMQError) {
        let exchange = exchanges[id]
        if let own = exchange.own.take() {
            own.answer(exchange.payload.array)
        } else {
            let now = ServerClock.steadyMicroseconds()
            counters.latency.count(microseconds: now - min(now, exchange.receivedAt))
            try peers.send(&exchange.payload, to: exchange, &counters)
        }
        forget(id)
    }

    private mutating func forget(_ id: RequestID) {
        let exchange = exchanges[id]
        exchange.payload.removeAll()
        if let owner = exchange.owner.take() {
            shares.release(owner, bytes: exchange.requestBytes)
        }
        exchange.own?.answer(nil)
        exchange.own = nil
        free.append(id)
    }

    // MARK: Actions

    /// Does what the core has asked for.
    private mutating func carryOut() throws(ZeroMQError) {
        while let action = core.nextAction() {
            switch action {
            case .send(let frame, let correlation, let worker):
                outgoing = frame.read { Message(copying: $0) }
                try sendOut(correlation, of: frame.client, to: worker)
            case .forward(let id, let address, let worker):
                try forward(id, address, to: worker)
            case .answer(let id, let frame):
                outgoing = frame.read { Message(copying: $0) }
                core.giveBack(frame)
                answerOut(id)
            case .passOn(let id, let address):
                Self.readdress(&incoming, address)
                outgoing.move(from: &incoming)
                answerOut(id)
            case .assemble(let id, let assembly): bench.take(id, assembly)
            case .recycle(let frame): core.giveBack(frame)
            case .drop(let id): forget(id)
            case .reconnect(let worker):
                try workers[worker].reconnect()
                listenToAll()
            case .log(let event): log(event)
            }
        }
    }

    private func log(_ event: RouterEvent) {
        switch event {
        case .workerUp, .complete: state.log.info("\(event)")
        case .workerDown, .workerRefused: state.log.warning("\(event)")
        }
    }
}
