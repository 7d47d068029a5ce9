import SojournTestKit
import Testing

/// Runs of a cluster whose workers share partitions over replicated logs, with everything that can go wrong around
/// them, in virtual time. `SOJOURN_SIMULATION_SEEDS` and `SOJOURN_SIMULATION_SEED` count for them as well.
@Suite struct ElasticTests {
    @Test(arguments: 0..<SimulationTests.parts)
    func `whoever owns what, it is applied once, told always, and everybody is answered`(part: Int)
    {
        if let seed = SimulationTests.one {
            if part == 0 { Self.play(seed, isTraced: true) }
            return
        }
        var counts: [String: Int] = [:]
        var digest: UInt64 = 0
        let seeds = stride(
            from: UInt64(part + 1), through: SimulationTests.seeds, by: SimulationTests.parts)
        for seed in seeds {
            guard let run = Self.play(seed) else { return }
            let slowest = max(counts[Self.slowest] ?? 0, run.counts[Self.slowest] ?? 0)
            counts.merge(run.counts, uniquingKeysWith: +)
            counts[Self.slowest] = slowest
            digest ^= run.digest
        }
        let text = counts.keys.sorted().map { "\($0) \(counts[$0] ?? 0)" }
            .joined(separator: ", ")
        print("elastic cluster, part \(part): \(text); digest \(String(digest, radix: 16))")
    }

    private static let slowest = "slowest end (ms)"

    @discardableResult
    private static func play(_ seed: UInt64, isTraced: Bool = false) -> ElasticSimulation? {
        let run = ElasticSimulation(ElasticPlan(seed: seed), isTraced: isTraced)
        do { try run.run() } catch {
            SimulationTests.report(seed, of: "ElasticTests", "\(error)")
            return nil
        }
        return run
    }

    @Test func `the same seed is the same run`() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let (first, second) = (
                ElasticSimulation(ElasticPlan(seed: seed)),
                ElasticSimulation(ElasticPlan(seed: seed))
            )
            try first.run()
            try second.run()
            #expect(first.digest == second.digest && first.counts == second.counts)
        }
    }

    @Test func `the runs meet every kind of trouble`() throws {
        var counts: [String: Int] = [:]
        for seed in 1...150 as ClosedRange<UInt64> {
            let run = ElasticSimulation(ElasticPlan(seed: seed))
            try run.run()
            counts.merge(run.counts, uniquingKeysWith: +)
        }
        let missing = [
            "kills of workers", "pauses of workers", "cuts of workers", "gaps of logs",
            "kills of routers", "cuts of routers", "drains of workers", "stops of workers",
            "damaged snapshots", "times of ids", "take-overs", "released", "deposed", "outrun",
            "silent", "hand-overs without an end", "snapshots", "void messages", "merges",
            "incomplete", "unavailable", "retries", "questions answered",
        ].filter { counts[$0, default: 0] == 0 }
        #expect(missing == [])
    }

    @Test(arguments: ElasticPlan.Deception.allCases)
    func `a cluster that breaks a promise is found out`(_ deception: ElasticPlan.Deception) {
        var failures: [(seed: UInt64, reason: String)] = []
        for seed in 1...UInt64(600) where failures.isEmpty {
            let run = ElasticSimulation(ElasticPlan(seed: seed, deception: deception))
            do { try run.run() } catch { failures.append((seed, "\(error)")) }
        }
        #expect(!failures.isEmpty)
        for failure in failures { print("\(deception): seed \(failure.seed): \(failure.reason)") }
    }
}
