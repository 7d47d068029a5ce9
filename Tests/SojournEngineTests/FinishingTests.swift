import SojournEngine
import SojournModel
import SojournTestKit
import Testing

/// How sessions are finished and what of them stays.
struct FinishingTests {
    @Test func `a session finishes at its end plus timeout plus lateness`() {
        var run = EngineRun(SessionPolicy())
        run.applyEach([.at(0), .at(minute)])
        run.advance(to: noon + 41 * minute - 1)
        #expect(run.finished.isEmpty)
        let before = run.sessions(of: "v").map(\.finishesAt)
        #expect(before == [noon + 41 * minute])
        run.setClock(noon + 41 * minute)
        let after = run.sessions(of: "v")
        #expect(after.isEmpty, "it is invisible as soon as it is due")
        run.advance(to: noon + 41 * minute + 2 * second)
        #expect(run.finished.map(\.events) == [2])
    }

    @Test func `a batch finishes what is due by its clock`() {
        var run = EngineRun(SessionPolicy())
        run.applyEach([.at(0), .at(hour), .at(2 * hour)])
        #expect(run.finished.map(\.firstEvent) == [noon])
    }

    @Test func `a session that a late event opened is handed over at most a tick after it is due`()
    {
        var run = EngineRun(SessionPolicy())
        // The wheel starts with the first session; the second one is due five minutes before it.
        run.applyEach([.at(0), TestEvent("w", noon - 5 * minute)])
        run.advance(to: noon + 35 * minute + 2 * second)
        #expect(run.finished.map(\.firstEvent) == [noon - 5 * minute])
    }

    @Test func `a clock that goes back stands still`() {
        var run = EngineRun(SessionPolicy())
        run.apply([.at(0)])
        run.advance(to: noon + hour)
        let more = run.engine.tick(EngineRun.property, clock: noon, sink: &run.collector)
        #expect(!more)
        #expect(run.finished.count == 1)
        let late = run.engine.counters[.tooLate]
        #expect(late == 0)
    }

    @Test func `sessions finish in an order that depends on the batches alone`() {
        func order() -> [SessionID] {
            var run = EngineRun(SessionPolicy())
            var random = SplitMix64(seed: 5)
            for _ in 0..<20 {
                run.apply(
                    (0..<50).map { _ in
                        TestEvent("\(random.number(0...300))", noon + random.number(0...5 * minute))
                    })
            }
            run.finishAll()
            return run.finished.map(\.id)
        }
        let first = order()
        #expect(first.count > 200)
        #expect(first == order())
    }

