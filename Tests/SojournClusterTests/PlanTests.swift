import SojournCluster
import Testing

@Suite struct PlanTests {
    private static let partitions = 12

    /// Workers that hear each other, and a log of claims that they all see at once.
    private struct Company {
        var plans: [String: Box] = [:]
        var claims: [Int: PartitionClaim] = [:]
        var now: UInt64 = 10_000
        var takes = 0
        /// Those that stand still: they do nothing and hear nothing.
        var frozen: Set<String> = []

        final class Box {
            var plan: WorkerPlan
            /// Partitions that it believes it serves, and under which epoch.
            var held: [Int: UInt64] = [:]
            init(_ plan: consuming WorkerPlan) { self.plan = plan }
        }

        mutating func start(_ name: String, incarnation: UInt64 = 1) {
            plans[name] = Box(
                WorkerPlan(
                    OwnerIdentity(name: name, incarnation: incarnation),
                    partitions: PlanTests.partitions, now: now))
        }

        mutating func run(_ milliseconds: UInt64) {
            for _ in 0..<milliseconds / 100 {
                now += 100
                for name in plans.keys.sorted() where !frozen.contains(name) {
                    guard let box = plans[name] else { continue }
                    let held = box.held.keys.sorted().map {
                        Heartbeat.Holding(
                            partition: $0, epoch: box.held[$0] ?? 0, sequence: 1, waitingBytes: 0)
                    }
                    box.plan.hold(held)
                    let beat = box.plan.heartbeat(held)
                    for other in awake { other.plan.hear(beat, now: now) }
                    for order in box.plan.tick(now: now) { carryOut(order, box) }
                }
            }
        }

        private mutating func carryOut(_ order: WorkerPlan.Order, _ box: Box) {
            switch order {
            case .look(let partition): box.plan.saw(partition, claims[partition], now: now)
            case .take(let partition):
                takes += 1
                let claim = PartitionClaim(
                    partition: partition, epoch: (claims[partition]?.epoch ?? 0) + 1,
                    owner: box.plan.me, endpoint: "tcp://127.0.0.1:1")
                box.held[partition] = claim.epoch
                announce(claim)
            case .handOver(let partition):
                // The log refuses the release of one who was deposed.
                if var claim = claims[partition], claim.owner == box.plan.me {
                    claim.isReleased = true
                    announce(claim)
                }
                end(partition, box)
            case .giveUp(let partition, _): end(partition, box)
            }
        }

        private func end(_ partition: Int, _ box: Box) {
            box.held[partition] = nil
            box.plan.ended(partition, pause: 0, now: now)
        }

        private mutating func announce(_ claim: PartitionClaim) {
            claims[claim.partition] = claim
            for other in awake { other.plan.hear(claim, now: now) }
        }

        private var awake: [Box] {
            plans.keys.sorted().filter { !frozen.contains($0) }.compactMap { plans[$0] }
        }

        func count(of name: String) -> Int {
            claims.values.count { $0.owner.name == name && !$0.isReleased }
        }
    }

    @Test func `workers that start together share everything, each partition once`() {
        var company = Company()
        for name in ["a", "b", "c"] { company.start(name) }
        company.run(3_000)
        #expect(company.claims.count == Self.partitions)
        #expect(company.takes == Self.partitions)
        for name in ["a", "b", "c"] { #expect(company.count(of: name) == 4) }
    }

    @Test func `what a dead worker had is taken by the others`() {
        var company = Company()
        for name in ["a", "b", "c"] { company.start(name) }
        company.run(3_000)
        company.plans["b"] = nil
        company.run(1_400)
        #expect(company.count(of: "b") == 4, "it may be slow")
        company.run(1_000)
        #expect(company.count(of: "a") == 6)
        #expect(company.count(of: "c") == 6)
    }

    @Test func `one that was frozen learns what it has lost, and gets its share again`() {
        var company = Company()
        for name in ["a", "b", "c"] { company.start(name) }
        company.run(3_000)
        company.frozen = ["b"]
        company.run(3_000)
        #expect(company.count(of: "b") == 0)
        company.frozen = []
        company.run(8_000)
        for name in ["a", "b", "c"] { #expect(company.count(of: name) == 4) }
        #expect(company.claims.values.allSatisfy { !$0.isReleased }, "nobody has it")
    }

    @Test func `one that comes gets its share, and one that drains loses it`() {
        var company = Company()
        for name in ["a", "b"] { company.start(name) }
        company.run(3_000)
        company.start("c")
        company.run(6_000)
        for name in ["a", "b", "c"] { #expect(company.count(of: name) == 4) }
        company.plans["a"]?.plan.drain(true)
        company.run(3_000)
        #expect(company.count(of: "a") == 0)
        #expect(company.count(of: "b") == 6)
        company.plans["a"]?.plan.drain(false)
        company.run(6_000)
        #expect(company.count(of: "a") == 4)
    }

    @Test func `one that comes back under its name takes what its former life had at once`() {
        var company = Company()
        company.start("a")
        company.run(3_000)
        company.start("a", incarnation: 2)
        company.run(1_500)
        #expect(company.claims.values.allSatisfy { $0.owner.incarnation == 2 })
    }

    @Test func `one that leaves lets go of everything at once`() {
        var company = Company()
        for name in ["a", "b"] { company.start(name) }
        company.run(3_000)
        company.plans["a"]?.plan.leave()
        company.run(100)
        let isEmpty = company.plans["a"]?.plan.isEmpty ?? false
        #expect(isEmpty)
        #expect(company.count(of: "a") == 0)
    }
}
