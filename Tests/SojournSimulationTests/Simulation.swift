import SojournEngine
import SojournJournal
import SojournModel
import SojournService
import SojournTestKit
import SojournWire

/// A service, its disk, its network and its clients, in virtual time: one run. Whatever happens is
/// drawn from the seed, so that the same plan gives the same run.
final class Simulation {
    /// Virtual time 0, for the clients' clocks and, until it steps, the server's. 40 seconds before a
    /// midnight.
    static let epoch: Int64 = 20_000 * 86_400_000 - 40_000
    /// How long clients, network and disk may take to come to an end once all is well.
    private static let patience: Int64 = 60_000

    private enum Event {
        case think(Int)
        case sendAgain(Int)
        case request([UInt8], from: Int)
        case reply([UInt8], to: Int)
        case lookup
        case work(life: Int)
        case writer(life: Int)
        case tick(life: Int)
        case start
        case end
        case trouble
        case recovery
        case clockStep
    }

    let plan: SimulationPlan
    let isTraced: Bool
    let timeline = Timeline()
    /// The same for the same run.
    private(set) var digest: UInt64 = 0
    private(set) var statistics = Statistics()

    // A generator for each, so that a plan with less of one thing changes little of the others.
    private var clientDice: SplitMix64
    private var networkDice: SplitMix64
    private var serverDice: SplitMix64
    private var fate: SplitMix64

    private var agenda = Agenda<Event>()
    private var now: Int64 = 0
    private var serverOffset: Int64 = 0
    private var storage: FaultyStorage
    private var server: ServerNode?
    private var life = 0
    private var isWorkComing = false
    private var endsLeft: Int
    /// A snapshot was damaged.
    private var hasDamage = false
    private var lookupsLeft: Int

    private var producers: [Producer] = []
    private var batches: [SentBatch] = []
    private var batchesByFingerprint: [UInt64: SentBatch] = [:]
    private var unsettled = 0
    private var messagesInFlight = 0
    /// Virtual times of each visitor's last events.
    private var recent: [[Int64]]
    private var builder = BatchBuilder(sortsTexts: false)
    /// All is well from here on.
    private var calmSince: Int64?

    /// A client that sends batches.
    private struct Producer {
        let id: UInt64
        let property: PropertyID
        var nextSequence: UInt64
        /// Indexes of the batches that are not settled.
        var outstanding: [Int] = []
    }

    init(_ plan: SimulationPlan, isTraced: Bool = false) {
        self.plan = plan
        self.isTraced = isTraced
        var random = SplitMix64(seed: plan.seed)
        clientDice = SplitMix64(seed: random.next())
        networkDice = SplitMix64(seed: random.next())
        serverDice = SplitMix64(seed: random.next())
        fate = SplitMix64(seed: random.next())
        storage = FaultyStorage(seed: random.next())
        storage.canPreallocate = !fate.once(in: 4)
        storage.ignoresSync = plan.deception == .skipSync
        endsLeft = plan.crashes
        lookupsLeft = plan.lookups
        recent = Array(repeating: [], count: plan.visitors)
        for number in 0..<plan.producers {
            // One in five sends without numbers.
            let isNumbered = number == 0 || !clientDice.once(in: 5)
            producers.append(
                Producer(
                    id: isNumbered ? UInt64(1_000 + number) : 0,
                    property: PropertyID(UInt32(number % plan.properties + 1)),
                    nextSequence: clientDice.pick([0, 1, 1, 1 << 40])))
        }
    }

    private var serverTime: Int64 { Self.epoch + now + serverOffset }

    private func trace(_ line: @autoclosure () -> String) {
        if isTraced { print("\(now) ms: \(line())") }
    }

    private func schedule(_ event: Event, after milliseconds: Int) {
        agenda.add(event, at: now + Int64(milliseconds))
    }

    // MARK: The run

    /// Plays the run to its end, and judges it.
    func run() throws {
        schedule(.start, after: 0)
        for number in producers.indices { schedule(.think(number), after: 5 * number) }
        if plan.lookups > 0 { schedule(.lookup, after: 30) }
        if plan.crashes > 0 { schedule(.end, after: fate.number(1...600)) }
        for _ in 0..<plan.troubles { schedule(.trouble, after: fate.number(1...1_500)) }
        for _ in 0..<plan.clockSteps { schedule(.clockStep, after: fate.number(1...1_500)) }
        while let (time, event) = agenda.next() {
            now = time
            statistics[.events] += 1
            try play(event)
            try carryOut()
            if isOver { break }
            if let calmSince {
                try require(
                    now < calmSince + Self.patience,
                    "all is well for \(Self.patience) ms, and \(unsettled) batches wait")
            }
        }
        try judge()
        statistics[.runs] = 1
        statistics[.batches] = batches.count
        statistics[.records] = timeline.records.count
        statistics[.diskFailures] = storage.failureCount
    }

