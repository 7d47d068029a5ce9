import SojournCluster
import SojournModel
import SojournRouter
import SojournService
import SojournTestKit
import SojournWire

/// Workers that share partitions over replicated logs, routers and clients in virtual time: one run. Messages get lost,
/// come late or twice; workers end, stand still and do not know it, are cut off from the logs, drain and leave; logs
/// have no leader for a while. Whatever happens is drawn from the seed.
final class ElasticSimulation {
    private static let epoch: Int64 = 20_000 * 86_400_000
    private static let turnMilliseconds = 30
    /// Faults end by then, whatever clients do.
    private static let troubleMilliseconds: Int64 = 12_000

    /// Something that is going to happen.
    enum Event {
        case think(Int)
        case sendAgain(Int)
        case ask
        /// Of a batch, or a question where it is nil.
        case request([UInt8], batch: Int?, router: Int)
        case reply([UInt8], batch: Int?)
        /// For a process, which may be gone by then, or stand still.
        case inWorker(Int, life: Int, Call)
        case toRouter([UInt8], partition: Int, router: Int, connection: Int)
        case routerHears(Int, life: Int, PartitionClaim)
        case routerLooked(Int, life: Int, Int, PartitionClaim?)
        case tickRouter(Int)
        /// At a log.
        case append(Append)
        case readLast(PartitionNode)
        case readClaim(PartitionNode, last: UInt64)
        case read(PartitionNode, UInt64)
        case look(Int, ElasticWorker)
        case routerLooks(Int, life: Int, Int)
        case fault
        case startWorker(Int)
        case startRouter(Int)
        case goOn(Int)
    }

    enum Call {
        case turn
        case heartbeat([UInt8])
        case claim(PartitionClaim)
        case saw(Int, PartitionClaim?)
        case drain(Bool)
        case request(PartitionNode, PartitionNode.Exchange)
        case letter(PartitionNode, PartitionNode.Letter)
        case load(PartitionNode, through: UInt64)
        case step(Job)
    }

    /// An append on its way.
    struct Append {
        let node: PartitionNode
        let message: LogMessage
        let expected: UInt64
        let ticket: UInt64
    }

    /// A snapshot on its way.
    final class Job {
        let upload: SnapshotPlan.Upload
        let node: PartitionNode
        var steps: ArraySlice<SnapshotPlan.Upload.Step>
        var failures = 0

        init(_ upload: SnapshotPlan.Upload, of node: PartitionNode) {
            self.upload = upload
            self.node = node
            steps = upload.steps[...]
        }
    }

    let plan: ElasticPlan
    private let isTraced: Bool
    private var dice: SplitMix64
    private var agenda = Agenda<Event>()
    private(set) var now: Int64 = 0

    private let logs: [ElasticLog]
    private var workers: [ElasticWorker?]
    private var routers: [ElasticRouter?]
    private var lives = 0
    private var listeners: [String: PartitionNode] = [:]
    private var endpoints = 0
    /// Of each router to each partition: which connection it is, growing with each new one.
    private var connections: [[Int]]
    /// Virtual times before which a worker, or a router, hears nothing of the logs and they nothing of it.
    private var cutUntil: [Int64]
    private var routerCutUntil: [Int64]
    private var jobs: [Job] = []
    private var faultsLeft: Int
    private var questionsLeft: Int

    private var producers: [(id: UInt64, next: UInt64)]
    private var batches: [SentBatch] = []
    /// When the last batch was made, in virtual time.
    private var sentAt: Int64 = 0
    private var builder = BatchBuilder(sortsTexts: false)
    private var judge: ElasticJudge
    private var calmSince: Int64?
    private var fault: Violation?

    private(set) var counts: [String: Int] = [:]
    private(set) var digest: UInt64 = 0

