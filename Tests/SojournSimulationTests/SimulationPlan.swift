import SojournEngine
import SojournJournal
import SojournModel
import SojournService
import SojournTestKit

/// What a run is like. It is drawn from the seed; some of it can be taken away afterwards, so that a run
/// that fails can be made smaller.
struct SimulationPlan {
    /// A promise that the simulated service breaks, to show that the simulator sees it.
    enum Deception: String, CaseIterable {
        /// The disk says that it has synced, and has not.
        case skipSync
        /// The service does not know a batch again that it has applied.
        case forgetProducers
        /// Replies leave before their batches are in the journal.
        case earlyReplies
    }

    /// What shrinking may take away, by the names that reproduce it.
    static var adjustable: [(name: String, path: WritableKeyPath<SimulationPlan, Int>)] {
        [
            ("crashes", \.crashes), ("troubles", \.troubles), ("snapshots", \.snapshots),
            ("network", \.network), ("clockSteps", \.clockSteps), ("lookups", \.lookups),
            ("properties", \.properties), ("producers", \.producers), ("visitors", \.visitors),
            ("window", \.window), ("batches", \.batches), ("events", \.events),
        ]
    }

    let seed: UInt64
    var deception: Deception?
    let durability: Durability
    /// At most so many ends of the server's process, before the last.
    var crashes: Int
    /// At most so many times of a bad disk.
    var troubles: Int
    /// 0 for none.
    var snapshots: Int
    /// Messages in a hundred that get lost, or come twice.
    var network: Int
    /// At most so many steps of the server's wall clock.
    var clockSteps: Int
    var lookups: Int
    var properties: Int
    var producers: Int
    var visitors: Int
    /// Batches that a producer has in flight.
    var window: Int
    var batches: Int
    /// In a batch, at most.
    var events: Int
    /// So little memory for producers that the service has to forget some: what they send again may be
    /// applied again.
    let isTight: Bool
    let segmentBytes: Int
    let snapshotBytes: Int
    let queueMax: Int
    /// Of the network, one way, in milliseconds.
    let delay: Int
    /// Of the disk, in milliseconds.
    let writeDelay: Int
    /// The run ends with time going by until every session is finished.
    let finishesAll: Bool
    let hasEventIDs: Bool
    let policies: [SessionPolicy]

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed &* 0xD134_2543_DE82_EF95)
        self.seed = seed
        durability = random.pick([.disk, .disk, .disk, .os, .os, .none])
        crashes = random.pick([0, 1, 2, 3, 4])
        troubles = random.pick([0, 0, 1, 2])
        snapshots = random.once(in: 4) ? 0 : 1
        network = random.pick([0, 5, 15, 30])
        clockSteps = random.pick([0, 0, 2])
        lookups = random.pick([0, 4, 12])
        properties = random.pick([1, 1, 2])
        producers = random.number(1...4)
        visitors = random.number(1...4)
        window = random.pick([1, 2, 4, 8])
        batches = random.number(4...28)
        events = random.pick([1, 2, 4])
        isTight = random.once(in: 10)
        segmentBytes = random.pick([512, 2_048, 8_192])
        snapshotBytes = random.pick([400, 1_500, 4_000])
        queueMax = random.once(in: 4) ? 1 : 1_000
        delay = random.pick([1, 5, 40, 200])
        writeDelay = random.pick([2, 12, 80])
        finishesAll = random.once(in: 2)
        hasEventIDs = random.once(in: 4)
        policies = (0..<2).map { _ in Self.policy(&random) }
    }

    private static func policy(_ random: inout SplitMix64) -> SessionPolicy {
        var policy = SessionPolicy()
        policy.timeoutMilliseconds = random.pick([1_000, 1_000, 2_500])
        policy.latenessMilliseconds =
            random.pick([0, 1, 3, 3, 8, 8, 8]) * policy.timeoutMilliseconds
        // Nobody is forgotten: the oracle remembers everyone.
        policy.visitorRetentionMilliseconds = 366 * 86_400_000
        policy.maxDurationMilliseconds =
            random.once(in: 3)
            ? policy.timeoutMilliseconds * Int64(random.number(1...5)) : nil
        policy.maxEvents = random.once(in: 3) ? UInt32(random.number(2...8)) : nil
        policy.splitsOnCampaign = random.once(in: 3)
        policy.midnight = random.once(in: 4) ? .utc : nil
        policy.maxClockSkewMilliseconds = random.pick([0, 500, 300_000])
        return policy
    }

    /// What the service is made from.
    var configuration: ServiceConfiguration {
        var configuration = ServiceConfiguration(
            properties: (0..<properties).map {
                ServiceProperty(
                    id: PropertyID(UInt32($0 + 1)), name: "site \($0 + 1)", policy: policies[$0])
            },
            secret: Self.secret)
        if isTight {
            configuration.producersMax = 2
            configuration.producerReplyBytesMax = 6_000
        }
        return configuration
    }

    static let secret = DeploymentSecret(Bits128(high: 0x5EED, low: 0xF00D))

    /// - Parameter saltSeed: another one for each opening of a directory.
    func journalOptions(saltSeed: UInt64 = 0) -> JournalOptions {
        JournalOptions(
            deployment: configuration.deployment, durability: durability,
            segmentBytes: segmentBytes, saltSeed: saltSeed)
    }

    // MARK: Smaller

    /// Plans with less of one thing, the simplest first.
    var reductions: [SimulationPlan] {
        Self.adjustable.flatMap { _, path in
            let least = Self.least(of: path)
            let now = self[keyPath: path]
            return [least, (least + now) / 2, now - 1].filter { $0 >= least && $0 < now }.map {
                var plan = self
                plan[keyPath: path] = $0
                return plan
            }
        }
    }

    private static func least(of path: WritableKeyPath<SimulationPlan, Int>) -> Int {
        let needed: [WritableKeyPath<SimulationPlan, Int>] = [
            \.properties, \.producers, \.visitors, \.window, \.batches, \.events,
        ]
        return needed.contains(path) ? 1 : 0
    }

    /// What was taken away, as `SOJOURN_SIMULATION_LESS` has it: "crashes=1,batches=3".
    var less: String {
        let whole = SimulationPlan(seed: seed)
        return Self.adjustable.filter { self[keyPath: $0.path] != whole[keyPath: $0.path] }
            .map { "\($0.name)=\(self[keyPath: $0.path])" }.joined(separator: ",")
    }

    /// Takes away what a text in that form says.
    mutating func take(less text: String) {
        for part in text.split(separator: ",") {
            let words = part.split(separator: "=")
            guard words.count == 2, let value = Int(words[1]),
                let entry = Self.adjustable.first(where: { $0.name == words[0] })
            else { preconditionFailure("SOJOURN_SIMULATION_LESS has no \(part)") }
            self[keyPath: entry.path] = value
        }
    }
}