    /// Everything was sent and answered, and nothing is on its way.
    private var isOver: Bool {
        calmSince != nil && unsettled == 0 && messagesInFlight == 0 && server?.isIdle == true
    }

    private func play(_ event: Event) throws {
        switch event {
        case .think(let producer): think(producer)
        case .sendAgain(let index): sendAgain(batches[index])
        case .lookup: lookup()
        case .request(let frame, let sender):
            messagesInFlight -= 1
            server?.receive(frame, from: sender, at: now)
        case .reply(let frame, _):
            messagesInFlight -= 1
            try receive(frame)
        case .work(life):
            isWorkComing = false
            try server?.work(
                at: now, serverTime: serverTime, atMost: 8, batchesByFingerprint)
        case .writer(life): try server?.write()
        case .tick(life):
            let isMoreDue = try server?.tick(at: now, serverTime: serverTime) ?? false
            schedule(.tick(life: life), after: isMoreDue ? 1 : 100)
            wakeServer()
        case .work, .writer, .tick: break
        case .start: try start()
        case .end: try end()
        case .trouble: makeTrouble()
        case .recovery:
            trace("the disk is well")
            healDisk()
        case .clockStep:
            serverOffset += fate.pick([-20_000, -3_000, -400, 300, 2_500, 9_000])
            trace("the server's clock steps to \(serverOffset) ms ahead")
        }
        // The process ends in the middle of what it did to the disk.
        if storage.operationsLeft == 0 {
            if server == nil { healOperations() } else { try endProcess(.abrupt) }
        }
    }

    /// Carries out what the server wants.
    private func carryOut() throws {
        for effect in server?.takeEffects() ?? [] {
            switch effect {
            case .send(let frame, let sender):
                digest = digest &* 31 &+ UInt64(frame.lend { CRC32C.checksum(of: $0) })
                transmit(.reply(frame, to: sender))
            case .writer(let delay):
                schedule(.writer(life: life), after: delay + serverDice.number(0...plan.writeDelay))
            case .work: wakeServer()
            }
        }
    }

    private func wakeServer() {
        guard server != nil, !isWorkComing else { return }
        isWorkComing = true
        schedule(.work(life: life), after: serverDice.number(0...3))
    }

    // MARK: Network

    /// Sends a message, which may get lost, come late, or come twice.
    private func transmit(_ message: Event) {
        let trouble = calmSince == nil ? plan.network : 0
        if networkDice.number(0...99) < trouble { return }
        for _ in 0..<(networkDice.number(0...99) < trouble ? 2 : 1) {
            messagesInFlight += 1
            let isLate = trouble > 0 && networkDice.once(in: 10)
            schedule(message, after: networkDice.number(0...plan.delay) + (isLate ? 700 : 0))
        }
    }

    // MARK: Clients

    /// A producer makes a batch, if its window allows it, and sends it.
    private func think(_ number: Int) {
        guard batches.count < plan.batches else { return }
        let producer = producers[number]
        let lowest = producer.outstanding.map { batches[$0].sequence }.min()
        if lowest.map({ producer.nextSequence - $0 < UInt64(plan.window) }) ?? true {
            let batch = makeBatch(number)
            batches.append(batch)
            batchesByFingerprint[batch.frame.fingerprint] = batch
            send(batch)
            if batch.isNumbered {
                unsettled += 1
                producers[number].nextSequence += 1
                producers[number].outstanding.append(batch.index)
                schedule(.sendAgain(batch.index), after: clientDice.number(100...600))
            }
        }
        if batches.count == plan.batches { return calm() }
        let pause = clientDice.once(in: 8) ? clientDice.number(500...6_000) : 60
        schedule(.think(number), after: clientDice.number(0...pause))
    }

