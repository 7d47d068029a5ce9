import SojournCluster
import SojournJournal
import SojournModel
import SojournService
import SojournTestKit
import SojournWire

/// A partition while a worker has it, or tries to: what `PartitionKeeper` and `ServiceLoop+Partition` do, round the
/// same owner, core, gate and snapshots.
final class PartitionNode {
    /// A request or its reply, and over which connection of which router it came.
    struct Exchange {
        var frame: [UInt8]
        var router: Int
        var connection: Int
        /// In virtual time.
        var receivedAt: Int64 = 0
    }

    /// What comes of what was asked of the log.
    enum Letter {
        case sawEnd(last: UInt64?, claim: PartitionClaim?, snapshot: UInt64)
        /// nil for an append of which nobody knows.
        case appended(ticket: UInt64, MemoryLog.Outcome?)
        case saw(UInt64, LogSight)
        case loaded(Loaded)
        case notLoaded(LoadError)
        case snapshot(SnapshotManifest?)
    }

    /// A state that was made anew.
    final class Loaded {
        let summary: LoadedPartition.Summary
        private var found: LoadedPartition

        init(_ found: consuming LoadedPartition) {
            summary = found.summary
            self.found = found
        }

        func take() -> ServiceCore? { found.take() }
    }

    /// What is served.
    private final class Service {
        var core: ServiceCore
        var gate: ReplyGate<Exchange>

        init(_ core: consuming ServiceCore, isOpen: Bool) {
            self.core = core
            gate = ReplyGate(isOpen: isOpen)
        }
    }

    let partition: Int
    /// Where routers reach it.
    let endpoint: String
    /// Of the worker that has it.
    let life: Int
    let worker: Int
    private unowned let world: ElasticSimulation
    private(set) var owner: PartitionOwner
    private var service: Service?
    private var snapshots: SnapshotPlan
    private var group = RecordGroup()
    private(set) var waiting: [Exchange] = []
    private var isLoading = false
    /// Asked to let go of it.
    private var stopAt: UInt64?
    private var claimMessage: LogMessage?
    private var releaseMessage: LogMessage?
    private(set) var holding: Heartbeat.Holding?
    private(set) var end: OwnerEnd?
    /// It is over.
    private(set) var isClosed = false
    /// Of its last append at the log, in virtual time.
    var lastArrival: Int64 = 0

    init(
        _ partition: Int, at endpoint: String, of worker: ElasticWorker, tickets: UInt64,
        in world: ElasticSimulation
    ) {
        self.partition = partition
        self.endpoint = endpoint
        self.world = world
        life = worker.life
        self.worker = worker.number
        owner = PartitionOwner(
            partition: partition, of: world.plan.deployment, by: worker.identity, at: endpoint,
            limits: world.plan.ownerLimits, behind: tickets, now: world.steady)
        snapshots = SnapshotPlan(world.plan.snapshots)
    }

    var epoch: UInt64 { owner.epoch }
    var phase: PartitionOwner.Phase { owner.phase }
    var isServing: Bool { service != nil && !isClosed }
    /// Nothing is on its way, and everything was answered.
    var isIdle: Bool {
        guard let service else { return false }
        return service.core.journal.waitingBytes == 0 && service.gate.count == 0
            && owner.position == service.core.journal.last && waiting.isEmpty
    }

    /// All of the state, as a snapshot has it.
    var image: [UInt8]? {
        service?.core.snapshot().image(deployment: world.plan.deployment)
    }

    // MARK: Turns

    func receive(_ exchange: Exchange) {
        waiting.append(exchange)
        waiting[waiting.count - 1].receivedAt = world.now
        work()
    }

    func stop() { if stopAt == nil { stopAt = world.steady } }

    /// Somebody else is said to have claimed the partition.
    func giveUp(_ claim: PartitionClaim) {
        world.count("claims heard of")
        owner.heard(claim)
        work()
    }

    /// One round of its thread.
    func work() {
        if isClosed { return }
        let now = world.steady
        if !isLoading { owner.tick(now: now) }
        if service == nil {
            // Nobody was promised anything yet.
            if stopAt != nil { owner.release(now: now) }
            carryOut()
            if owner.phase == .replaying { report() }
            if owner.phase != .serving {
                if end != nil { close() }
                return
            }
        }
        serve(now)
        tend(now)
        if let stopAt { handOver(now, since: stopAt) }
        if end != nil { close() }
    }

    /// Lets time go by.
    func tick() {
        if let service, stopAt == nil, !isClosed {
            _ = service.core.tick(at: Moment(serverTime: world.serverTime(of: worker)))
        }
        work()
    }

    private func close() {
        isClosed = true
        holding = nil
        world.closed(self)
    }

    private func serve(_ now: UInt64) {
        guard let service else { return }
        // What comes later is left in the socket.
        if let stopAt, now - stopAt > ElasticPlan.takeOverMilliseconds { return }
        let requests = waiting
        waiting.removeAll()
        for var request in requests {
            var reply = ByteWriter()
            let answer = request.frame.lend {
                service.core.answer(
                    $0, at: Moment(serverTime: world.serverTime(of: worker)), into: &reply)
            }
            guard answer == .reply else { continue }
            let isQuestion = request.frame.operation != SojournWire.Operation.assign.rawValue
            request.frame = reply.array
            let passed = service.gate.admit(
                request, restsOn: service.core.restsOn, isQuestion: isQuestion)
            if let passed { world.send(passed, from: self) }
        }
    }