    init(_ plan: ElasticPlan, isTraced: Bool = false) {
        self.plan = plan
        self.isTraced = isTraced
        dice = SplitMix64(seed: plan.seed &* 0x9E37_79B9_7F4A_7C15 ^ 0xE2)
        logs = (0..<plan.partitions).map { ElasticLog($0, plan) }
        workers = Array(repeating: nil, count: plan.workers)
        routers = Array(repeating: nil, count: plan.routers)
        connections = Array(
            repeating: Array(repeating: 0, count: plan.partitions), count: plan.routers)
        cutUntil = Array(repeating: 0, count: plan.workers)
        routerCutUntil = Array(repeating: 0, count: plan.routers)
        faultsLeft = plan.faults
        questionsLeft = plan.questions
        producers = (0..<plan.producers).map { (id: UInt64(100 + $0), next: 1) }
        judge = ElasticJudge(plan)
    }

    private var serverTime: Int64 { Self.epoch + now }
    /// Milliseconds that never go back, for everybody.
    var steady: UInt64 { UInt64(now + 1_000_000) }
    func serverTime(of worker: Int) -> Int64 { serverTime + plan.clockErrors[worker] }
    func count(_ what: String) { counts[what, default: 0] += 1 }

    private func trace(_ line: @autoclosure () -> String) {
        if isTraced { print("\(now) ms: \(line())") }
    }

    private func schedule(_ event: Event, after milliseconds: Int) {
        agenda.add(event, at: now + Int64(milliseconds))
    }

    // MARK: The run

    /// Plays the run to its end, and judges it.
    func run() throws {
        // In any order.
        for worker in workers.indices {
            schedule(.startWorker(worker), after: dice.number(0...500))
        }
        for router in routers.indices {
            schedule(.startRouter(router), after: dice.number(0...500))
            schedule(.tickRouter(router), after: Self.turnMilliseconds)
        }
        for number in producers.indices { schedule(.think(number), after: 5 * number) }
        if plan.questions > 0 { schedule(.ask, after: 300) }
        if faultsLeft > 0 { schedule(.fault, after: dice.number(1...3_000)) }
        while let (time, event) = agenda.next() {
            now = time
            try play(event)
            if let fault { throw fault }
            if calmSince == nil,
                batches.count == plan.batches && faultsLeft == 0
                    || now >= Self.troubleMilliseconds
            {
                calm()
            }
            guard let calmSince else { continue }
            if case .tickRouter = event, isOver {
                counts["slowest end (ms)"] = Int(now - max(calmSince, sentAt))
                break
            }
            if now >= max(calmSince, sentAt) + ElasticPlan.patience {
                throw Violation("all is well for \(ElasticPlan.patience) ms, and \(unfinished)")
            }
        }
        for partition in logs.indices {
            guard let node = owner(of: partition), let image = node.image else {
                throw Violation("nobody serves partition \(partition)")
            }
            try judge.judge(logs[partition], batches, image: image)
        }
        try judge.compare(batches)
        counts["runs"] = 1
        counts["batches"] = batches.count
        counts["merges"] = judge.merges
        counts["void messages"] = judge.voidMessages
    }