    private func makeBatch(_ number: Int) -> SentBatch {
        let producer = producers[number]
        let policy = plan.policies[Int(producer.property.rawValue) - 1]
        var events = (0..<clientDice.number(1...plan.events)).map { _ in makeEvent(policy) }
        // No two batches are alike, so that it shows which one was applied.
        events[0].name = "/\(batches.count)"
        return SentBatch(
            batches.count, from: number, to: producer.property, producer: producer.id,
            sequence: producer.id == 0 ? 0 : producer.nextSequence,
            deadline: clientDice.once(in: 12) ? 2 : 0, events, &builder)
    }

    private func makeEvent(_ policy: SessionPolicy) -> TestEvent {
        let visitor = clientDice.number(0...plan.visitors - 1)
        let timeout = policy.timeoutMilliseconds
        let time = makeTime(visitor, timeout, lateness: policy.latenessMilliseconds)
        recent[visitor] = (recent[visitor] + [time]).suffix(6)
        let kinds: [EventKind] = [
            .view, .view, .view, .view, .view, .view, .view, .action, .action, .conversion,
            .heartbeat, .heartbeat, .start, .end,
        ]
        var event = TestEvent("visitor \(visitor)", Self.epoch + time, clientDice.pick(kinds))
        event.name = clientDice.pick(["/", "/a", "/b", ""])
        if clientDice.once(in: 4) {
            event.context = TestContext(
                device: clientDice.pick(["", "phone"]),
                campaign: clientDice.pick(["", "spring", "summer"]),
                isKnownBot: clientDice.once(in: 12))
        }
        if clientDice.once(in: 3) { event.value = Int64(clientDice.number(-50...1_000)) }
        if plan.hasEventIDs { event.id = UInt64(clientDice.number(0...12)) }
        return event
    }

    /// A virtual time for an event: now, late, as far from another event as matters, between two that
    /// are too far apart to be one session, or ahead.
    private func makeTime(_ visitor: Int, _ timeout: Int64, lateness: Int64) -> Int64 {
        let oldest = now - timeout - lateness
        switch clientDice.number(0...9) {
        case 0...2: return now
        case 3...4:
            return now
                - clientDice.pick([
                    timeout / 2, timeout - 1, timeout, timeout * 3 / 2, timeout * 3 / 2,
                    clientDice.number(0...timeout * 5 / 4 + lateness),
                ])
        case 5...6:
            let gap = clientDice.pick([0, timeout / 2, timeout - 1, timeout, timeout + 1])
            let other = (recent[visitor].last ?? now) + (clientDice.once(in: 2) ? gap : -gap)
            return min(now + 50, max(oldest, other))
        case 7...8:
            let times = recent[visitor].filter { $0 >= oldest }.sorted()
            let bridge = zip(times, times.dropFirst()).first {
                (timeout..<2 * timeout - 1).contains($1 - $0)
            }
            return bridge.map { ($0 + $1) / 2 }
                ?? max(oldest, (times.first ?? now) - timeout * 3 / 2)
        default: return now + clientDice.pick([0, 1, 300, 900])
        }
    }

    private func send(_ batch: SentBatch) {
        // Half of them come again as the very same bytes.
        let attempt = clientDice.once(in: 2) ? batch.attempts : 0
        batch.attempts += 1
        trace("batch \(batch.index), attempt \(batch.attempts)")
        let correlation = UInt64(batch.index) << 16 | UInt64(attempt)
        transmit(.request(batch.frame.with(correlation: correlation), from: batch.sender))
    }

    private func sendAgain(_ batch: SentBatch) {
        if batch.isSettled { return }
        statistics[.retries] += 1
        send(batch)
        schedule(.sendAgain(batch.index), after: clientDice.number(100...600))
    }

    private func receive(_ frame: [UInt8]) throws {
        let header = try frame.lend { try Frame.open($0, role: .client) }
        if header.correlation == Self.questionCorrelation { return }
        let batch = batches[Int(header.correlation >> 16)]
        try require(
            header.producer.rawValue == batch.producer && header.sequence == batch.sequence,
            "a reply to another batch")
        if frame.isError {
            let error = try frame.lend { try ErrorReply.decode(body: $0.extracting(64...)) }
            trace("batch \(batch.index) is refused: \(error.code)")
            statistics[error.code == .overloaded ? .overloaded : .refused] += 1
            if error.isRetriable { return }
            try require(
                plan.isTight, "batch \(batch.index) is refused: \(error.code) \(error.message)")
        } else if batch.isNumbered {
            let answer = frame.withoutCorrelation
            if let first = batch.answer, !plan.isTight, !timeline.hasLostAnswers {
                try require(first == answer, "batch \(batch.index) was answered otherwise before")
            }
            batch.answer = answer
        }
        if batch.isNumbered, !batch.isSettled {
            trace("batch \(batch.index) is answered")
            batch.isSettled = true
            unsettled -= 1
            producers[batch.sender].outstanding.removeAll { $0 == batch.index }
        }
    }