    /// As `PartitionKeeper.tend` does.
    private func tend(_ now: UInt64) {
        guard let service else { return }
        if owner.canSend, service.core.journal.take(&group) {
            snapshots.count(group.byteCount)
            group.seal()
            owner.send(group, now: now)
            group.removeAll()
        }
        if let upload = snapshots.upload(oldestUnarchived: .max) { world.upload(upload, of: self) }
        if snapshots.isDue(now: now), owner.canRenew, service.core.journal.waitingBytes == 0 {
            let draft = service.core.snapshot()
            snapshots.begin(
                draft.image(deployment: world.plan.deployment), at: draft.position, now: now)
            owner.renew(now: now)
        }
        carryOut()
        // A deposed one answers nothing that is not answered yet.
        if end != nil { return }
        report()
        let progress = JournalProgress(
            written: owner.position, durable: owner.position, isAvailable: owner.takesBatches)
        for reply in service.core.follow(progress, &service.gate) { world.send(reply, from: self) }
    }

    private func report() {
        holding = Heartbeat.Holding(
            partition: partition, epoch: owner.epoch, sequence: owner.sequence, waitingBytes: 0)
    }

    /// As `ServiceLoop.handOver` does.
    private func handOver(_ now: UInt64, since began: UInt64) {
        guard let service, end == nil else { return }
        if owner.phase == .serving, now - began > ElasticPlan.takeOverMilliseconds,
            service.gate.count == 0, service.core.journal.waitingBytes == 0
        {
            owner.release(now: now)
            carryOut()
        }
        if end == nil, now - began > ElasticPlan.handOverMilliseconds {
            world.count("hand-overs without an end")
            close()
        }
    }

    // MARK: The log

    private func carryOut() {
        while let action = owner.nextAction() {
            switch action {
            case .readEnd: world.readEnd(self)
            case .append(let message, let expected, let ticket):
                switch message.header.kind {
                case .claim: claimMessage = message
                case .release: releaseMessage = message
                case .records: break
                }
                world.append(message, expecting: expected, ticket: ticket, of: self)
            case .readMessage(let sequence): world.readMessage(at: sequence, self)
            case .load(let through):
                isLoading = true
                world.load(self, through: through)
            case .renewed(let sequence): snapshots.renewed(at: sequence, by: owner)
            case .end(let end):
                self.end = end
                world.count("\(end.name)")
                if case .released = end, let releaseMessage {
                    world.announce(releaseMessage, from: worker)
                }
            }
        }
    }

    func open(_ letter: Letter) {
        if isClosed { return }
        let now = world.steady
        switch letter {
        case .sawEnd(let last, let claim, let snapshot):
            owner.sawEnd(lastSequence: last, claim: claim, snapshotSequence: snapshot, now: now)
        case .appended(let ticket, let outcome):
            take(ticket, outcome, now)
        case .saw(let sequence, let sight): owner.sawMessage(at: sequence, sight, now: now)
        case .loaded(let loaded): take(loaded, now)
        case .notLoaded(let error):
            isLoading = false
            owner.couldNotLoad(error, now: now)
        case .snapshot(let manifest):
            snapshots.ended(manifest)
            owner.stored(through: snapshots.coveredSequence)
        }
        work()
    }

    private func take(_ ticket: UInt64, _ outcome: MemoryLog.Outcome?, _ now: UInt64) {
        let wasClaiming = owner.phase == .claiming
        switch outcome {
        case .acknowledged(let sequence, let isDuplicate)?:
            owner.acknowledged(ticket, at: sequence, isDuplicate: isDuplicate, now: now)
        case .fenced?: owner.fenced(ticket, now: now)
        case nil: owner.unknown(ticket, now: now)
        }
        if wasClaiming, owner.phase == .replaying, let claimMessage {
            world.announce(claimMessage, from: worker)
        }
    }

    private func take(_ loaded: Loaded, _ now: UInt64) {
        isLoading = false
        let summary = loaded.summary
        let isOurs =
            summary.epoch == owner.epoch && summary.incarnation == owner.identity.incarnation
        snapshots.resume(summary.manifests, messages: summary.messages, bytes: summary.bytes)
        owner.loaded(
            summary.position, isOurs: isOurs, covered: snapshots.coveredSequence, now: now)
        guard owner.phase == .serving, let core = loaded.take() else { return }
        let service = Service(core, isOpen: world.plan.deception == .earlyReplies)
        world.check(of: partition, through: owner.sequence) {
            service.core.snapshot().image(deployment: world.plan.deployment)
        }
        service.core.adopt()
        self.service = service
        world.count("take-overs")
    }
}

extension OwnerEnd {
    /// For statistics.
    var name: String {
        switch self {
        case .released: "released"
        case .deposed: "deposed"
        case .outrun: "outrun"
        case .notFenced: "not fenced"
        case .silent: "silent"
        case .unreadable: "unreadable"
        case .logFull: "log full"
        }
    }
}