    private func play(_ event: Event) throws {
        switch event {
        case .think(let producer): think(producer)
        case .sendAgain(let index): sendAgain(index)
        case .ask: ask()
        case .request(let frame, let batch, let router): take(frame, batch, router)
        case .reply(let frame, let batch):
            // Whether a question was answered rightly shows where the answer leaves.
            if let batch { try receive(frame, batches[batch]) } else { count("questions answered") }
        case .inWorker(let number, let life, let call):
            guard let worker = workers[number], worker.life == life else { return }
            if worker.isPaused { return worker.postponed.append(event) }
            try play(call, in: worker)
        case .toRouter(let frame, let partition, let router, let connection):
            guard connection == connections[router][partition], let node = routers[router] else {
                return
            }
            frame.lend { node.core.received($0, from: partition, at: moment) }
            carryOut(router, inHand: frame)
        case .routerHears(let router, let life, let claim):
            guard let node = routers[router], node.life == life, node.watch.heard(claim) else {
                return
            }
            follow(claim, router, node)
        case .routerLooked(let router, let life, let partition, let claim):
            guard let node = routers[router], node.life == life,
                node.watch.looked(at: partition, claim), let claim
            else { return }
            follow(claim, router, node)
        case .tickRouter(let router): tickRouter(router)
        case .append(let append): take(append)
        case .readLast(let node): readLast(node)
        case .readClaim(let node, let last):
            let log = logs[node.partition]
            answer(
                node,
                .sawEnd(last: last, claim: log.lastClaim, snapshot: log.snapshotSequence))
        case .read(let node, let sequence):
            let log = logs[node.partition]
            let isHeard = isReached(log, by: node.worker)
            answer(node, .saw(sequence, isHeard ? log.sight(at: sequence) : .unknown))
        case .look(let partition, let worker):
            // Who is not answered says nothing.
            guard isReached(logs[partition], by: worker.number) else { return }
            deliver(.saw(partition, logs[partition].lastClaim), worker.number, worker.life)
        case .routerLooks(let router, let life, let partition):
            let isHeard = now >= routerCutUntil[router] && now >= logs[partition].gapUntil
            let claim = isHeard ? logs[partition].lastClaim : nil
            schedule(
                .routerLooked(router, life: life, partition, claim),
                after: isHeard ? dice.number(0...plan.delay) : 300)
        case .fault: makeFault()
        case .startWorker(let worker): start(worker)
        case .startRouter(let router):
            lives += 1
            routers[router] = ElasticRouter(plan, life: lives, serverTime: serverTime)
            for partition in logs.indices { connections[router][partition] += 1 }
        case .goOn(let worker): try goOn(worker)
        }
    }

    private func play(_ call: Call, in worker: ElasticWorker) throws {
        switch call {
        case .turn:
            worker.turn()
            if worker.hasLeft {
                trace("worker \(worker.number) has left")
                return end(worker.number)
            }
            schedule(
                .inWorker(worker.number, life: worker.life, .turn), after: Self.turnMilliseconds)
        case .heartbeat(let bytes):
            if let heartbeat = bytes.lend({ Heartbeat($0) }) { worker.hear(heartbeat) }
        case .claim(let claim): worker.hear(claim)
        case .saw(let partition, let claim): worker.saw(partition, claim)
        case .drain(let isDraining): worker.drain(isDraining)
        case .request(let node, let exchange): if !node.isClosed { node.receive(exchange) }
        case .letter(let node, let letter): node.open(letter)
        case .load(let node, let through): try load(node, through)
        case .step(let job): step(job)
        }
    }

    private var moment: RouterMoment {
        RouterMoment(serverTime: serverTime, steady: steady * 1_000)
    }

    private var trouble: Int { calmSince == nil ? plan.network : 0 }

    /// Sends a message, which may get lost, come late, or come twice.
    private func transmit(_ message: Event) {
        let trouble = trouble
        if dice.number(0...99) < trouble { return }
        for _ in 0..<(dice.number(0...99) < trouble ? 2 : 1) {
            let isLate = trouble > 0 && dice.once(in: 10)
            schedule(message, after: dice.number(0...plan.delay) + (isLate ? 700 : 0))
        }
    }

    private func deliver(_ call: Call, _ worker: Int, _ life: Int) {
        transmit(.inWorker(worker, life: life, call))
    }

    /// Tells a node what came of something; that is never lost, for the client of the log sees to it.
    private func answer(_ node: PartitionNode, _ letter: PartitionNode.Letter, after pause: Int = 0)
    {
        schedule(
            .inWorker(node.worker, life: node.life, .letter(node, letter)),
            after: pause + dice.number(0...plan.delay))
    }

    // MARK: Logs

