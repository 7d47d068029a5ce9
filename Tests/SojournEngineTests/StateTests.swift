import SojournEngine
import SojournModel
import SojournTestKit
import Testing

/// Saving and restoring the engine's state.
///
/// `SOJOURN_PROPERTY_SEED` sets the first seed of the random tests, `SOJOURN_STATE_CASES` their number.
struct StateTests {
    static let property = EngineRun.property
    static let cases = PropertyTests.environment("SOJOURN_STATE_CASES") ?? 500
    static let seeds = PropertyTests.firstSeed..<(PropertyTests.firstSeed + cases)

    @Test func `an engine that never did anything can be saved and restored`() throws {
        let run = Engine(secret: EngineRun.secret)
        var state = MemoryState()
        run.save(to: &state)
        var restored = Engine(secret: EngineRun.secret)
        try restored.restore(from: state)
        var again = MemoryState()
        restored.save(to: &again)
        let difference = again.difference(from: state)
        #expect(difference == nil)
        let properties = restored.properties
        #expect(properties.isEmpty)
    }

    @Test func `policies come back whole`() throws {
        var engine = Engine(secret: EngineRun.secret)
        let zone = LocalDays(
            firstOffset: 3_600_000,
            transitions: [.init(start: -5, offset: 7_200_000), .init(start: noon, offset: -60_000)])
        let policies: [SessionPolicy] = [
            SessionPolicy(),
            .with {
                $0.timeoutMilliseconds = 1_234
                $0.maxDurationMilliseconds = nil
                $0.maxEvents = nil
                $0.latenessMilliseconds = 0
                $0.maxClockSkewMilliseconds = 7
                $0.splitsOnCampaign = true
                $0.midnight = zone
                $0.visitorRetentionMilliseconds = 99
            },
            .with { $0.midnight = .utc },
        ]
        for (index, policy) in policies.enumerated() {
            engine.set(policy, of: PropertyID(UInt32(9 - index)))
        }
        var state = MemoryState()
        engine.save(to: &state)
        var restored = Engine(secret: EngineRun.secret)
        try restored.restore(from: state)
        let properties = restored.properties
        #expect(properties == [9, 8, 7].map { PropertyID($0) })
        let found = properties.map { restored.policy(of: $0) }
        #expect(found == policies)
    }

    @Test func `a restored engine goes on as the saved one, byte for byte`() throws {
        for seed in Self.seeds {
            try Self.compare(Scenario.anyOrder(seed: seed), seed: seed)
        }
    }

    @Test func `sessions of many batches and a full wheel go on as well`() throws {
        for seed in UInt64(1)...12 { try Self.compareLong(seed: seed) }
    }

    /// Saves at a random batch of a scenario, and goes on with both engines.
    static func compare(_ scenario: Scenario, seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var policy = scenario.policy
        if random.once(in: 2) { policy.visitorRetentionMilliseconds = 4_000 }
        let limits = EngineLimits.with {
            if random.once(in: 3) { $0.textsMax = random.number(0...3) }
            if random.once(in: 3) { $0.contextsMax = random.number(0...2) }
            if random.once(in: 3) { $0.rememberedVisitorsMax = random.number(0...3) }
            if random.once(in: 3) { $0.sessionsPerVisitorMax = UInt16(random.number(1...3)) }
        }
        var run = EngineRun(policy, limits: limits)
        var other = EngineRun(policy, limits: limits)
        let batches = scenario.batches
        let saveAt = random.number(0...batches.count)
        for index in 0...batches.count {
            if index == saveAt {
                let state = run.savedState
                do { try other.restart(from: state) } catch {
                    Issue.record("seed \(seed): \(error)")
                    return
                }
                let difference = other.savedState.difference(from: state)
                #expect(difference == nil, "seed \(seed), at once")
            }
            guard index < batches.count else { break }
            let batch = batches[index]
            let clock = max(batch[0].clock ?? .min, run.clock)
            let change = random.once(in: 12) ? Scenario.anyOrder(seed: seed + 1).policy : nil
            step(&run, batch, clock, change)
            step(&other, batch, clock, change)
            if index >= saveAt, random.once(in: 4) {
                let difference = other.savedState.difference(from: run.savedState)
                #expect(difference == nil, "seed \(seed), batch \(index)")
            }
        }
        finish(&run, &other, policy, seed)
    }