    private func lookup() {
        guard lookupsLeft > 0, calmSince == nil else { return }
        lookupsLeft -= 1
        statistics[.lookups] += 1
        let property = PropertyID(UInt32(clientDice.number(1...plan.properties)))
        let answered = batches.compactMap(\.answer)
        if clientDice.once(in: 3), !answered.isEmpty,
            let id = Self.session(in: clientDice.pick(answered))
        {
            transmit(.request(Self.question(.session(id), property), from: 0))
        } else {
            let visitor = "visitor \(clientDice.number(0...plan.visitors - 1))"
            transmit(.request(Self.question(visitor, property), from: 0))
        }
        schedule(.lookup, after: clientDice.number(0...200))
    }

    /// A session of an answer.
    private static func session(in answer: [UInt8]) -> SessionID? {
        answer.lend {
            guard let view = try? AssignReplyView.decode(body: $0.extracting(64...)),
                view.sessionCount > 0
            else { return nil }
            return view.session(0).id
        }
    }

    /// Tells the reply to a question, which may be a refusal.
    private static let questionCorrelation = UInt64.max

    static func question(_ visitor: String, _ property: PropertyID) -> [UInt8] {
        Array(visitor.utf8).lend { question(.visitor(key: $0), property) }
    }

    private static func question(_ request: LookupRequest, _ property: PropertyID) -> [UInt8] {
        var writer = ByteWriter()
        request.encode(
            header: MessageHeader(
                operation: .lookup, correlation: questionCorrelation, property: property),
            into: &writer)
        return writer.array
    }

    // MARK: Ends of the process

    private enum Ending { case abrupt, orderly }

    private func start() throws {
        guard server == nil else { return }
        isWorkComing = false
        life += 1
        if calmSince == nil, endsLeft > 0, fate.once(in: 4) {
            storage.operationsLeft = fate.number(0...10)
        }
        if calmSince == nil, !hasDamage, fate.once(in: 3) { try damageSnapshot() }
        let before = timeline.records.count
        if let node = try ServerNode.start(
            plan, storage, timeline, serverTime: serverTime, saltSeed: fate.next()),
            try node.recover(storage, mayBeDamaged: hasDamage)
        {
            if fate.once(in: 8) { try compareWithReplica(Image(try node.image())) }
            trace("the server has \(timeline.records.count) records of \(before)")
            statistics[.lostRecords] += before - timeline.records.count
            server = node
            schedule(.tick(life: life), after: 0)
        } else {
            trace("the server cannot start")
            statistics[.failedStarts] += 1
            restart(byPowerCut: fate.once(in: 2))
        }
    }

    /// Changes a byte of the newer one of two snapshots, once in a run: the older one and the records
    /// behind it must do.
    private func damageSnapshot() throws {
        let snapshots = try storage.names().filter { $0.hasSuffix(".snap") }
        guard snapshots.count == 2, var bytes = storage.bytes(of: snapshots[1]) else { return }
        trace("\(snapshots[1]) is damaged")
        bytes[fate.number(0...bytes.count - 1)] ^= 1 << UInt8(fate.number(0...7))
        storage.overwrite(snapshots[1], with: bytes)
        hasDamage = true
        statistics[.damagedSnapshots] += 1
    }

    /// Ends the process, or has it end at one of the next things that it does to the disk.
    private func end() throws {
        guard calmSince == nil, endsLeft > 0 else { return }
        if server != nil {
            switch fate.number(0...7) {
            case 0: try endProcess(.orderly)
            case 1...3: storage.operationsLeft = fate.number(1...12)
            default: try endProcess(.abrupt)
            }
        }
        schedule(.end, after: fate.number(1...fate.pick([100, 800, 3_000])))
    }

    private func endProcess(_ ending: Ending) throws {
        guard let server else { return }
        endsLeft -= 1
        switch ending {
        case .orderly:
            trace("the server stops")
            statistics[.stops] += 1
            try server.stop(at: now, serverTime: serverTime, batchesByFingerprint)
            try carryOut()
        case .abrupt:
            if storage.operationsLeft == nil, fate.once(in: 2) {
                storage.operationsLeft = fate.number(0...4)
            }
            server.writeInPassing()
        }
        statistics += server.statistics
        server.end()
        restart(byPowerCut: fate.once(in: 2))
    }