    private func isReached(_ log: ElasticLog, by worker: Int) -> Bool {
        now >= log.gapUntil && now >= cutUntil[worker]
    }

    func append(
        _ message: LogMessage, expecting expected: UInt64, ticket: UInt64, of node: PartitionNode
    ) {
        trace(
            "worker \(node.worker) appends \(message.header.kind) of epoch \(message.header.epoch) to "
                + "partition \(node.partition) behind \(expected)")
        let append = Append(node: node, message: message, expected: expected, ticket: ticket)
        if now < cutUntil[node.worker] {
            // The client keeps it for the time when it is connected again, or not.
            if dice.once(in: 2) {
                agenda.add(.append(append), at: cutUntil[node.worker] + late)
            }
            return
        }
        let trouble = trouble
        if dice.number(0...99) < trouble { return }
        for _ in 0..<(dice.number(0...99) < trouble ? 2 : 1) {
            // A connection keeps the order; what comes over several does not.
            var arrival = now + Int64(dice.number(0...plan.delay))
            if trouble > 0, dice.once(in: 10) {
                arrival += Int64(dice.number(0...900))
            } else {
                arrival = max(arrival, node.lastArrival)
                node.lastArrival = arrival
            }
            agenda.add(.append(append), at: arrival)
        }
    }

    /// How long after the others something may come that was kept.
    private var late: Int64 { Int64(dice.number(0...dice.pick([50, 600]))) }

    private func take(_ append: Append) {
        let (node, log) = (append.node, logs[append.node.partition])
        if now < log.gapUntil {
            // It lands when there is a leader again, long after its time-out, or not at all.
            if dice.once(in: 2) {
                agenda.add(.append(append), at: log.gapUntil + late)
            }
            return
        }
        let outcome = log.append(
            append.message.bytes, id: "\(node.life).\(append.ticket)", expecting: append.expected,
            at: now)
        trace("the log of partition \(node.partition) says \(outcome) to worker \(node.worker)")
        if now < cutUntil[node.worker] { return }
        transmit(
            .inWorker(
                node.worker, life: node.life,
                .letter(node, .appended(ticket: append.ticket, outcome))))
    }

    func readEnd(_ node: PartitionNode) {
        schedule(.readLast(node), after: dice.number(0...plan.delay))
    }

    private func readLast(_ node: PartitionNode) {
        let log = logs[node.partition]
        guard isReached(log, by: node.worker) else {
            return answer(node, .sawEnd(last: nil, claim: nil, snapshot: 0), after: 300)
        }
        schedule(
            .readClaim(node, last: log.lastSequence), after: dice.number(0...plan.delay))
    }

    func readMessage(at sequence: UInt64, _ node: PartitionNode) {
        schedule(.read(node, sequence), after: dice.number(0...plan.delay))
    }

    func load(_ node: PartitionNode, through sequence: UInt64) {
        schedule(
            .inWorker(node.worker, life: node.life, .load(node, through: sequence)),
            after: dice.number(0...plan.delay))
    }

    private func load(_ node: PartitionNode, _ through: UInt64) throws {
        let log = logs[node.partition]
        var source = ElasticLog.Source(log) { [self] in
            // An owner of long ago may be at its snapshot still.
            if let job = jobs.first(where: { $0.node.partition == node.partition }),
                dice.once(in: 4)
            {
                step(job, isScheduled: false)
            }
            return isReached(log, by: node.worker) && !(trouble > 0 && dice.once(in: 40))
        }
        do throws(LoadError) {
            let found = try LoadedPartition.read(&source, through: through) {
                ServiceCore(
                    plan.configuration(node.partition), startedAt: serverTime(of: node.worker),
                    isJournaled: true)
            }
            answer(node, .loaded(PartitionNode.Loaded(found)), after: dice.number(0...50))
        } catch {
            if case .unreadable(let reason) = error {
                fault = Violation("partition \(node.partition) cannot be read: \(reason)")
            }
            answer(node, .notLoaded(error), after: 100)
        }
    }