    static func step(
        _ run: inout EngineRun, _ batch: [Scenario.Arrival], _ clock: Int64,
        _ policy: SessionPolicy?
    ) {
        if let policy { run.engine.set(policy, of: property) }
        run.setClock(clock)
        if batch[0].ticks { run.advance(to: clock) }
        run.apply(batch.map(\.event))
    }

    /// Compares what both have said, lets both finish, and compares what they hand over and save.
    static func finish(
        _ run: inout EngineRun, _ other: inout EngineRun, _ policy: SessionPolicy, _ seed: UInt64
    ) {
        #expect(run.assignments == other.assignments, "seed \(seed)")
        #expect(run.revisions == other.revisions, "seed \(seed)")
        for visitor in ["ann", "bob", "eve", "1", "2", "3"] {
            let (found, wanted) = (other.sessions(of: visitor), run.sessions(of: visitor))
            #expect(found == wanted, "seed \(seed)")
            for id in Set(run.assignments.compactMap(\.session)) {
                let (found, wanted) = (other.session(id), run.session(id))
                #expect(found == wanted, "seed \(seed)")
            }
        }
        run.engine.set(policy, of: property)
        other.engine.set(policy, of: property)
        run.finishAll()
        other.finishAll()
        #expect(run.finished == other.finished, "seed \(seed)")
        #expect(run.collector.visitors == other.collector.visitors, "seed \(seed)")
        let difference = other.savedState.difference(from: run.savedState)
        #expect(difference == nil, "seed \(seed), at the end")
    }

    /// Thousands of visitors who come and go, with several saves.
    static func compareLong(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let policy = SessionPolicy.with {
            $0.timeoutMilliseconds = 10 * second
            $0.latenessMilliseconds = random.pick([0, 10 * second, hour])
            $0.visitorRetentionMilliseconds = random.pick([minute, day])
            $0.splitsOnCampaign = random.once(in: 2)
        }
        let limits = EngineLimits.with { $0.rememberedVisitorsMax = random.pick([900, 20_000]) }
        var run = EngineRun(policy, limits: limits)
        var other = EngineRun(policy, limits: limits)
        let visitors = random.pick([400, 3_000])
        for step in 0..<60 {
            let now = noon + Int64(step) * random.pick([second, 4 * second])
            let events = (0..<random.pick([50, 400])).map { _ in
                TestEvent(
                    "\(random.number(1...visitors))", now - random.number(0...15 * second),
                    random.pick([
                        .view, .view, .view, .action, .conversion, .heartbeat, .start, .end,
                    ]),
                    name: random.once(in: 4) ? "/page/\(random.number(0...2_000))" : "/home",
                    context: TestContext(
                        device: random.pick(["", "phone", "tablet"]),
                        campaign: random.once(in: 9) ? "c\(random.number(0...50))" : ""),
                    value: Int64(random.number(0...5)),
                    id: random.once(in: 9) ? UInt64(random.number(1...99)) : 0)
            }
            run.apply(events)
            other.apply(events)
            if random.once(in: 6) {
                let state = run.savedState
                let difference = other.savedState.difference(from: state)
                #expect(difference == nil, "seed \(seed), step \(step)")
                do { try other.restart(from: state) } catch {
                    Issue.record("seed \(seed), step \(step): \(error)")
                    return
                }
            }
        }
        finish(&run, &other, policy, seed)
    }

    // MARK: What is not a state

    /// A state with merged sessions, extensions, long paths, free blocks and two properties.
    static func richState(seed: UInt64) -> MemoryState {
        var random = SplitMix64(seed: seed)
        var run = EngineRun(
            .with {
                $0.timeoutMilliseconds = 10 * second
                $0.latenessMilliseconds = minute
                $0.splitsOnCampaign = true
                $0.midnight = .utc
            })
        run.engine.set(SessionPolicy(), of: PropertyID(8))
        var result = BatchResult()
        for step in 0..<random.number(5...30) {
            let now = noon + Int64(step) * 4 * second
            let events = (0..<10).map { _ in
                TestEvent(
                    "\(random.number(1...9))", now - random.number(0...40 * second),
                    random.pick([.view, .view, .view, .action, .start, .end]),
                    name: "/\(random.number(0...40))",
                    context: TestContext(
                        device: random.pick(["", "phone"]),
                        campaign: random.once(in: 4) ? "c\(random.number(0...5))" : ""),
                    id: random.once(in: 3) ? UInt64(random.number(1...99)) : 0)
            }
            run.apply(events)
            guard random.once(in: 4) else { continue }
            EventColumns(events).withBatch { batch in
                run.engine.apply(
                    batch, to: PropertyID(8), at: AdmissionTime(clock: now, server: now + day),
                    result: &result, sink: &run.collector)
            }
        }
        return run.savedState
    }

