import SojournTestKit
import Testing

/// A simulator that cannot fail proves nothing.
@Suite struct DeceptionTests {
    @Test(arguments: SimulationPlan.Deception.allCases)
    func `a service that breaks a promise is found out`(_ deception: SimulationPlan.Deception) {
        var failures: [(seed: UInt64, reason: String)] = []
        for seed in 1...UInt64(200) where failures.isEmpty {
            var plan = SimulationPlan(seed: seed)
            plan.deception = deception
            if let reason = SimulationTests.failure(of: plan) { failures.append((seed, reason)) }
        }
        #expect(!failures.isEmpty)
        for failure in failures { print("\(deception): seed \(failure.seed): \(failure.reason)") }
    }

    @Test func `the runs meet every kind of trouble`() throws {
        var statistics = Statistics()
        for seed in 1...UInt64(100) {
            let simulation = Simulation(SimulationPlan(seed: seed))
            try simulation.run()
            statistics += simulation.statistics
        }
        #expect(statistics.missing == [])
        #expect(statistics[.merges] > 30 && statistics[.snapshots] > 100)
    }

    @Test func `the same seed is the same run`() throws {
        for seed in 1...UInt64(20) {
            let (first, second) = (
                Simulation(SimulationPlan(seed: seed)), Simulation(SimulationPlan(seed: seed))
            )
            try first.run()
            try second.run()
            #expect(first.digest == second.digest, "seed \(seed)")
        }
    }
}