    /// Compares what an owner begins with, now and then, with what the log says.
    func check(of partition: Int, through sequence: UInt64, _ image: () -> [UInt8]) {
        guard dice.once(in: 3) else { return }
        do {
            try judge.compare(image(), with: logs[partition], through: sequence)
        } catch { fault = Violation("take-over of partition \(partition): \(error)") }
    }

    // MARK: Snapshots

    func upload(_ upload: SnapshotPlan.Upload, of node: PartitionNode) {
        count("snapshots begun")
        let job = Job(upload, of: node)
        jobs.append(job)
        scheduleStep(job)
    }

    private func scheduleStep(_ job: Job) {
        schedule(
            .inWorker(job.node.worker, life: job.node.life, .step(job)),
            after: dice.number(0...plan.delay) + (dice.once(in: 4) ? dice.number(0...600) : 0))
    }

    private func step(_ job: Job, isScheduled: Bool = true) {
        guard let next = job.steps.first else { return }
        let log = logs[job.node.partition]
        if workers[job.node.worker]?.life != job.node.life { return jobs.removeAll { $0 === job } }
        if isReached(log, by: job.node.worker) {
            log.carryOut(next, of: job.upload)
            job.steps.removeFirst()
        } else {
            job.failures += 1
        }
        let isDone = job.steps.isEmpty
        if isDone || job.failures > 5 {
            jobs.removeAll { $0 === job }
            if isDone { count("snapshots") }
            answer(job.node, .snapshot(isDone ? job.upload.manifest : nil))
            job.steps = []
        } else if isScheduled {
            scheduleStep(job)
        }
    }

    // MARK: Workers

    private func start(_ worker: Int) {
        guard workers[worker] == nil else { return }
        lives += 1
        let process = ElasticWorker(worker, life: lives, in: self)
        workers[worker] = process
        trace("worker \(worker) starts as \(lives)")
        schedule(.inWorker(worker, life: lives, .turn), after: 0)
    }

    private func end(_ number: Int) {
        guard let worker = workers[number] else { return }
        for node in worker.nodes.values where listeners[node.endpoint] === node {
            listeners[node.endpoint] = nil
        }
        workers[number] = nil
        schedule(.startWorker(number), after: dice.number(1...dice.pick([1_500, 6_000])))
    }

    private func goOn(_ number: Int) throws {
        guard let worker = workers[number], worker.isPaused else { return }
        trace("worker \(number) goes on")
        worker.isPaused = false
        let postponed = worker.postponed
        worker.postponed = []
        for event in postponed { try play(event) }
    }

    /// Where a partition of a worker is reached.
    func endpoint(of partition: Int, at worker: Int) -> String {
        if plan.hasFixedPorts { return "\(worker):\(partition)" }
        endpoints += 1
        return "\(worker):\(1_000 + endpoints)"
    }

    func listen(_ node: PartitionNode) { listeners[node.endpoint] = node }

    func closed(_ node: PartitionNode) {
        trace(
            "worker \(node.worker) is done with partition \(node.partition): "
                + "\(node.end.map { "\($0)" } ?? "it took too long")")
        if listeners[node.endpoint] === node { listeners[node.endpoint] = nil }
        if case .notFenced? = node.end {
            fault = Violation("worker \(node.worker) finds that the log does not fence")
        }
    }

    /// The one node that serves a partition; nil when there is none, or more than one that thinks so.
    private func owner(of partition: Int) -> PartitionNode? {
        let nodes = workers.compactMap { $0?.nodes[partition] }.filter { $0.isServing }
        return nodes.count == 1 ? nodes[0] : nil
    }

    func beat(_ heartbeat: Heartbeat, from worker: Int) {
        if now < cutUntil[worker] { return }
        let bytes = heartbeat.bytes
        for other in workers where other?.number != worker {
            guard let other, now >= cutUntil[other.number] else { continue }
            deliver(.heartbeat(bytes), other.number, other.life)
        }
    }

