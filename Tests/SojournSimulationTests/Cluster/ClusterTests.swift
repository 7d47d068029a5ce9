import SojournTestKit
import Testing

/// Runs of a cluster of workers behind routers with everything that can go wrong around them, in virtual
/// time. `SOJOURN_SIMULATION_SEEDS` and `SOJOURN_SIMULATION_SEED` count for them as well.
@Suite struct ClusterTests {
    @Test(arguments: 0..<SimulationTests.parts)
    func `what workers applied is what clients were told, once, through any router`(part: Int) {
        if let seed = SimulationTests.one {
            if part == 0 { Self.play(seed) }
            return
        }
        var counts: [String: Int] = [:]
        var digest: UInt64 = 0
        let seeds = stride(
            from: UInt64(part + 1), through: SimulationTests.seeds, by: SimulationTests.parts)
        for seed in seeds {
            guard let run = Self.play(seed) else { return }
            counts.merge(run.counts, uniquingKeysWith: +)
            digest ^= run.digest
        }
        let text = counts.keys.sorted().map { "\($0) \(counts[$0] ?? 0)" }
            .joined(separator: ", ")
        print("cluster, part \(part): \(text); digest \(String(digest, radix: 16))")
        for what in ["kills of workers", "kills of routers", "stops of workers", "incomplete"] {
            #expect(counts[what, default: 0] > 0 || SimulationTests.seeds < 200, "\(what): none")
        }
    }

    @discardableResult
    private static func play(_ seed: UInt64) -> ClusterSimulation? {
        let run = ClusterSimulation(seed: seed)
        do { try run.run() } catch {
            SimulationTests.report(seed, of: "ClusterTests", "\(error)")
            return nil
        }
        return run
    }

    @Test func `the same seed gives the same run`() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let (first, second) = (ClusterSimulation(seed: seed), ClusterSimulation(seed: seed))
            try first.run()
            try second.run()
            #expect(first.digest == second.digest && first.counts == second.counts)
        }
    }

    @Test(arguments: [ClusterSimulation.Deception.forgetsProducers, .mixesParts])
    func `a cluster that breaks its promise is found out`(deception: ClusterSimulation.Deception) {
        var found = 0
        for seed in 1...100 as ClosedRange<UInt64> {
            do { try ClusterSimulation(seed: seed, deception: deception).run() } catch {
                found += 1
            }
        }
        #expect(found > 0, "\(deception)")
    }
}
