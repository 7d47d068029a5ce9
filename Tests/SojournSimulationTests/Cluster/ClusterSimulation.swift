import SojournModel
import SojournRouter
import SojournService
import SojournTestKit
import SojournWire

/// Workers with journals, routers and clients in virtual time: one run. Messages get lost, come late or
/// twice; workers and routers end and start again; workers stand still and do not know it. Whatever
/// happens is drawn from the seed.
final class ClusterSimulation {
    private static let epoch: Int64 = 20_000 * 86_400_000
    private static let partitions = 8
    /// How long all may take to come to an end once nothing goes wrong any more.
    private static let patience: Int64 = 120_000

    /// A promise that is broken, to show that the simulator sees it.
    enum Deception { case none, forgetsProducers, mixesParts }

    private enum Event {
        case think(Int)
        case sendAgain(Int)
        case request([UInt8], batch: Int, router: Int)
        case reply([UInt8], batch: Int?)
        case toWorker([UInt8], worker: Int, router: Int, connection: Int)
        case toRouter([UInt8], worker: Int, router: Int, connection: Int)
        case write(worker: Int, life: Int)
        case tickWorker(Int)
        case tickRouter(Int)
        case end
        case startWorker(Int)
        case startRouter(Int)
        case goOn(Int)
    }

    private let seed: UInt64
    private let deception: Deception
    private var dice: SplitMix64
    private var agenda = Agenda<Event>()
    private var now: Int64 = 0

    private let policy: SessionPolicy
    private let workers: [ClusterWorker]
    private var lives: [Int]
    private var routers: [SimulatedRouter?]
    /// Of each router to each worker: which connection it is, growing with each new one.
    private var connections: [[Int]]

    private let network: Int
    private let delay: Int
    private let batchCount: Int
    private let visitors: Int
    private var endsLeft: Int
    private var producers: [(id: UInt64, next: UInt64)]
    private var batches: [SentBatch] = []
    private var builder = BatchBuilder(sortsTexts: false)
    private var calmSince: Int64?

    private(set) var counts: [String: Int] = [:]
    private(set) var digest: UInt64 = 0

    init(seed: UInt64, deception: Deception = .none) {
        self.seed = seed
        self.deception = deception
        var dice = SplitMix64(seed: seed &* 0xD134_2543_DE82_EF95 ^ 0xC1)
        var policy = SessionPolicy()
        policy.timeoutMilliseconds = dice.pick([1_000, 2_500])
        policy.latenessMilliseconds = dice.pick([3, 8, 8]) * policy.timeoutMilliseconds
        policy.visitorRetentionMilliseconds = 366 * 86_400_000
        policy.maxEvents = dice.once(in: 3) ? 6 : nil
        self.policy = policy
        let count = dice.number(1...3)
        workers = (0..<count).map { number in
            var configuration = ServiceConfiguration(
                properties: [ServiceProperty(id: PropertyID(1), name: "shop", policy: policy)],
                secret: SimulationPlan.secret)
            configuration.partitions =
                PartitionRange(
                    first: Self.partitions * number / count,
                    last: Self.partitions * (number + 1) / count - 1, count: Self.partitions)
                ?? .whole
            if deception == .forgetsProducers { configuration.producersMax = 1 }
            return ClusterWorker(configuration, seed: seed &+ UInt64(number))
        }
        lives = Array(repeating: 0, count: count)
        let routerCount = dice.number(1...2)
        routers = Array(repeating: nil, count: routerCount)
        connections = Array(
            repeating: Array(repeating: 0, count: count), count: routerCount)
        network = dice.pick([0, 3, 10, 20])
        delay = dice.pick([1, 5, 40])
        batchCount = dice.number(4...24)
        visitors = dice.number(1...12)
        endsLeft = dice.pick([0, 1, 3, 6])
        producers = (0..<dice.number(1...3)).map { (id: UInt64(100 + $0), next: 1) }
        self.dice = dice
    }

    private var serverTime: Int64 { Self.epoch + now }

    private func schedule(_ event: Event, after milliseconds: Int) {
        agenda.add(event, at: now + Int64(milliseconds))
    }

    private func count(_ what: String) { counts[what, default: 0] += 1 }

    // MARK: The run

