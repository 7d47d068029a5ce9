import SojournCluster
import SojournModel

/// A worker's process in a simulation, from one start to the next end: what `ClusterWorker` does, round the same plan.
final class ElasticWorker {
    let number: Int
    /// Grows with each start of any worker.
    let life: Int
    let identity: OwnerIdentity
    private unowned let world: ElasticSimulation
    private(set) var plan: WorkerPlan
    /// By partition.
    private(set) var nodes: [Int: PartitionNode] = [:]
    private var nextHeartbeat: UInt64 = 0
    private var owners: UInt64 = 0
    /// It stands still, and does not know.
    var isPaused = false
    /// What came meanwhile.
    var postponed: [ElasticSimulation.Event] = []
    /// It was told to stop, has handed over everything, and is gone.
    private(set) var hasLeft = false

    init(_ number: Int, life: Int, in world: ElasticSimulation) {
        self.number = number
        self.life = life
        self.world = world
        identity = OwnerIdentity(name: "worker-\(number)", incarnation: UInt64(life))
        plan = WorkerPlan(
            identity, partitions: world.plan.partitions, limits: world.plan.workerLimits,
            now: world.steady)
    }

    // MARK: What it hears

    func hear(_ heartbeat: Heartbeat) { plan.hear(heartbeat, now: world.steady) }
    func hear(_ claim: PartitionClaim) { plan.hear(claim, now: world.steady) }
    func saw(_ partition: Int, _ claim: PartitionClaim?) {
        plan.saw(partition, claim, now: world.steady)
    }
    func drain(_ isDraining: Bool) { plan.drain(isDraining) }

    func leave() {
        plan.leave()
        nextHeartbeat = 0
    }

    // MARK: Turns

    /// One round of its thread, and of those of its partitions.
    func turn() {
        let now = world.steady
        for partition in nodes.keys.sorted() { nodes[partition]?.tick() }
        for partition in nodes.keys.sorted() {
            guard let node = nodes[partition], node.isClosed else { continue }
            nodes[partition] = nil
            plan.ended(
                partition, pause: OwnerEnd.pauseMilliseconds(after: node.end), now: now)
        }
        plan.hold(holdings)
        for order in plan.tick(now: now) { carryOut(order) }
        let isGoing = plan.isLeaving && plan.isEmpty
        if now >= nextHeartbeat || isGoing {
            nextHeartbeat = now + world.plan.workerLimits.membership.heartbeatMilliseconds
            world.beat(plan.heartbeat(holdings), from: number)
        }
        hasLeft = isGoing
    }

    private var holdings: [Heartbeat.Holding] {
        nodes.keys.sorted().compactMap { nodes[$0]?.holding }
    }

    private func carryOut(_ order: WorkerPlan.Order) {
        switch order {
        case .look(let partition): world.look(at: partition, for: self)
        case .take(let partition):
            owners += 1
            let node = PartitionNode(
                partition, at: world.endpoint(of: partition, at: number), of: self,
                tickets: owners << 40, in: world)
            nodes[partition] = node
            world.listen(node)
            node.work()
        case .handOver(let partition): nodes[partition]?.stop()
        case .giveUp(let partition, let claim): nodes[partition]?.giveUp(claim)
        }
    }
}
