import SojournEngine
import SojournModel
import SojournTestKit
import Testing

struct LookupTests {
    @Test func `a visitor's unfinished sessions come in order of time`() throws {
        var run = EngineRun(.with { $0.latenessMilliseconds = hour })
        let ids = run.applyEach([.at(hour), .at(0), TestEvent("w", noon)]).map(\.session)
        let found = run.sessions(of: "v")
        #expect(found.map(\.id) == [ids[1], ids[0]])
        #expect(found.map(\.boundaryOut) == [.idle, nil])
        let nobody = run.sessions(of: "x")
        #expect(nobody.isEmpty)
    }

    @Test func `a session is found by its id until it is finished`() throws {
        var run = EngineRun(SessionPolicy())
        let id = try #require(run.apply([.at(0, name: "/a")])[0].session)
        let found = run.session(id)
        #expect(found?.landingPage == "/a")
        #expect(found?.firstEvent == noon)
        run.setClock(noon + 40 * minute)
        let finished = run.session(id)
        #expect(finished == nil)
    }

    @Test func `the id of a merged session gives the survivor until that is finished`() throws {
        var run = EngineRun(.with { $0.latenessMilliseconds = 2 * hour })
        let ids = try run.applyEach([
            .at(0), .at(40 * minute), .at(80 * minute), .at(60 * minute), .at(20 * minute),
        ]).map { try #require($0.session) }
        for id in ids {
            let found = run.session(id)
            #expect(found?.id == ids[0])
            #expect(found?.events == 5)
        }
        // Longer than any of the merged ones alone would have lived.
        for step in 1...10 { run.apply([.at(80 * minute + Int64(step) * 25 * minute)]) }
        for id in ids {
            let found = run.session(id)
            #expect(found?.id == ids[0])
            #expect(found?.events == 15)
        }
        run.setClock(noon + 80 * minute + 10 * hour)
        for id in ids {
            let found = run.session(id)
            #expect(found == nil)
        }
        run.finishAll()
        let left = run.engine.liveSessions
        #expect(left == 0)
    }

    @Test func `an id gives nothing in another property, and a made-up id gives nothing`() throws {
        var run = EngineRun(SessionPolicy())
        let id = try #require(run.apply([.at(0)])[0].session)
        run.engine.set(SessionPolicy(), of: PropertyID(8))
        let elsewhere = run.engine.session(id, in: PropertyID(8), clock: noon)
        #expect(elsewhere == nil)
        for bit in 0..<64 {
            let high = run.session(
                SessionID(Bits128(high: id.bits.high ^ 1 << UInt64(bit), low: id.bits.low)))
            let low = run.session(
                SessionID(Bits128(high: id.bits.high, low: id.bits.low ^ 1 << UInt64(bit))))
            #expect(high == nil && low == nil)
        }
    }

    @Test func `an id is a version 7 UUID with the time of the first assigned event`() throws {
        var run = EngineRun(SessionPolicy())
        let assignments = run.applyEach([.at(minute), .at(0)])
        let id = try #require(assignments[0].session)
        #expect(id.milliseconds == noon + minute)
        #expect(assignments[1].session == id)
        let text = Array("\(id)")
        #expect(text[14] == "7")
        #expect("89ab".contains(text[19]))
        #expect(SessionID("\(id)") == id)
    }

    @Test func `a look-up changes nothing, not even the clock`() throws {
        var run = EngineRun(SessionPolicy())
        let id = try #require(run.apply([.at(0)])[0].session)
        let key: [UInt8] = [UInt8(ascii: "v")]
        // Bytes have no padding, so they may be read.
        let found = unsafe run.engine.sessions(
            of: key.span.bytes, in: EngineRun.property, clock: noon + hour)
        #expect(found.isEmpty)
        let byID = run.engine.session(id, in: EngineRun.property, clock: noon + hour)
        #expect(byID == nil)
        // Look-ups are not in the journal, so the next batch must not notice them.
        let outcomes = run.outcomes([.at(minute)])
        #expect(outcomes == [.extended])
    }

    @Test func `one visitor key in two properties is two visitors`() {
        var run = EngineRun(SessionPolicy())
        run.engine.set(SessionPolicy(), of: PropertyID(8))
        run.apply([.at(0)])
        var result = BatchResult()
        EventColumns([.at(1)]).withBatch { batch in
            run.engine.apply(
                batch, to: PropertyID(8), at: AdmissionTime(clock: noon, server: noon),
                result: &result, sink: &run.collector)
        }
        let outcome = result.outcomes[0]
        let id = result.sessions[0].id
        #expect(outcome == Outcome.new.rawValue)
        #expect(id != run.assignments[0].session)
        let visitors = run.engine.liveVisitors
        #expect(visitors == 2)
    }

    @Test func `the reply shows each session of the batch once, as it stands after it`() {
        var run = EngineRun(.with { $0.latenessMilliseconds = hour })
        let assignments = run.apply([
            .at(0), .at(40 * minute), .at(1), .at(20 * minute), TestEvent("w", noon),
        ])
        let rows = assignments.map(\.row)
        #expect(rows[0] == rows[2])
        #expect(rows[0] == rows[3])
        #expect(rows[0]?.state.isMerged == true)
        #expect(rows[1]?.id != rows[0]?.id)
        #expect(rows[1]?.state.isMerged == false)
        #expect(assignments.map(\.position) == [1, 1, 2, 4, 1])
    }
}
