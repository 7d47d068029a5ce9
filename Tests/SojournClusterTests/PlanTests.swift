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
        var silent: Set<String> = []
        /// Those who hand over let go, and do not get that into the log.
        var failsToRelease = false
        /// What each believes that it serves, and under which epoch.
        var held: [String: [Int: UInt64]] = [:]

        final class Box {
            var plan: WorkerPlan
            init(_ plan: consuming WorkerPlan) { self.plan = plan }
        }

        mutating func start(_ name: String, incarnation: UInt64 = 1) {
            held[name] = [:]
            plans[name] = Box(
                WorkerPlan(
                    OwnerIdentity(name: name, incarnation: incarnation),
                    partitions: PlanTests.partitions, now: now))
        }

        mutating func run(_ milliseconds: UInt64) {
            for _ in 0..<milliseconds / 100 {
                now += 100
                for name in plans.keys.sorted() where !silent.contains(name) {
                    guard let box = plans[name] else { continue }
                    let holdings = holdings(of: name)
                    box.plan.hold(holdings)
                    let beat = box.plan.heartbeat(holdings)
                    for other in plans.values { other.plan.hear(beat, now: now) }
                    for order in box.plan.tick(now: now) { carryOut(order, box) }
                }
            }
        }

        private func holdings(of name: String) -> [Heartbeat.Holding] {
            (held[name] ?? [:]).sorted { $0.key < $1.key }.map {
                Heartbeat.Holding(
                    partition: $0.key, epoch: $0.value, sequence: 1, waitingBytes: 0)
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
                held[box.plan.me.name, default: [:]][partition] = claim.epoch
                announce(claim)
            case .handOver(let partition):
                held[box.plan.me.name]?[partition] = nil
                if var claim = claims[partition], !failsToRelease {
                    claim.isReleased = true
                    announce(claim)
                }
                box.plan.ended(partition, pause: 0, now: now)
            case .giveUp(let partition, _):
                held[box.plan.me.name]?[partition] = nil
                box.plan.ended(partition, pause: 0, now: now)
            }
        }

        private mutating func announce(_ claim: PartitionClaim) {
            claims[claim.partition] = claim
            for (name, other) in plans where !silent.contains(name) {
                other.plan.hear(claim, now: now)
            }
        }

        /// Partitions whose last claim is that of one who serves them.
        var served: Int {
            claims.values.count {
                !$0.isReleased && held[$0.owner.name]?[$0.partition] == $0.epoch
            }
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

    @Test func `one that slept gives up what others have claimed since, and gets it back`() {
        var company = Company()
        for name in ["a", "b"] { company.start(name) }
        company.run(3_000)
        company.silent = ["b"]
        company.run(3_000)
        #expect(company.count(of: "a") == Self.partitions)
        // It has heard of nothing, and writes nothing that the log would refuse.
        company.silent = []
        company.run(10_000)
        #expect(company.count(of: "b") == Self.partitions / 2)
        #expect(company.served == Self.partitions)
    }

    @Test func `a claim of one that lives and does not serve hinders nobody for long`() {
        var company = Company()
        for name in ["a", "b"] { company.start(name) }
        company.run(3_000)
        company.failsToRelease = true
        company.start("c")
        company.run(10_000)
        for name in ["a", "b", "c"] { #expect(company.count(of: name) == 4) }
        #expect(company.served == Self.partitions)
    }

    @Test func `nothing is taken before its last claim was read`() {
        let other = OwnerIdentity(name: "b", incarnation: 2)
        var plan = WorkerPlan(OwnerIdentity(name: "a", incarnation: 1), partitions: 1, now: 0)
        let first = plan.tick(now: 1_000)
        #expect(first == [.look(0)])
        let second = plan.tick(now: 1_050)
        #expect(second == [])
        plan.hear(Heartbeat(worker: other), now: 1_050)
        plan.saw(
            0, PartitionClaim(partition: 0, epoch: 1, owner: other, endpoint: "x"), now: 1_060)
        let third = plan.tick(now: 1_100)
        #expect(third == [], "its owner lives")
    }

    @Test func `what others announce makes nobody give up what the log says is his`() {
        let me = OwnerIdentity(name: "a", incarnation: 1)
        let other = OwnerIdentity(name: "b", incarnation: 2)
        func claim(_ epoch: UInt64, of owner: OwnerIdentity) -> PartitionClaim {
            PartitionClaim(partition: 0, epoch: epoch, owner: owner, endpoint: "x")
        }
        var plan = WorkerPlan(me, partitions: 1, now: 0)
        _ = plan.tick(now: 1_000)
        plan.saw(0, nil, now: 1_000)
        let taken = plan.tick(now: 1_050)
        #expect(taken == [.take(0)])
        plan.hold([Heartbeat.Holding(partition: 0, epoch: 1, sequence: 1, waitingBytes: 0)])
        plan.hear(claim(2, of: other), now: 1_100)
        let looked = plan.tick(now: 1_600)
        #expect(looked == [.look(0)])
        plan.saw(0, claim(1, of: me), now: 1_650)
        let kept = plan.tick(now: 1_700)
        #expect(kept == [])
        plan.saw(0, claim(2, of: other), now: 1_750)
        let given = plan.tick(now: 1_800)
        #expect(given == [.giveUp(0, claim(2, of: other))])
    }
}
