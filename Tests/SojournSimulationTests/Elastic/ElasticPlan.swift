import SojournCluster
import SojournModel
import SojournRouter
import SojournService
import SojournTestKit

/// What a run of an elastic cluster is like: drawn from the seed.
///
/// All time-outs are a few times shorter than those of the service, in the same order, so that a run is short.
struct ElasticPlan {
    /// A promise that is broken, to show that the simulator sees it.
    enum Deception: String, CaseIterable {
        /// The log takes any message, whatever sequence it expects.
        case doesNotFence
        /// Replies leave before the log has what they rest on.
        case earlyReplies
        /// A worker does not know a batch again that it has applied.
        case forgetsProducers
        /// Whoever makes a state anew takes records of a deposed owner for good.
        case countsVoid
    }

    /// Numbers of what may go wrong.
    enum Fault {
        static let cut = 5
        static let last = 12
    }

    let seed: UInt64
    let deception: Deception?
    let policy: SessionPolicy
    let workers: Int
    let partitions: Int
    let routers: Int
    let producers: Int
    let batches: Int
    let visitors: Int
    let questions: Int
    /// Between the batches of a producer, at most; milliseconds.
    let pause: Int
    /// Messages in a hundred that get lost, or come twice.
    let network: Int
    /// Of the network, one way, at most; milliseconds.
    let delay: Int
    /// At most so many things go wrong.
    let faults: Int
    /// Which.
    let kinds: ClosedRange<Int>
    /// A partition is served at the same place of a worker each time.
    let hasFixedPorts: Bool
    /// Milliseconds by which the clock of each worker is wrong.
    let clockErrors: [Int64]
    let snapshots: SnapshotPlan.Limits
    /// That a log keeps.
    let logMessages: UInt64

    init(seed: UInt64, deception: Deception? = nil) {
        var dice = SplitMix64(seed: seed &* 0xD134_2543_DE82_EF95 ^ 0xE1)
        self.seed = seed
        self.deception = deception
        var policy = SessionPolicy()
        policy.timeoutMilliseconds = dice.pick([1_000, 2_500])
        policy.latenessMilliseconds = dice.pick([3, 8, 8]) * policy.timeoutMilliseconds
        // Nobody is forgotten: the oracle remembers everyone.
        policy.visitorRetentionMilliseconds = 366 * 86_400_000
        policy.maxEvents = dice.once(in: 3) ? 6 : nil
        self.policy = policy
        // Records of a deposed owner that would follow on those of his heir are rare: much goes on then, and
        // much comes late.
        let isCrowded = deception == .countsVoid
        workers = isCrowded ? 2 : dice.pick([1, 2, 2, 3])
        partitions = isCrowded ? 1 : dice.pick([1, 1, 2, 2, 3])
        routers = dice.number(1...2)
        producers = isCrowded ? 3 : dice.number(1...3)
        batches = isCrowded ? 40 : dice.number(4...20)
        visitors = dice.number(1...8)
        questions = dice.pick([0, 0, 6])
        pause = isCrowded ? 100 : dice.pick([100, 600, 2_000])
        network = dice.pick([0, 2, 8])
        delay = dice.pick([1, 5, 40])
        faults = isCrowded ? 8 : dice.pick([0, 1, 2, 4, 8])
        kinds = isCrowded ? Fault.cut...Fault.cut : 0...Fault.last
        hasFixedPorts = dice.once(in: 2)
        clockErrors = (0..<3).map { _ in dice.pick([0, 0, -900, 400]) }
        var snapshots = SnapshotPlan.Limits()
        snapshots.messages = dice.pick([2, 5, 20_000])
        snapshots.pauseMilliseconds = 300
        self.snapshots = snapshots
        logMessages = snapshots.messages < 10 ? dice.pick([64, 20_000]) : 20_000
    }

    // MARK: Limits

    var workerLimits: WorkerPlan.Limits {
        var limits = WorkerPlan.Limits()
        limits.membership.heartbeatMilliseconds = 100
        limits.settleMilliseconds = 300
        limits.lookMilliseconds = 150
        limits.heldLookMilliseconds = 800
        return limits
    }

    var ownerLimits: OwnerLimits {
        var limits = OwnerLimits()
        limits.answerMilliseconds = 400
        limits.retryMilliseconds = 40
        limits.silenceMilliseconds = 3_000
        limits.logMessages = logMessages
        limits.claimReserve = 12
        return limits
    }

    var routerLimits: RouterLimits {
        var limits = RouterLimits()
        limits.answerMilliseconds = 1_200
        limits.resendMilliseconds = 250
        limits.pingMilliseconds = 150
        limits.silenceMilliseconds = 500
        limits.retryMilliseconds = 40
        limits.workerPartsMax = 6
        return limits
    }

    /// Requests that came before a hand-over may take so long to be taken over.
    static let takeOverMilliseconds: UInt64 = 40
    static let handOverMilliseconds: UInt64 = 800
    /// How long all may take to come to an end once nothing goes wrong any more.
    static let patience: Int64 = 15_000

    // MARK: What is served

    static let property = PropertyID(1)

    static let confirmMilliseconds: Int64 = 250

    /// The service of one partition.
    func configuration(_ partition: Int) -> ServiceConfiguration {
        var configuration = ServiceConfiguration(
            properties: [ServiceProperty(id: Self.property, name: "shop", policy: policy)],
            secret: SimulationPlan.secret)
        configuration.partitions = range(partition)
        configuration.confirmMilliseconds = Self.confirmMilliseconds
        if deception == .forgetsProducers { configuration.producersMax = 1 }
        return configuration
    }

    func range(_ partition: Int) -> PartitionRange {
        guard let range = PartitionRange(first: partition, last: partition, count: partitions)
        else { preconditionFailure("there is no partition \(partition)") }
        return range
    }

    var deployment: DeploymentID { .derived(from: SimulationPlan.secret) }
}