    /// Plays the run to its end, and judges it.
    func run() throws {
        // In any order.
        for worker in workers.indices {
            schedule(.startWorker(worker), after: dice.number(0...500))
            schedule(.tickWorker(worker), after: 100)
        }
        for router in routers.indices {
            schedule(.startRouter(router), after: dice.number(0...500))
            schedule(.tickRouter(router), after: 20)
        }
        for number in producers.indices { schedule(.think(number), after: 5 * number) }
        if endsLeft > 0 { schedule(.end, after: dice.number(1...1_500)) }
        while let (time, event) = agenda.next() {
            now = time
            try play(event)
            if calmSince != nil, batches.allSatisfy(\.isSettled) { break }
            if let calmSince {
                let waiting = batches.count { !$0.isSettled }
                try require(
                    now < calmSince + Self.patience,
                    "all is well for \(Self.patience) ms, and \(waiting) batches wait")
            }
        }
        try judge()
    }

    private func play(_ event: Event) throws {
        switch event {
        case .think(let producer): think(producer)
        case .sendAgain(let index): sendAgain(index)
        case .request(let frame, let batch, let router): take(frame, batch, router)
        case .reply(let frame, let batch):
            if let batch { try receive(frame, batches[batch]) }
        case .toWorker(let frame, let worker, let router, let connection):
            guard workers[worker].isRunning, connection == connections[router][worker] else {
                return
            }
            workers[worker].waiting.append(
                ClusterWorker.Outgoing(frame: frame, router: router, connection: connection))
            work(worker)
        case .toRouter(let frame, let worker, let router, let connection):
            guard connection == connections[router][worker], let node = routers[router] else {
                return
            }
            frame.lend { node.core.received($0, from: worker, at: moment) }
            carryOut(router, inHand: frame)
        case .write(let worker, let life):
            guard life == lives[worker] else { return }
            send(try workers[worker].write(), from: worker)
            writeSoon(worker)
        case .tickWorker(let worker):
            workers[worker].tick(serverTime: serverTime)
            writeSoon(worker)
            schedule(event, after: 100)
        case .tickRouter(let router):
            schedule(event, after: 20)
            guard let node = routers[router] else { return }
            node.core.tick(at: moment)
            carryOut(router)
        case .end: end()
        case .startWorker(let worker):
            guard !workers[worker].isRunning else { return }
            try workers[worker].start(serverTime: serverTime)
        case .startRouter(let router):
            let names = workers.indices.map { "worker \($0)" }
            var configuration = RouterConfiguration(workers: names)
            configuration.limits.workerPartsMax = 6
            routers[router] = SimulatedRouter(configuration, serverTime: serverTime)
            for worker in workers.indices { connections[router][worker] += 1 }
        case .goOn(let worker):
            workers[worker].isStopped = false
            work(worker)
            send(try workers[worker].write(), from: worker)
        }
    }

    private var moment: RouterMoment {
        RouterMoment(serverTime: serverTime, steady: UInt64(now + 1_000_000) * 1_000)
    }

    /// Sends a message, which may get lost, come late, or come twice.
    private func transmit(_ message: Event) {
        let trouble = calmSince == nil ? network : 0
        if dice.number(0...99) < trouble { return }
        for _ in 0..<(dice.number(0...99) < trouble ? 2 : 1) {
            let isLate = trouble > 0 && dice.once(in: 10)
            schedule(message, after: dice.number(0...delay) + (isLate ? 900 : 0))
        }
    }

    // MARK: Workers

    private func work(_ worker: Int) {
        send(workers[worker].work(serverTime: serverTime), from: worker)
        writeSoon(worker)
    }

    private func writeSoon(_ worker: Int) {
        guard workers[worker].mustWrite() else { return }
        schedule(.write(worker: worker, life: lives[worker]), after: dice.number(1...30))
    }

    private func send(_ replies: [ClusterWorker.Outgoing], from worker: Int) {
        for reply in replies {
            transmit(
                .toRouter(
                    reply.frame, worker: worker, router: reply.router,
                    connection: reply.connection))
        }
    }

    // MARK: Routers

    private func take(_ frame: [UInt8], _ batch: Int, _ router: Int) {
        guard let node = routers[router] else { return }
        node.take(frame, batch, at: moment)
        carryOut(router)
    }

    private func carryOut(_ router: Int, inHand: [UInt8] = []) {
        guard let node = routers[router] else { return }
        while let effect = node.nextEffect(inHand: inHand) {
            switch effect {
            case .pass(let frame, let correlation, let worker):
                pass(frame, correlation, node, router, worker)
            case .reply(let frame, let batch): transmit(.reply(frame, batch: batch))
            case .reconnect(let worker): connections[router][worker] += 1
            case .log: break
            }
        }
    }