    func announce(_ message: LogMessage, from worker: Int) {
        guard now >= cutUntil[worker], case .message(_, let claim?) = message.bytes.sight else {
            return
        }
        trace("worker \(worker) announces \(claim)")
        for other in workers {
            guard let other, now >= cutUntil[other.number] else { continue }
            deliver(.claim(claim), other.number, other.life)
        }
        for number in routers.indices {
            guard let router = routers[number], now >= routerCutUntil[number] else { continue }
            transmit(.routerHears(number, life: router.life, claim))
        }
    }

    func look(at partition: Int, for worker: ElasticWorker) {
        schedule(.look(partition, worker), after: dice.number(0...plan.delay))
    }

    func send(_ reply: PartitionNode.Exchange, from node: PartitionNode) {
        do { try judge.told(reply.frame, of: node.partition) } catch {
            fault = Violation("\(error)")
        }
        if reply.frame.operation == SojournWire.Operation.lookup.rawValue,
            let time = logs[node.partition].claimTime(behind: node.epoch),
            time < reply.receivedAt - ElasticPlan.confirmMilliseconds
        {
            fault = Violation(
                "worker \(node.worker) answers a question of \(reply.receivedAt) ms for partition "
                    + "\(node.partition), which was claimed by another at \(time) ms")
        }
        transmit(
            .toRouter(
                reply.frame, partition: node.partition, router: reply.router,
                connection: reply.connection))
    }

    // MARK: Routers

    private func tickRouter(_ router: Int) {
        schedule(.tickRouter(router), after: Self.turnMilliseconds)
        guard let node = routers[router] else { return }
        for partition in node.watch.looks(at: node.core.workersInDoubt, now: steady) {
            schedule(
                .routerLooks(router, life: node.life, partition), after: dice.number(0...plan.delay)
            )
        }
        node.core.tick(at: moment)
        carryOut(router)
    }

    private func follow(_ claim: PartitionClaim, _ router: Int, _ node: ElasticRouter) {
        trace("router \(router) goes to \(claim)")
        node.follow(claim)
        carryOut(router)
    }

    private func take(_ frame: [UInt8], _ batch: Int?, _ router: Int) {
        guard let node = routers[router] else { return }
        node.take(frame, batch, at: moment)
        carryOut(router)
    }

    private func carryOut(_ router: Int, inHand: [UInt8] = []) {
        guard let node = routers[router] else { return }
        while let effect = node.nextEffect(inHand: inHand) {
            switch effect {
            case .pass(let frame, let correlation, let partition):
                pass(frame, correlation, node, router, partition)
            case .reply(let frame, let batch): transmit(.reply(frame, batch: batch))
            case .reconnect(let partition): connections[router][partition] += 1
            case .log(let event): trace("router \(router): \(event)")
            }
        }
    }

    private func pass(
        _ frame: [UInt8], _ correlation: UInt64, _ node: ElasticRouter, _ router: Int,
        _ partition: Int
    ) {
        guard let endpoint = node.endpoints[partition], let listener = listeners[endpoint] else {
            return node.core.couldNotSend(correlation, to: partition)
        }
        let exchange = PartitionNode.Exchange(
            frame: frame, router: router, connection: connections[router][partition])
        deliver(.request(listener, exchange), listener.worker, listener.life)
    }

    // MARK: Faults