    /// The process has ended, the power perhaps too, and both come back.
    private func restart(byPowerCut: Bool) {
        server = nil
        if byPowerCut {
            trace("the power is cut")
            statistics[.powerCuts] += 1
            timeline.cutPower(plan.durability)
            storage = storage.crash()
        } else {
            trace("the process is killed")
            statistics[.kills] += 1
            storage = storage.kill()
        }
        schedule(.start, after: fate.number(1...300))
    }

    private func healOperations() { storage.operationsLeft = nil }

    // MARK: Trouble with the disk

    private func makeTrouble() {
        guard calmSince == nil else { return }
        switch fate.number(0...4) {
        case 0: storage.faults = .all(oneIn: 3)
        case 1: storage.faults.sync = 2
        case 2: storage.isReadOnly = true
        case 3: storage.capacity = storage.usedBytes + fate.number(0...3_000)
        default:
            storage.faults = .all(oneIn: 12)
            storage.faults.read = 4
        }
        trace("trouble with the disk")
        schedule(.recovery, after: fate.number(1...1_500))
    }

    private func healDisk() {
        storage.faults = .none
        storage.capacity = nil
        storage.isReadOnly = false
    }

    /// Everything was sent: from here on nothing goes wrong any more, so that all comes to an end.
    private func calm() {
        trace("all is well from here on")
        calmSince = now
        healDisk()
        healOperations()
    }

    // MARK: The end

    private func judge() throws {
        guard let server else { throw Violation("the server is not there in the end") }
        if plan.finishesAll {
            // Beyond every lateness, and beyond any step of the clock.
            for day in 1...4 {
                try server.finishAll(at: Self.epoch + now + Int64(day) * 86_400_000)
            }
            try require(server.liveVisitors == 0, "\(server.liveVisitors) visitors stay")
            serverOffset += 5 * 86_400_000
        }
        for property in 1...plan.properties {
            for visitor in 0..<plan.visitors {
                try server.ask(
                    Self.question("visitor \(visitor)", PropertyID(UInt32(property))),
                    at: serverTime)
            }
        }
        try require(
            timeline.records.count == server.last,
            "\(timeline.records.count) records were written, and \(server.last) were made")
        statistics += server.statistics
        let live = Image(try server.image())

        // From the disk.
        server.end()
        let isCut = plan.durability == .disk && fate.once(in: 2)
        if isCut { timeline.cutPower(plan.durability) }
        storage = isCut ? storage.crash() : storage.kill()
        let recovered = try startSurely(storage)
        try Image(try recovered.image()).require(like: live, "recovered from the disk")

        if fate.once(in: 2) { try compareWithReplica(live) }

        var judge = Judge(plan, batchesByFingerprint)
        try judge.judge(timeline)
        var draft = SnapshotDraft(position: JournalPosition(UInt64(timeline.records.count)))
        judge.engine.save(to: &draft)
        let scratch = FaultyStorage(seed: 0)
        let drafts = try FileJournal(scratch, plan.journalOptions())
        let name = try drafts.writeSnapshot(draft)
        try Image(scratch.bytes(of: name) ?? []).require(partOf: live)
        try judge.finish()
        statistics[.merges] = judge.merges
        digest = digest &* 31 &+ UInt64(live.checksum)
    }

    /// Replays all records without any snapshot, and compares the state.
    private func compareWithReplica(_ image: Image) throws {
        let replica = FaultyStorage(seed: 0)
        var journal = try FileJournal(replica, plan.journalOptions())
        var group = RecordGroup()
        for (index, record) in timeline.records.enumerated() {
            group.append(
                record.kind, at: JournalPosition(UInt64(index + 1)), durable: .start
            ) { writer in record.payload.lend { writer.append(contentsOf: $0) } }
        }
        if !group.isEmpty { try journal.append(&group) }
        let replayed = try startSurely(replica.kill())
        try Image(try replayed.image()).require(like: image, "replayed from the first record on")
    }

    /// A service on a disk that is well.
    private func startSurely(_ storage: FaultyStorage) throws -> ServerNode {
        guard
            let node = try ServerNode.start(
                plan, storage, timeline, serverTime: serverTime, saltSeed: fate.next()),
            try node.recover(storage, mayBeDamaged: hasDamage)
        else { throw Violation("a disk that is well refuses something") }
        return node
    }
}