    @Test func `a hundred thousand sessions that are due at once are spread over batches`() {
        var run = EngineRun(SessionPolicy())
        for start in stride(from: 0, to: 100_000, by: 10_000) {
            run.apply((start..<start + 10_000).map { TestEvent("\($0)", noon, .action) })
        }
        run.setClock(noon + 3 * hour)
        var batches = 0
        var largest = 0
        while run.finished.count < 100_000, batches < 100 {
            let before = run.finished.count
            run.apply([TestEvent("late", noon + 3 * hour, .action)])
            largest = max(largest, run.finished.count - before)
            batches += 1
        }
        #expect(run.finished.count == 100_000)
        #expect(largest <= Engine.finishBudget(events: 1))
        #expect(
            batches == (100_000 + Engine.finishBudget(events: 1) - 1)
                / Engine.finishBudget(events: 1))
    }

    @Test func `a tick hands over as many as its budget and says that there are more`() {
        var run = EngineRun(SessionPolicy())
        run.apply((0..<100).map { TestEvent("\($0)", noon) })
        let property = EngineRun.property
        let first = run.engine.tick(
            property, clock: noon + hour, sink: &run.collector, budget: 60)
        #expect(first)
        #expect(run.finished.count == 60)
        let second = run.engine.tick(
            property, clock: noon + hour, sink: &run.collector, budget: 60)
        #expect(!second)
        #expect(run.finished.count == 100)
    }

    @Test func `a session that waits to be handed over takes no event`() {
        var run = EngineRun(SessionPolicy())
        run.apply((0..<10_000).map { TestEvent("\($0)", noon, .action) })
        run.setClock(noon + 41 * minute)
        // More are due than one batch hands over; all of them are finished for the events.
        let outcomes = run.apply((0..<100).map { TestEvent("\($0)", noon + 5 * minute, .action) })
        #expect(outcomes.allSatisfy { $0.outcome == .new && $0.row?.ordinal == 2 })
        #expect(run.finished.count < 10_000)
    }

    @Test func `after a jump of the clock over the whole wheel everything is handed over`() {
        var run = EngineRun(.with { $0.timeoutMilliseconds = second })
        for index in 0..<500 {
            run.apply([TestEvent("\(index)", noon + Int64(index) * 2_345)])
        }
        run.advance(to: noon + 100 * day)
        #expect(run.finished.count == 500)
        run.applyEach([TestEvent("a", noon + 101 * day), TestEvent("b", noon + 103 * day)])
        run.advance(to: noon + 104 * day)
        #expect(run.finished.count == 502)
    }

    @Test(arguments: 0..<8)
    func `a jump of the clock hands sessions over in the order in which they were due`(
        part: Int64
    ) {
        var run = EngineRun(SessionPolicy())
        for index in 0..<35 {
            run.apply([TestEvent("\(index)", noon + Int64(index) * minute)])
        }
        // A turn of the wheel takes 80 minutes here; the jump ends in every part of one.
        run.advance(to: noon + 10 * day + part * 10 * minute)
        #expect(run.finished.map(\.firstEvent) == (0..<35).map { noon + Int64($0) * minute })
    }

    @Test func `when several sessions of a visitor finish, each says what ended it`() {
        var run = EngineRun(SessionPolicy())
        run.applyEach((0..<6).map { .at(Int64($0), .start) })
        let finished = run.finishedInOrder()
        #expect(finished.map(\.ordinal) == [1, 2, 3, 4, 5, 6])
        #expect(
            finished.map(\.boundaryOut)
                == [.explicit, .explicit, .explicit, .explicit, .explicit, .idle])
    }

    @Test func `a session in the middle that finishes first leaves the reason with the one before`()
    {
        var run = EngineRun(
            .with {
                $0.timeoutMilliseconds = second
                $0.latenessMilliseconds = 7 * day
                $0.maxEvents = 1
            })
        // All are due in one tick of five minutes; the wheel gives the last one filed first.
        run.applyEach([.at(0), .at(1_800), .at(900)])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.ordinal) == [1, 3, 2])
        #expect(finished.map(\.boundaryOut) == [.maxEvents, .maxEvents, .idle])
    }

    // MARK: Ordinals

    @Test func `ordinals count in order of opening and have gaps after merges`() {
        var run = EngineRun(.with { $0.latenessMilliseconds = hour })
        let rows = run.applyEach([
            .at(0), .at(40 * minute), .at(20 * minute), .at(2 * hour),
        ]).map(\.row?.ordinal)
        #expect(rows == [1, 2, 1, 3])
    }

    @Test func `a visitor's number of sessions survives for the retention`() {
        let policy = SessionPolicy.with { $0.visitorRetentionMilliseconds = day }
        for (offset, ordinal, boundary) in [
            (day, UInt32(2), Boundary.idle), (2 * day, 1, .first),
        ] {
            var run = EngineRun(policy)
            run.applyEach([.at(0)])
            run.advance(to: noon + hour)
            let visitors = run.engine.rememberedVisitors
            #expect(visitors == 1)
            run.advance(to: noon + offset)
            let row = run.apply([.at(offset)])[0].row
            #expect(row?.ordinal == ordinal)
            #expect(row?.state.boundary == boundary)
        }
    }

    @Test func `a start after everything is forgotten is the first session again`() {
        var run = EngineRun(.with { $0.visitorRetentionMilliseconds = day })
        run.apply([.at(0)])
        run.advance(to: noon + hour)
        let second = run.apply([.at(2 * hour, .start)])[0].row
        #expect(second?.state.boundary == .explicit)
        run.advance(to: noon + 3 * hour)
        run.advance(to: noon + 3 * day)
        let third = run.apply([.at(3 * day, .start)])[0].row
        #expect(third?.state.boundary == .first)
    }

    @Test func `remembered visitors are evicted oldest first, and counted`() {
        var run = EngineRun(SessionPolicy(), limits: .with { $0.rememberedVisitorsMax = 3 })
        for index in 0..<5 {
            run.apply([TestEvent("\(index)", noon + Int64(index) * hour)])
        }
        run.advance(to: noon + 10 * hour)
        let (visitors, evictions) = (
            run.engine.rememberedVisitors, run.engine.rememberedVisitorEvictions
        )
        #expect(visitors == 3)
        #expect(evictions == 2)
        let ordinals = run.apply((0..<5).map { TestEvent("\($0)", noon + 10 * hour) })
            .map { $0.row?.ordinal }
        #expect(ordinals == [1, 1, 2, 2, 2])
    }

    // MARK: Limits

    @Test func `a visitor beyond the limit is rejected until another one is gone`() {
        var run = EngineRun(SessionPolicy(), limits: .with { $0.liveVisitorsMax = 2 })
        let outcomes = run.outcomes([
            TestEvent("a", noon), TestEvent("b", noon), TestEvent("c", noon), TestEvent("a", noon),
        ])
        #expect(outcomes == [.new, .new, .rejectedVisitorLimit, .extended])
        run.advance(to: noon + hour)
        let later = run.outcomes([TestEvent("c", noon + hour)])
        #expect(later == [.new])
        let rejected = run.engine.counters[.rejectedVisitorLimit]
        #expect(rejected == 1)
    }

    @Test func `a session beyond the limit is rejected, and events may still join`() {
        var run = EngineRun(SessionPolicy(), limits: .with { $0.liveSessionsMax = 2 })
        let outcomes = run.outcomes([
            TestEvent("a", noon), TestEvent("b", noon), TestEvent("c", noon),
            TestEvent("a", noon, .start), TestEvent("a", noon + 1),
        ])
        #expect(
            outcomes == [.new, .new, .rejectedSessionLimit, .rejectedSessionLimit, .extended])
    }

    @Test func `a visitor's sessions are limited`() {
        var run = EngineRun(SessionPolicy(), limits: .with { $0.sessionsPerVisitorMax = 2 })
        let outcomes = run.outcomes([
            .at(0, .start), .at(1, .start), .at(2, .start), .at(2), TestEvent("w", noon),
        ])
        #expect(outcomes == [.new, .new, .rejectedSessionLimit, .extended, .new])
        run.advance(to: noon + hour)
        let later = run.outcomes([.at(hour)])
        #expect(later == [.new])
        #expect(run.assignments.last?.row?.ordinal == 3)
    }

    @Test func `a session that was merged away makes room for another of the visitor`() {
        var run = EngineRun(
            .with { $0.latenessMilliseconds = 5 * hour },
            limits: .with { $0.sessionsPerVisitorMax = 3 })
        let outcomes = run.outcomes([
            .at(0), .at(40 * minute), .at(2 * hour), .at(3 * hour), .at(20 * minute),
            .at(3 * hour), .at(4 * hour),
        ])
        #expect(
            outcomes == [.new, .new, .new, .rejectedSessionLimit, .merged, .new]
                + [.rejectedSessionLimit])
    }

    // MARK: Texts

    @Test func `a text beyond the limit becomes (other), is counted, and freed texts make room`() {
        var run = EngineRun(SessionPolicy(), limits: .with { $0.textsMax = 2 })
        run.applyEach([
            .at(0, name: "/a"), .at(1, name: "/b"), .at(2, name: "/c"), .at(3, name: "/a"),
        ])
        let pages = run.sessions(of: "v")[0].path.map(\.page)
        #expect(pages == ["/a", "/b", "(other)", "/a"])
        let overflows = run.engine.overflows(EngineRun.property)
        #expect(overflows == (1, 0))
        run.advance(to: noon + hour)
        let interned = run.engine.interned(EngineRun.property)
        #expect(interned == (0, 0))
        run.apply([.at(hour, name: "/c")])
        let landing = run.sessions(of: "v").map(\.landingPage)
        #expect(landing == ["/c"])
    }

    @Test func `a context beyond the limit becomes (other) and is counted`() {
        var run = EngineRun(SessionPolicy(), limits: .with { $0.contextsMax = 1 })
        for (index, device) in ["phone", "desktop", "phone"].enumerated() {
            run.apply([
                TestEvent("\(index)", noon, context: TestContext(device: device))
            ])
        }
        let devices = ["0", "1", "2"].map { run.sessions(of: $0)[0].context[0] }
        #expect(devices == ["phone", "(other)", "phone"])
        let overflows = run.engine.overflows(EngineRun.property)
        #expect(overflows == (0, 1))
        run.finishAll()
        let interned = run.engine.interned(EngineRun.property)
        #expect(interned == (0, 0))
    }

    @Test
    func `a context beyond the limit keeps the word of the sender on bots, and splits nothing`() {
        var run = EngineRun(
            .with { $0.splitsOnCampaign = true }, limits: .with { $0.contextsMax = 1 })
        run.apply([.at(0, campaign: "spring")])
        let outcomes = run.outcomes([.at(minute, campaign: "summer")])
        #expect(outcomes == [.extended])
        run.apply([TestEvent("bot", noon, context: TestContext(device: "x", isKnownBot: true))])
        let bot = run.sessions(of: "bot")[0]
        #expect(bot.state.isAutomated)
        #expect(bot.context[0] == "(other)")
    }

    @Test func `properties remember their visitors apart`() {
        var engine = Engine(secret: EngineRun.secret)
        let (long, short) = (PropertyID(1), PropertyID(2))
        engine.set(SessionPolicy(), of: long)
        engine.set(.with { $0.visitorRetentionMilliseconds = hour }, of: short)
        var result = BatchResult()
        var sink = NoSink()
        for property in [long, short] {
            EventColumns([.at(0)]).withBatch { batch in
                engine.apply(
                    batch, to: property, at: AdmissionTime(clock: noon, server: noon),
                    result: &result, sink: &sink)
            }
        }
        var remembered: [Int] = []
        for (property, clock) in [(long, 3 * hour), (short, hour), (short, 9 * hour)] {
            while engine.tick(property, clock: noon + clock, sink: &sink) {}
            remembered.append(engine.rememberedVisitors)
        }
        #expect(remembered == [1, 2, 1])
    }

    @Test func `rejected events hold no text`() {
        var run = EngineRun(SessionPolicy())
        run.apply([.at(0)])
        run.server = noon
        run.applyEach([
            .at(-10 * hour, name: "/late", campaign: "c"), .at(hour, name: "/skewed"),
            TestEvent("w", noon, .heartbeat, name: "/beat", context: TestContext(device: "d")),
        ])
        let interned = run.engine.interned(EngineRun.property)
        #expect(interned == (0, 0))
    }
}