    private func makeFault() {
        guard calmSince == nil, faultsLeft > 0 else { return }
        faultsLeft -= 1
        let worker = dice.number(0...workers.count - 1)
        let router = dice.number(0...routers.count - 1)
        let partition = dice.number(0...logs.count - 1)
        switch dice.number(plan.kinds) {
        case 0, 1:
            tell("kills of workers", "worker \(worker) is killed")
            end(worker)
        case 2, 3, 4:
            tell("pauses of workers", "worker \(worker) stands still")
            workers[worker]?.isPaused = true
            schedule(.goOn(worker), after: dice.number(50...4_000))
        case ElasticPlan.Fault.cut, 6:
            cutUntil[worker] = now + Int64(dice.number(50...4_500))
            tell("cuts of workers", "worker \(worker) is cut off until \(cutUntil[worker])")
        case 7:
            logs[partition].gapUntil = now + Int64(dice.number(50...3_500))
            tell("gaps of logs", "partition \(partition) has no leader")
        case 8:
            tell("kills of routers", "router \(router) is killed")
            routers[router] = nil
            schedule(.startRouter(router), after: dice.number(1...500))
        case 9:
            routerCutUntil[router] = now + Int64(dice.number(50...2_500))
            tell("cuts of routers", "router \(router) is cut off until \(routerCutUntil[router])")
        case 10:
            tell("drains of workers", "worker \(worker) is told to drain")
            if let life = workers[worker]?.life {
                schedule(.inWorker(worker, life: life, .drain(true)), after: 0)
                schedule(
                    .inWorker(worker, life: life, .drain(false)), after: dice.number(500...4_000))
            }
        case 11:
            tell("stops of workers", "worker \(worker) is told to stop")
            workers[worker]?.leave()
        default:
            if dice.once(in: 2), logs[partition].damageSnapshot(&dice) {
                tell("damaged snapshots", "the snapshot of partition \(partition) is damaged")
            } else {
                tell("times of ids", "partition \(partition) forgets its ids")
                logs[partition].forgetIDs()
            }
        }
        schedule(.fault, after: dice.number(1...dice.pick([200, 1_000, 2_500])))
    }

    private func tell(_ what: String, _ line: @autoclosure () -> String) {
        count(what)
        trace(line())
    }

    /// From here on nothing goes wrong any more, so that all comes to an end.
    private func calm() {
        trace("all is well from here on")
        calmSince = now
        for log in logs { log.gapUntil = min(log.gapUntil, now) }
        for worker in workers.indices {
            cutUntil[worker] = min(cutUntil[worker], now)
            schedule(.goOn(worker), after: 0)
            if let life = workers[worker]?.life {
                schedule(.inWorker(worker, life: life, .drain(false)), after: 1)
            }
        }
        for router in routers.indices { routerCutUntil[router] = min(routerCutUntil[router], now) }
    }

    // MARK: Clients

    private func think(_ number: Int) {
        guard batches.count < plan.batches else { return }
        let open = batches.filter { $0.sender == number && !$0.isSettled }
        if open.count < 6 {
            var events = (0..<dice.number(1...5)).map { _ in makeEvent() }
            // No two batches are alike.
            events[0].name = "/\(batches.count)"
            let batch = SentBatch(
                batches.count, from: number, to: ElasticPlan.property,
                producer: producers[number].id, sequence: producers[number].next,
                deadline: dice.once(in: 10) ? 400 : 0, events, &builder)
            producers[number].next += 1
            batches.append(batch)
            sentAt = now
            send(batch)
            schedule(.sendAgain(batch.index), after: dice.number(300...3_000))
        }
        let pause = dice.once(in: 8) ? dice.number(300...4_000) : plan.pause
        schedule(.think(number), after: dice.number(0...pause))
    }

    private func ask() {
        guard questionsLeft > 0, calmSince == nil else { return }
        questionsLeft -= 1
        let visitor = "visitor \(dice.number(0...plan.visitors - 1))"
        transmit(
            .request(
                Simulation.question(visitor, ElasticPlan.property), batch: nil,
                router: dice.number(0...routers.count - 1)))
        schedule(.ask, after: dice.number(0...dice.pick([100, 1_500])))
    }