    private func pass(
        _ frame: [UInt8], _ correlation: UInt64, _ node: SimulatedRouter, _ router: Int,
        _ worker: Int
    ) {
        var frame = frame
        if deception == .mixesParts, frame.operation == SojournWire.Operation.assign.rawValue,
            dice.once(in: 6)
        {
            // As a router would that gives parts numbers of its own.
            frame = frame.with(producer: (7, correlation))
        }
        guard workers[worker].isRunning, !workers[worker].isStopped || dice.once(in: 2) else {
            return node.core.couldNotSend(correlation, to: worker)
        }
        transmit(
            .toWorker(
                frame, worker: worker, router: router, connection: connections[router][worker]))
    }

    // MARK: Ends

    private func end() {
        guard calmSince == nil, endsLeft > 0 else { return }
        endsLeft -= 1
        let worker = dice.number(0...workers.count - 1)
        let router = dice.number(0...routers.count - 1)
        switch dice.number(0...3) {
        case 0, 1:
            count("kills of workers")
            endWorker(worker, cutsPower: dice.once(in: 2))
            schedule(.startWorker(worker), after: dice.number(1...2_500))
        case 2:
            count("kills of routers")
            routers[router] = nil
            schedule(.startRouter(router), after: dice.number(1...500))
        default:
            count("stops of workers")
            workers[worker].isStopped = true
            schedule(.goOn(worker), after: dice.number(1...4_000))
        }
        schedule(.end, after: dice.number(1...1_500))
    }

    private func endWorker(_ worker: Int, cutsPower: Bool) {
        workers[worker].end(cutsPower: cutsPower)
        lives[worker] += 1
        for router in routers.indices { connections[router][worker] += 1 }
    }

    // MARK: Clients

    private func think(_ number: Int) {
        guard batches.count < batchCount else { return }
        let open = batches.filter { $0.sender == number && !$0.isSettled }
        if open.count < 6 {
            var events = (0..<dice.number(1...5)).map { _ in makeEvent() }
            // No two batches are alike.
            events[0].name = "/\(batches.count)"
            let batch = SentBatch(
                batches.count, from: number, to: PropertyID(1), producer: producers[number].id,
                sequence: producers[number].next, deadline: dice.once(in: 10) ? 50 : 0, events,
                &builder)
            producers[number].next += 1
            batches.append(batch)
            send(batch)
            schedule(.sendAgain(batch.index), after: dice.number(300...3_000))
            if batches.count == batchCount { calmSince = now }
        }
        let pause = dice.once(in: 8) ? dice.number(300...4_000) : 60
        schedule(.think(number), after: dice.number(0...pause))
    }

    private func makeEvent() -> TestEvent {
        let timeout = policy.timeoutMilliseconds
        let late: Int64 = dice.pick([
            0, 0, 0, timeout / 2, timeout, timeout * 3 / 2,
            dice.number(0...timeout + policy.latenessMilliseconds),
        ])
        let kinds: [EventKind] = [.view, .view, .view, .action, .conversion, .heartbeat]
        var event = TestEvent(
            "visitor \(dice.number(0...visitors - 1))", Self.epoch + now - late, dice.pick(kinds))
        event.name = dice.pick(["/", "/a", ""])
        if dice.once(in: 3) { event.value = Int64(dice.number(-50...1_000)) }
        return event
    }

    private func send(_ batch: SentBatch) {
        batch.attempts += 1
        let correlation = UInt64(batch.index) << 16 | UInt64(batch.attempts)
        let router = dice.number(0...routers.count - 1)
        transmit(
            .request(
                batch.frame.with(correlation: correlation), batch: batch.index, router: router))
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
            try require(
                error.isRetriable, "batch \(batch.index) is refused: \(error.code) \(error.message)"
            )
            return
        }
        let answer = frame.withoutCorrelation
        if let first = batch.answer {
            try require(first == answer, "batch \(batch.index) was answered otherwise before")
        }
        batch.answer = answer
        batch.isSettled = true
        digest = digest &* 31 &+ UInt64(frame.lend { CRC32C.checksum(of: $0) })
    }

    // MARK: The end

    private func judge() throws {
        var judge = ClusterJudge(batches, policy)
        for (number, worker) in workers.enumerated() {
            try judge.take(try worker.records(), of: number, worker.range)
        }
        try judge.compare()
        counts["runs"] = 1
        counts["batches"] = batches.count
        counts["merges"] = judge.merges
    }
}
