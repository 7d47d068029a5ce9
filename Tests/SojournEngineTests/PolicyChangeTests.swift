import SojournEngine
import SojournModel
import SojournTestKit
import Testing

/// What happens when a property's policy changes while it has sessions.
struct PolicyChangeTests {
    static let property = EngineRun.property

    @Test func `the properties come in the order in which their policies were set`() {
        var engine = Engine(secret: EngineRun.secret)
        let strict = SessionPolicy.with { $0.maxEvents = 3 }
        engine.set(SessionPolicy(), of: PropertyID(9))
        engine.set(strict, of: PropertyID(2))
        engine.set(strict, of: PropertyID(9))
        let properties = engine.properties
        #expect(properties == [PropertyID(9), PropertyID(2)])
        let policies = [9, 2, 1].map { engine.policy(of: PropertyID($0)) }
        #expect(policies == [strict, strict, nil])
    }

    @Test func `other rules hold from the next batch on`() {
        var run = EngineRun(SessionPolicy())
        run.apply([.at(0, campaign: "spring"), .at(minute)])
        run.engine.set(.with { $0.maxEvents = 2 }, of: Self.property)
        let capped = run.outcomes([.at(2 * minute)])
        #expect(capped == [.new])
        run.engine.set(.with { $0.splitsOnCampaign = true }, of: Self.property)
        let campaigns = run.outcomes([
            .at(3 * minute, campaign: "spring"), .at(4 * minute, campaign: "summer"),
        ])
        #expect(campaigns == [.extended, .new])
        run.engine.set(
            .with {
                $0.timeoutMilliseconds = minute
                $0.maxDurationMilliseconds = nil
            }, of: Self.property)
        let outcomes = run.outcomes([.at(5 * minute - 1), .at(6 * minute - 1)])
        #expect(outcomes == [.extended, .new])
        run.finishAll()
        let left = (run.engine.liveVisitors, run.engine.liveSessions)
        #expect(left == (0, 0))
        let interned = run.engine.interned(Self.property)
        #expect(interned == (0, 0))
    }

    @Test func `sessions finish by the new timeout and lateness, longer or shorter`() {
        for span in [5 * minute, 3 * hour] {
            var run = EngineRun(SessionPolicy())
            run.applyEach((0..<30).map { TestEvent("\($0)", noon + Int64($0) * second) })
            run.engine.set(
                .with {
                    $0.timeoutMilliseconds = span / 2
                    $0.latenessMilliseconds = span / 2
                }, of: Self.property)
            run.advance(to: noon + span - 1)
            #expect(run.finished.isEmpty)
            let before = run.sessions(of: "3").map(\.finishesAt)
            #expect(before == [noon + 3 * second + span])
            // A tick of this wheel takes up to 5.3 seconds.
            run.advance(to: noon + span + 36 * second)
            #expect(
                run.finished.map(\.firstEvent).sorted()
                    == (0..<30).map { noon + Int64($0) * second })
        }
    }

    @Test func `a policy that makes sessions due hands them over at the next tick`() {
        var run = EngineRun(SessionPolicy())
        run.applyEach((0..<9).map { TestEvent("\($0)", noon + Int64($0) * minute) })
        run.engine.set(
            .with {
                $0.timeoutMilliseconds = minute
                $0.latenessMilliseconds = 0
            }, of: Self.property)
        let isDue = run.engine.isAnythingDue(Self.property, clock: noon)
        #expect(isDue)
        // The clock stands at the last batch but one, and a tick later the one before that is due.
        run.advance(to: noon + 7 * minute + second)
        #expect(run.finished.map(\.firstEvent) == (0..<7).map { noon + Int64($0) * minute })
    }

    @Test func `a session that was due goes on under a longer timeout`() {
        var run = EngineRun(.with { $0.sessionRules(timeout: second, lateness: 7 * day) })
        // Two sessions of one visitor are due, and the budget suffices for the second one alone.
        run.applyEach([.at(0), .at(0, .start)])
        run.setClock(noon + 7 * day + hour)
        _ = run.engine.tick(
            Self.property, clock: run.clock, sink: &run.collector, budget: 1)
        let handedOver = run.finished.count
        #expect(handedOver == 1)
        run.engine.set(
            .with { $0.sessionRules(timeout: day, lateness: 7 * day) }, of: Self.property)
        let found = run.sessions(of: "v")
        #expect(found.map(\.firstEvent) == [noon])
        #expect(found.map(\.boundaryOut) == [nil])
        run.finishAll()
        let left = run.engine.liveSessions
        #expect(left == 0)
    }

    @Test func `whatever the policies, nothing stays behind and nobody is handed over twice`() {
        for seed in UInt64(1)...400 {
            let first = Self.run(seed: seed)
            let second = Self.run(seed: seed)
            #expect(first.finished == second.finished, "seed \(seed)")
            #expect(first.assignments == second.assignments, "seed \(seed)")
            let failure = PropertyTests.failureOfCounters(of: first)
            #expect(failure == nil, "seed \(seed)")
        }
    }

    /// A random scenario during which the policy changes again and again.
    static func run(seed: UInt64) -> EngineRun {
        var random = SplitMix64(seed: seed)
        let scenario = Scenario.anyOrder(seed: seed)
        var run = EngineRun(scenario.policy)
        for batch in scenario.batches {
            if random.once(in: 3) {
                let other = Scenario.anyOrder(seed: seed * 1_000 + random.next() % 50)
                run.engine.set(other.policy, of: property)
            }
            if let clock = batch[0].clock {
                run.setClock(clock)
                if batch[0].ticks { run.advance(to: clock) }
            }
            run.apply(batch.map(\.event))
        }
        run.engine.set(scenario.policy, of: property)
        run.finishAll()
        return run
    }
}

extension SessionPolicy {
    fileprivate mutating func sessionRules(timeout: Int64, lateness: Int64) {
        timeoutMilliseconds = timeout
        latenessMilliseconds = lateness
    }
}