    @Test func `a state of several properties is saved again as it was`() throws {
        for seed in UInt64(1)...20 {
            let state = Self.richState(seed: seed)
            var run = EngineRun(SessionPolicy())
            try run.restart(from: state)
            let difference = run.savedState.difference(from: state)
            #expect(difference == nil, "seed \(seed)")
            let properties = run.engine.properties
            #expect(properties == [EngineRun.property, PropertyID(8)])
        }
    }

    @Test func `a state with a missing, cut or strange section is refused`() {
        let state = Self.richState(seed: 1)
        for section in state.sections {
            var without = Self.richState(seed: 1)
            without.remove(section.id)
            let missing = Self.fault(in: without)
            #expect(missing?.section == section.id)
            guard !section.bytes.isEmpty else { continue }
            var shorter = Self.richState(seed: 1)
            shorter.cut(section.id, elements: 1)
            let cut = Self.fault(in: shorter)
            // Without a remembered visitor a state is good still.
            #expect(cut != nil || section.id & 0xFFFF == 5, "section \(section.id)")
        }
    }

    @Test func `a state of another secret, partition or version is refused`() {
        let state = Self.richState(seed: 1)
        var faults: [String] = []
        var other = Engine(secret: DeploymentSecret(Bits128(high: 1, low: 2)), partition: 3)
        do { try other.restore(from: state) } catch { faults.append(error.reason) }
        other = Engine(secret: EngineRun.secret, partition: 4)
        do { try other.restore(from: state) } catch { faults.append(error.reason) }
        var newer = Self.richState(seed: 1)
        newer[0] = 2
        let fault = Self.fault(in: newer)
        faults.append(fault?.reason ?? "none")
        #expect(
            faults == [
                "it was saved with another secret", "it is of partition 3, not of 4",
                "it has version 2, and this program reads 1",
            ])
    }

    @Test func `a state with any wrong number is refused, or makes an engine that works`() {
        var refused = 0
        var taken = 0
        for seed in Self.seeds {
            var random = SplitMix64(seed: seed)
            var state = Self.richState(seed: seed)
            for _ in 0..<random.pick([1, 1, 1, 4]) {
                // Sections are chosen first, for some are much longer than others.
                let section = random.pick(state.sections.filter { !$0.bytes.isEmpty })
                let offset =
                    section.bytes.lowerBound + random.number(0...section.bytes.count / 4 - 1) * 4
                let word: UInt32 = random.pick([
                    0, 1, 2, UInt32(random.number(0...40)), UInt32.max, UInt32(random.next() >> 32),
                    1 << UInt32(random.number(0...31)),
                ])
                for byte in 0..<4 {
                    state[offset + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte))
                }
            }
            if PropertyTests.isTraced { print("seed \(seed)") }
            if Self.fault(in: state) == nil { taken += 1 } else { refused += 1 }
        }
        #expect(
            refused > Self.cases / 3 && taken > Self.cases / 10,
            "\(refused) refused, \(taken) taken")
    }

    /// Restores a state and, if that works, uses it until nothing is left.
    static func fault(in state: borrowing MemoryState) -> StateFault? {
        var run = EngineRun(SessionPolicy())
        do { try run.restart(from: state) } catch {
            #expect(!error.reason.isEmpty)
            // It is as fresh as before.
            let live = run.engine.liveSessions
            #expect(live == 0)
            return error
        }
        for property in run.engine.properties where property != EngineRun.property {
            _ = run.engine.tick(property, clock: noon + hour, sink: &run.collector)
        }
        guard run.engine.properties.contains(EngineRun.property) else { return nil }
        for step in Int64(0)...6 {
            run.apply(
                (1...9).map {
                    TestEvent(
                        "\($0)", noon + (step * 30 + Int64($0)) * second, name: "/\(step)",
                        context: TestContext(device: "phone"), id: UInt64($0))
                })
            for visitor in 1...9 { _ = run.sessions(of: "\(visitor)") }
        }
        run.finishAll()
        return nil
    }
}