    private func makeEvent() -> TestEvent {
        let timeout = plan.policy.timeoutMilliseconds
        let late: Int64 = dice.pick([
            0, 0, 0, timeout / 2, timeout, timeout * 3 / 2,
            dice.number(0...timeout + plan.policy.latenessMilliseconds),
        ])
        let kinds: [EventKind] = [.view, .view, .view, .action, .conversion, .heartbeat]
        var event = TestEvent(
            "visitor \(dice.number(0...plan.visitors - 1))", Self.epoch + now - late,
            dice.pick(kinds))
        event.name = dice.pick(["/", "/a", ""])
        if dice.once(in: 3) { event.value = Int64(dice.number(-50...1_000)) }
        return event
    }

    private func send(_ batch: SentBatch) {
        batch.attempts += 1
        trace("batch \(batch.index), attempt \(batch.attempts)")
        let correlation = UInt64(batch.index) << 16 | UInt64(batch.attempts)
        transmit(
            .request(
                batch.frame.with(correlation: correlation), batch: batch.index,
                router: dice.number(0...routers.count - 1)))
    }

    private func sendAgain(_ index: Int) {
        if batches[index].isSettled { return }
        count("retries")
        send(batches[index])
        schedule(.sendAgain(index), after: dice.number(300...3_000))
    }

    private func receive(_ frame: [UInt8], _ batch: SentBatch) throws {
        let header = try frame.lend { try Frame.open($0, role: .client) }
        try require(
            header.producer.rawValue == batch.producer && header.sequence == batch.sequence
                && header.correlation >> 16 == UInt64(batch.index), "a reply to another batch")
        if frame.isError {
            let error = try frame.lend { try ErrorReply.decode(body: $0.extracting(64...)) }
            count("\(error.code)")
            trace("batch \(batch.index) is refused: \(error.code) \(error.message)")
            return try require(
                error.isRetriable, "batch \(batch.index) is refused: \(error.code) \(error.message)"
            )
        }
        let answer = frame.withoutCorrelation
        if let first = batch.answer {
            try require(first == answer, "batch \(batch.index) was answered otherwise before")
        } else {
            trace("batch \(batch.index) is answered")
        }
        batch.answer = answer
        batch.isSettled = true
        digest = digest &* 31 &+ UInt64(frame.lend { CRC32C.checksum(of: $0) })
    }

    // MARK: The end

    /// Everything was sent and answered, and every partition is where it should be.
    private var isOver: Bool {
        guard batches.count == plan.batches, batches.allSatisfy(\.isSettled),
            workers.allSatisfy({ $0.map { !$0.plan.isLeaving } ?? false })
        else { return false }
        let spread = spread
        return logs.indices.allSatisfy { partition in
            guard let node = owner(of: partition) else { return false }
            let claim = logs[partition].lastClaim
            return node.isIdle && spread[partition] == "worker-\(node.worker)"
                && claim?.owner.incarnation == UInt64(node.life) && claim?.epoch == node.epoch
        }
    }

    private var spread: [String] {
        PartitionSpread.owners(
            of: plan.partitions, among: workers.indices.map { "worker-\($0)" })
    }

    /// What is not as it should be in the end.
    private var unfinished: String {
        let waiting = batches.filter { !$0.isSettled }.map { "\($0.index)" }
        let spread = spread
        let partitions = logs.indices.map { partition in
            let nodes = workers.compactMap { $0?.nodes[partition] }
            let held = nodes.map { "\($0.worker) (epoch \($0.epoch), \($0.phase))" }
            return "partition \(partition) is to be with \(spread[partition]), and is with "
                + "\(held.isEmpty ? "nobody" : held.joined(separator: " and ")); its last claim is "
                + "\(logs[partition].lastClaim.map { "\($0)" } ?? "none")"
        }
        return "\(plan.batches - batches.count) batches are not sent, batches "
            + "[\(waiting.joined(separator: ", "))] wait; " + partitions.joined(separator: "; ")
    }
}
