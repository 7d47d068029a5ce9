import Foundation
import SojournTestKit
import Testing

/// Runs of a service with everything that can go wrong around it, in virtual time.
///
/// `SOJOURN_SIMULATION_SEEDS` sets how many seeds are played, `SOJOURN_SIMULATION_SEED` plays that one
/// and tells what happens in it, `SOJOURN_SIMULATION_LESS` takes away from it what a failure says.
@Suite struct SimulationTests {
    static let seeds = number("SOJOURN_SIMULATION_SEEDS") ?? 2_000
    static let one = number("SOJOURN_SIMULATION_SEED")
    static let parts = 8

    static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test(arguments: 0..<parts)
    func `what was answered stays, once, and the sessions are those of the oracle`(part: Int) {
        if let seed = Self.one {
            if part == 0 { Self.playOne(seed) }
            return
        }
        var statistics = Statistics()
        var digest: UInt64 = 0
        for seed in stride(from: UInt64(part + 1), through: Self.seeds, by: Self.parts) {
            let simulation = Simulation(SimulationPlan(seed: seed))
            do { try simulation.run() } catch {
                Self.report(SimulationPlan(seed: seed), error)
                return
            }
            statistics += simulation.statistics
            digest ^= simulation.digest
        }
        print("part \(part): \(statistics); digest \(String(digest, radix: 16))")
    }

    private static func playOne(_ seed: UInt64) {
        var plan = SimulationPlan(seed: seed)
        plan.take(less: ProcessInfo.processInfo.environment["SOJOURN_SIMULATION_LESS"] ?? "")
        print(plan)
        let simulation = Simulation(plan, isTraced: true)
        do { try simulation.run() } catch { Issue.record("seed \(seed): \(error)") }
        print(simulation.statistics)
    }

    /// Tells of a failure, and of the smallest plan that fails too.
    private static func report(_ plan: SimulationPlan, _ error: any Error) {
        let (smallest, reason) = shrunk(plan, "\(error)")
        report(
            plan.seed, of: "SimulationTests",
            "\(error)\nthe smallest run that fails too: \(reason)",
            more: smallest.less.isEmpty ? "" : " SOJOURN_SIMULATION_LESS=\(smallest.less)")
    }

    /// Tells of a failure, and how it is seen again.
    ///
    /// - Parameter more: what the environment must have besides the seed.
    static func report(_ seed: UInt64, of suite: String, _ failure: String, more: String = "") {
        Issue.record(
            """
            \(suite), seed \(seed): \(failure)
            SOJOURN_SIMULATION_SEED=\(seed)\(more) \
            swift test --filter SojournSimulationTests.\(suite)
            """)
    }

    private static func shrunk(
        _ plan: SimulationPlan, _ reason: String
    ) -> (plan: SimulationPlan, reason: String) {
        var (smallest, reason) = (plan, reason)
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for candidate in smallest.reductions {
                guard let found = failure(of: candidate) else { continue }
                (smallest, reason, isSmaller) = (candidate, found, true)
                break
            }
        }
        return (smallest, reason)
    }

    static func failure(of plan: SimulationPlan) -> String? {
        do { try Simulation(plan).run() } catch { return "\(error)" }
        return nil
    }
}
