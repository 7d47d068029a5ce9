import SojournEngine
import SojournModel
import SojournTestKit
import Testing

/// Ticks that find nothing to do, and batches whose keys were hashed before: what a journal leaves out
/// and what it holds.
struct IdleTickTests {
    static let property = EngineRun.property

    @Test func `a tick is due when a session or an old visitor waits for it`() {
        var run = EngineRun(.with { $0.visitorRetentionMilliseconds = day })
        func isDue(_ offset: Int64) -> Bool {
            run.engine.isAnythingDue(Self.property, clock: noon + offset)
        }
        let beforeAll = isDue(100 * day)
        #expect(!beforeAll)
        run.apply([.at(0)])
        let dueBySession = [0, 40 * minute - 1, 40 * minute + 2 * second, 100 * day].map(isDue)
        #expect(dueBySession == [false, false, true, true])
        run.advance(to: noon + hour)
        #expect(run.finished.count == 1)
        let dueByVisitor = [0, hour, 25 * hour, 25 * hour + second].map(isDue)
        #expect(dueByVisitor == [false, false, false, true])
        run.advance(to: noon + 26 * hour)
        let afterAll = isDue(100 * day)
        #expect(!afterAll)
    }

    @Test func `an engine that gets only due ticks does as one that gets them all`() {
        var dueTicks = 0
        for seed in UInt64(1)...600 {
            var random = SplitMix64(seed: seed)
            let scenario = Scenario.anyOrder(seed: seed)
            var policy = scenario.policy
            if random.once(in: 2) { policy.visitorRetentionMilliseconds = 4_000 }
            var all = EngineRun(policy)
            var due = EngineRun(policy)
            for batch in scenario.batches {
                let clock = max(batch[0].clock ?? .min, all.clock)
                if clock > .min {
                    // As the property's clock moves on between batches, and the batch after shows it.
                    for step in [0, 1, 40, 700, 3_000].prefix(random.number(0...5)) {
                        let tick = clock + Int64(step) * random.pick([1, 10])
                        dueTicks += Self.tick(tick, &all, &due) ? 1 : 0
                    }
                }
                all.apply(batch.map(\.event))
                due.apply(batch.map(\.event))
            }
            let end = all.clock + 2 * (policy.timeoutMilliseconds + policy.latenessMilliseconds)
            for step in Int64(0)...40 {
                dueTicks += Self.tick(end / 40 * step, &all, &due) ? 1 : 0
            }
            for _ in 0..<2 { _ = Self.tick(end + 10_000, &all, &due) }
            #expect(all.assignments == due.assignments, "seed \(seed)")
            #expect(all.finished == due.finished, "seed \(seed)")
            let difference = all.savedState.difference(from: due.savedState)
            #expect(difference == nil, "seed \(seed)")
        }
        #expect(dueTicks > 500, "\(dueTicks)")
    }

    /// Sends a tick to one run, and to the other one if it is due there.
    static func tick(_ time: Int64, _ all: inout EngineRun, _ due: inout EngineRun) -> Bool {
        all.setClock(time)
        due.setClock(time)
        let isDue = due.engine.isAnythingDue(property, clock: due.clock)
        let isDueInAll = all.engine.isAnythingDue(property, clock: all.clock)
        #expect(isDue == isDueInAll)
        let before = all.savedState
        all.advance(to: time)
        if time % 16 == 0 {
            let changes = all.savedState.difference(from: before) != nil
            #expect(changes == isDue)
        }
        if isDue { due.advance(to: time) }
        return isDue
    }

    // MARK: Hashed keys

    @Test func `a batch with hashed keys gives what the batch with the keys gives`() {
        for seed in UInt64(1)...300 {
            let scenario = Scenario.anyOrder(seed: seed)
            var raw = EngineRun(scenario.policy)
            var hashed = EngineRun(scenario.policy)
            for batch in scenario.batches {
                let events = batch.map(\.event)
                raw.apply(events)
                let visitors = raw.batchVisitors
                hashed.apply(events, hashes: visitors)
                #expect(hashed.batchVisitors == visitors)
                #expect(visitors.count == Set(events.map(\.visitor)).count)
            }
            raw.finishAll()
            hashed.finishAll()
            #expect(raw.assignments == hashed.assignments, "seed \(seed)")
            #expect(raw.finished == hashed.finished, "seed \(seed)")
            #expect(raw.collector.visitors == hashed.collector.visitors, "seed \(seed)")
        }
    }
}
