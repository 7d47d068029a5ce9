import SojournEngine
import SojournModel
import SojournTestKit
import Testing

/// One test a rule of "Session semantics". Times are after noon, the timeout is 30 minutes, the
/// lateness 10, unless a test says otherwise; every event is a batch of its own.
struct SessionRuleTests {
    // MARK: Timeout

    @Test(arguments: [(-1, 1, Outcome.extended), (0, 2, .new), (1, 2, .new)])
    func `a gap of exactly the timeout starts a new session`(
        beyond: Int64, sessions: Int, outcome: Outcome
    ) {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([.at(0), .at(30 * minute + beyond)])
        #expect(outcomes == [.new, outcome])
        let finished = run.finishedInOrder()
        #expect(finished.count == sessions)
        #expect(finished.last?.state.boundary == (sessions == 1 ? .first : .idle))
        #expect(finished.first?.boundaryOut == .idle)
    }

    @Test(arguments: [(-1, 1, Outcome.lateJoined), (0, 2, .new), (1, 2, .new)])
    func `a gap of exactly the timeout separates a late event as well`(
        beyond: Int64, sessions: Int, outcome: Outcome
    ) {
        var run = EngineRun(.with { $0.latenessMilliseconds = hour })
        let outcomes = run.outcomes([.at(30 * minute + beyond), .at(0)])
        #expect(outcomes == [.new, outcome])
        #expect(run.finishedInOrder().count == sessions)
    }

    @Test func `two late events make one session of three`() {
        var run = EngineRun(.with { $0.latenessMilliseconds = 3 * hour })
        let assignments = run.applyEach([
            .at(0), .at(40 * minute), .at(80 * minute), .at(60 * minute), .at(20 * minute),
        ])
        #expect(assignments.map(\.outcome) == [.new, .new, .new, .merged, .merged])
        #expect(assignments.map(\.position) == [1, 1, 1, 3, 5])
        let ids = assignments.map(\.session)
        #expect(run.revisions.map(\.number) == [1, 2])
        #expect(run.revisions.map(\.from) == [ids[2], ids[1]])
        #expect(run.revisions.map(\.into) == [ids[1], ids[0]])
        #expect(run.revisions.allSatisfy { $0.cause == .bridge && $0.partition == 3 })
        let finished = run.finishedInOrder()
        #expect(finished.map(\.id) == [ids[0]])
        #expect(finished.map(\.events) == [5])
        #expect(finished.map(\.lastEvent) == [noon + 80 * minute])
        #expect(finished.allSatisfy { $0.state.isMerged && $0.state.isLate })
    }

    @Test func `a session that takes in an earlier-arrived later one keeps the earlier id`() {
        var run = EngineRun(.with { $0.latenessMilliseconds = 3 * hour })
        let ids = run.applyEach([.at(40 * minute), .at(0), .at(20 * minute)]).map(\.session)
        #expect(run.revisions.map(\.into) == [ids[1]])
        #expect(run.finishedInOrder().map(\.ordinal) == [2])
    }

    // MARK: Start and end

    @Test func `an event exactly at the end joins the session that ended`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([.at(0), .at(minute, .end), .at(minute), .at(minute + 1)])
        #expect(outcomes == [.new, .extended, .extended, .new])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.events) == [3, 1])
        #expect(finished.map(\.state.isEnded) == [true, false])
        #expect(finished.map(\.boundaryOut) == [.explicit, .idle])
        #expect(finished.map(\.state.boundary) == [.first, .explicit])
    }

    @Test func `a late event before the end joins the session that ended`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([.at(0), .at(2 * minute, .end), .at(minute), .at(-minute)])
        #expect(outcomes == [.new, .extended, .lateJoined, .lateJoined])
        #expect(run.finishedInOrder().map(\.events) == [4])
    }

    @Test func `a start begins a session even at the time of the last event`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([.at(0), .at(0, .start), .at(0), .at(1, .start)])
        #expect(outcomes == [.new, .new, .extended, .new])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.events) == [1, 2, 1])
        #expect(finished.map(\.state.boundary) == [.first, .explicit, .explicit])
        #expect(finished.map(\.boundaryOut) == [.explicit, .explicit, .idle])
    }

    @Test func `a start inside a session joins it as a plain event`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([.at(0), .at(2 * minute), .at(minute, .start)])
        #expect(outcomes == [.new, .extended, .lateJoined])
        #expect(run.finishedInOrder().map(\.events) == [3])
    }

    @Test func `an end inside a session joins it and does not close it`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([.at(0), .at(2 * minute), .at(minute, .end), .at(3 * minute)])
        #expect(outcomes == [.new, .extended, .lateJoined, .extended])
        #expect(run.finishedInOrder().map(\.state.isEnded) == [false])
    }

    @Test func `a session that a start began takes nothing before it`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([.at(5 * minute, .start), .at(4 * minute)])
        #expect(outcomes == [.new, .new])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.state.boundary) == [.first, .explicit])
        #expect(finished.map(\.ordinal) == [2, 1])
    }

    @Test func `a late end opens a session of its own rather than join a later one`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([.at(5 * minute), .at(4 * minute, .end)])
        #expect(outcomes == [.new, .new])
        #expect(run.finishedInOrder().map(\.state.boundary) == [.first, .explicit])
    }

    // MARK: Heartbeats

    @Test func `a heartbeat extends activity and is no view or action`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([
            .at(0), .at(20 * minute, .heartbeat), .at(45 * minute, .heartbeat),
        ])
        #expect(outcomes == [.new, .extended, .extended])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.events) == [3])
        #expect(finished.map(\.views) == [1])
        #expect(finished.map(\.actions) == [0])
        #expect(finished.map(\.engagedMilliseconds) == [45 * minute])
        #expect(finished.map(\.state.isEngaged) == [true])
    }

    @Test func `a heartbeat never starts a session`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([
            .at(0, .heartbeat), .at(minute), .at(31 * minute, .heartbeat),
        ])
        #expect(outcomes == [.rejectedNoSession, .new, .rejectedNoSession])
        let accepted = run.assignments.map(\.position)
        #expect(accepted == [0, 1, 0])
        #expect(run.finishedInOrder().map(\.events) == [1])
    }

    @Test func `a late heartbeat joins a later session only together with an earlier one`() {
        var run = EngineRun(.with { $0.latenessMilliseconds = hour })
        let outcomes = run.outcomes([
            .at(40 * minute), .at(20 * minute, .heartbeat), .at(0), .at(20 * minute, .heartbeat),
        ])
        #expect(outcomes == [.new, .rejectedNoSession, .new, .merged])
        #expect(run.finishedInOrder().map(\.events) == [3])
    }

    // MARK: Caps

    @Test func `the last event within 24 hours joins and the first after does not`() {
        var run = EngineRun(SessionPolicy())
        let steps = (0..<50).map { TestEvent.at(Int64($0) * 29 * minute, .action) }
        let outcomes = run.outcomes(steps + [.at(24 * hour)])
        #expect(outcomes.dropFirst().allSatisfy { $0 == .extended })
        let after = run.outcomes([.at(24 * hour + 1)])
        #expect(after == [.new])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.events) == [51, 1])
        #expect(finished.map(\.engagedMilliseconds) == [24 * hour, 0])
        #expect(finished.map(\.boundaryOut) == [.maxDuration, .idle])
        #expect(finished.map(\.state.boundary) == [.first, .maxDuration])
    }

    @Test func `the 10,000th event joins and the 10,001st does not`() {
        var run = EngineRun(SessionPolicy())
        let events = (0..<10_001).map { TestEvent.at(Int64($0) * second, .action) }
        for start in stride(from: 0, to: events.count, by: 500) {
            run.apply(Array(events[start..<min(start + 500, events.count)]))
        }
        let last = run.assignments.suffix(2)
        #expect(last.map(\.outcome) == [.extended, .new])
        #expect(last.map(\.position) == [10_000, 1])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.events) == [10_000, 1])
        #expect(finished.map(\.boundaryOut) == [.maxEvents, .idle])
    }

    @Test func `an event inside a session joins it whatever the caps say`() {
        var run = EngineRun(.with { $0.maxEvents = 2 })
        let outcomes = run.outcomes([.at(0), .at(2 * minute), .at(minute), .at(3 * minute)])
        #expect(outcomes == [.new, .extended, .lateJoined, .new])
        #expect(run.finishedInOrder().map(\.events) == [3, 1])
    }

    @Test func `what a cap has cut is not merged again`() {
        var run = EngineRun(.with { $0.maxDurationMilliseconds = hour })
        let outcomes = run.outcomes([
            .at(0), .at(29 * minute), .at(50 * minute), .at(61 * minute), .at(55 * minute),
        ])
        #expect(outcomes == [.new, .extended, .extended, .new, .extended])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.events) == [4, 1])
        #expect(finished.map(\.state.boundary) == [.first, .maxDuration])
    }

    @Test func `a bridge that would break a cap joins the earlier session`() {
        var run = EngineRun(
            .with {
                $0.maxEvents = 3
                $0.latenessMilliseconds = hour
            })
        let outcomes = run.outcomes([
            .at(0), .at(40 * minute), .at(41 * minute), .at(20 * minute),
        ])
        #expect(outcomes == [.new, .new, .extended, .extended])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.events) == [2, 2])
        #expect(finished.map(\.state.boundary) == [.first, .maxEvents])
        #expect(finished.map(\.boundaryOut) == [.maxEvents, .idle])
    }

    @Test func `a session that a campaign began keeps that reason when a cap applies as well`() {
        var run = EngineRun(
            .with {
                $0.splitsOnCampaign = true
                $0.maxDurationMilliseconds = 30 * minute
            })
        run.applyEach([
            .at(0, campaign: "a"), .at(10 * minute, campaign: "b"), .at(35 * minute),
            .at(5 * minute),
        ])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.events) == [2, 2])
        #expect(finished.map(\.state.boundary) == [.first, .campaign])
        #expect(finished.map(\.boundaryOut) == [.campaign, .idle])
    }

    // MARK: Campaign

    @Test func `a direct session takes a campaign instead of splitting`() {
        var run = EngineRun(.with { $0.splitsOnCampaign = true })
        let outcomes = run.outcomes([
            .at(0), .at(minute, campaign: "spring"), .at(2 * minute),
            .at(3 * minute, campaign: "spring"),
        ])
        #expect(outcomes == [.new, .extended, .extended, .extended])
        let finished = run.finishedInOrder()
        // The context stays that of the first event.
        #expect(finished.map { $0.context[7] } == [""])
    }

    @Test func `another campaign begins a new session`() {
        var run = EngineRun(.with { $0.splitsOnCampaign = true })
        let outcomes = run.outcomes([
            .at(0), .at(minute, campaign: "spring"), .at(2 * minute, campaign: "summer"),
            .at(3 * minute), .at(4 * minute, campaign: "spring"),
        ])
        #expect(outcomes == [.new, .extended, .new, .extended, .new])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.state.boundary) == [.first, .campaign, .campaign])
        #expect(finished.map(\.boundaryOut) == [.campaign, .campaign, .idle])
    }

    @Test func `a campaign on a late event does not split`() {
        var run = EngineRun(.with { $0.splitsOnCampaign = true })
        let outcomes = run.outcomes([
            .at(0, campaign: "spring"), .at(2 * minute), .at(minute, campaign: "summer"),
        ])
        #expect(outcomes == [.new, .extended, .lateJoined])
    }

    @Test func `a campaign means nothing where the policy does not split on it`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([
            .at(0, campaign: "spring"), .at(minute, campaign: "summer"),
        ])
        #expect(outcomes == [.new, .extended])
    }

    // MARK: Several rules at once

    @Test func `explicit comes before idle, midnight and the caps`() {
        let policy = SessionPolicy.with {
            $0.midnight = .utc
            $0.maxEvents = 1
            $0.maxDurationMilliseconds = 30 * minute
        }
        let cases: [(Int64, EventKind, Boundary)] = [
            (12 * hour + 1, .start, .explicit), (12 * hour + 29 * minute, .view, .idle),
            (12 * hour, .view, .midnight), (11 * hour + 59 * minute + 59_999, .view, .maxEvents),
        ]
        for (offset, kind, boundary) in cases {
            var run = EngineRun(policy)
            run.applyEach([.at(11 * hour + 59 * minute), .at(offset, kind)])
            let finished = run.finishedInOrder()
            #expect(finished.map(\.state.boundary) == [.first, boundary])
        }
    }

    @Test func `idle comes before an end, and an end before midnight`() {
        let cases: [(Int64, Boundary)] = [
            (hour + 1, .explicit), (hour + 29 * minute, .explicit), (hour + 30 * minute, .idle),
        ]
        for (offset, boundary) in cases {
            var run = EngineRun(.with { $0.midnight = .utc })
            run.applyEach([.at(11 * hour + 31 * minute), .at(11 * hour + 31 * minute, .end)])
            run.applyEach([.at(10 * hour + 31 * minute + offset)])
            let finished = run.finishedInOrder()
            #expect(finished.map(\.state.boundary) == [.first, boundary])
            #expect(finished.map(\.boundaryOut) == [.explicit, .idle])
        }
    }

    @Test func `maxDuration comes before maxEvents and maxEvents before campaign`() {
        let policy = SessionPolicy.with {
            $0.timeoutMilliseconds = hour
            $0.maxDurationMilliseconds = hour
            $0.maxEvents = 2
            $0.splitsOnCampaign = true
        }
        let cases: [(Int64, Boundary)] = [
            (hour + 1, .maxDuration), (hour, .maxEvents),
        ]
        for (offset, boundary) in cases {
            var run = EngineRun(policy)
            run.applyEach([.at(0, campaign: "a"), .at(minute), .at(offset, campaign: "b")])
            let finished = run.finishedInOrder()
            #expect(finished.map(\.state.boundary) == [.first, boundary])
        }
    }

    // MARK: Attributes

    @Test func `landing, exit, path and context follow event time`() {
        var run = EngineRun(SessionPolicy())
        func view(_ offset: Int64, _ name: String, _ device: String) -> TestEvent {
            var event = TestEvent.at(offset, name: name)
            event.context = TestContext(device: device)
            return event
        }
        run.applyEach([
            view(3 * minute, "/c", "desktop"), view(minute, "/a", "phone"),
            view(4 * minute, "/d", ""), view(2 * minute, "/b", "tv"),
            .at(0, .action), .at(5 * minute, .action), view(4 * minute, "/e", ""),
        ])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.landingPage) == ["/a"])
        #expect(finished.map(\.exitPage) == ["/e"])
        #expect(finished[0].path.map(\.page) == ["/a", "/b", "/c", "/d", "/e"])
        #expect(
            finished[0].path.map(\.milliseconds) == [60, 120, 180, 240, 240].map { $0 * 1_000 })
        // The earliest event is the action, which came without a context.
        #expect(finished[0].context == Array(repeating: "", count: 8))
    }

    @Test func `the path holds the first 64 views by event time`() {
        var run = EngineRun(SessionPolicy())
        let views = (0..<100).map { TestEvent.at(Int64($0) * second, name: "/\($0)") }
        run.apply(views)
        run.apply([.at(10 * second + 1, name: "/late"), .at(70 * second + 1, name: "/later")])
        let finished = run.finishedInOrder()
        let pages = finished[0].path.map(\.page)
        #expect(pages == (0...10).map { "/\($0)" } + ["/late"] + (11...62).map { "/\($0)" })
        #expect(finished[0].views == 102)
        #expect(finished[0].exitPage == "/99")
    }

    @Test func `a merge keeps the first 64 views of both sessions`() {
        var run = EngineRun(.with { $0.latenessMilliseconds = hour })
        run.apply((0..<40).map { TestEvent.at(Int64($0) * second, name: "/a\($0)") })
        run.apply((0..<40).map { TestEvent.at(40 * minute + Int64($0) * second, name: "/b\($0)") })
        let outcomes = run.outcomes([.at(20 * minute, name: "/bridge")])
        #expect(outcomes == [.merged])
        let finished = run.finishedInOrder()
        let pages = finished[0].path.map(\.page)
        #expect(
            pages == (0..<40).map { "/a\($0)" } + ["/bridge"] + (0..<23).map { "/b\($0)" })
        #expect(finished[0].exitPage == "/b39")
    }

    @Test func `a value stays at the end of the number range`() {
        var run = EngineRun(SessionPolicy())
        run.applyEach([
            .at(0, .conversion, value: .max - 1), .at(1, .conversion, value: 5),
        ])
        var other = EngineRun(SessionPolicy())
        other.applyEach([
            .at(0, .conversion, value: .min + 1), .at(1, .conversion, value: -5),
        ])
        #expect(run.finishedInOrder().map(\.value) == [.max])
        #expect(other.finishedInOrder().map(\.value) == [.min])
    }

    @Test(arguments: [
        ([TestEvent.at(0)], false), ([.at(0), .at(1)], true), ([.at(0, .conversion)], true),
        ([.at(0, .action), .at(9_999, .action)], false),
        ([.at(0, .action), .at(10_000, .action)], true),
    ])
    func `engaged is ten seconds, or a conversion, or two views`(
        events: [TestEvent], isEngaged: Bool
    ) {
        var run = EngineRun(SessionPolicy())
        run.applyEach(events)
        #expect(run.finishedInOrder().map(\.state.isEngaged) == [isEngaged])
    }

    // MARK: Bots

    @Test(arguments: [(100, false), (101, true)])
    func `more than 100 events in 100 seconds are automated`(count: Int, isAutomated: Bool) {
        var run = EngineRun(SessionPolicy())
        run.apply((0..<count).map { TestEvent.at(Int64($0) * 900, .action) })
        #expect(run.finishedInOrder().map(\.state.isAutomated) == [isAutomated])
    }

    @Test func `a steady event a second for an hour is not automated by its number`() {
        var run = EngineRun(SessionPolicy())
        run.apply((0..<3_600).map { TestEvent.at(Int64($0) * 1_100, .action) })
        #expect(run.finishedInOrder().map(\.state.isAutomated) == [false])
    }

    @Test func `a known bot is automated, and counted like the others`() {
        var run = EngineRun(SessionPolicy())
        var event = TestEvent.at(minute)
        event.context = TestContext(isKnownBot: true)
        let outcomes = run.outcomes([.at(0), event, .at(2 * minute)])
        #expect(outcomes == [.new, .extended, .extended])
        #expect(run.finishedInOrder().map(\.state.isAutomated) == [true])
    }

    // MARK: Duplicates

    @Test func `an event id that the session has seen makes a duplicate`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([
            .at(0, id: 1), .at(minute, id: 1), .at(minute, id: 2), .at(0, id: 2), .at(0), .at(0),
        ])
        #expect(
            outcomes == [.new, .duplicate, .extended, .duplicate, .lateJoined, .lateJoined])
        #expect(run.finishedInOrder().map(\.events) == [4])
    }

    @Test func `a session remembers its last 16 event ids`() {
        var run = EngineRun(SessionPolicy())
        run.applyEach((1...17).map { .at(Int64($0) * second, id: UInt64($0)) })
        let outcomes = run.outcomes([.at(minute, id: 2), .at(minute, id: 1), .at(minute, id: 2)])
        // The second pushes the id 2 out.
        #expect(outcomes == [.duplicate, .extended, .extended])
    }

    @Test func `ids survive many events and a merge`() {
        var run = EngineRun(.with { $0.latenessMilliseconds = hour })
        run.applyEach((1...70).map { .at(Int64($0) * second, id: UInt64($0)) })
        let late = run.outcomes([.at(40 * minute, id: 100), .at(20 * minute, id: 101)])
        #expect(late == [.new, .merged])
        let outcomes = run.outcomes(
            [70, 57, 100, 101, 56, 55].map { .at(21 * minute, id: UInt64($0)) })
        #expect(
            outcomes == [.duplicate, .duplicate, .duplicate, .duplicate, .lateJoined, .lateJoined])
    }

    // MARK: The clock

    @Test func `an event beyond the clock skew is rejected and does not move the clock`() {
        var run = EngineRun(SessionPolicy())
        run.server = noon
        let outcomes = run.outcomes([.at(0), .at(5 * minute), .at(5 * minute + 1)])
        #expect(outcomes == [.new, .extended, .rejectedClockSkew])
        let clock = run.clock
        #expect(clock == noon + 5 * minute)
        #expect(run.finishedInOrder().map(\.events) == [2])
    }

    @Test func `an event is too late when the session that it would open is finished`() {
        for (behind, outcome) in [(40 * minute, Outcome.tooLate), (40 * minute - 1, .new)] {
            var run = EngineRun(SessionPolicy())
            let outcomes = run.outcomes([.at(0), .at(-behind)])
            #expect(outcomes == [.new, outcome])
        }
    }

    @Test func `an event is not too late because of another in its own batch`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.apply([.at(3 * hour), .at(0)]).map(\.outcome)
        #expect(outcomes == [.new, .new])
    }

    @Test func `a late bridge into a live session is never lost`() {
        var run = EngineRun(.with { $0.latenessMilliseconds = 0 })
        // 25 minutes behind a clock without lateness; the session that it joins is alive.
        let outcomes = run.outcomes([
            .at(0), .at(-25 * minute), .at(20 * minute), .at(-40 * minute),
        ])
        #expect(outcomes == [.new, .lateJoined, .extended, .lateJoined])
    }

    @Test(arguments: [.min, .min + 1, -1, 0] as [Int64])
    func `a clock at the lower end finishes nothing`(clock: Int64) {
        var run = EngineRun(SessionPolicy())
        run.setClock(clock)
        let outcomes = run.apply([TestEvent("v", 0), TestEvent("v", 1)]).map(\.outcome)
        #expect(outcomes == [.new, .extended])
        #expect(run.finished.isEmpty)
    }

    @Test(arguments: [.max, .max - 1, .max - 40 * minute] as [Int64])
    func `a clock at the upper end finishes everything and takes nothing`(clock: Int64) {
        var run = EngineRun(.with { $0.latenessMilliseconds = hour })
        run.applyEach([.at(0), .at(40 * minute), .at(20 * minute), .at(60 * minute)])
        // The merged session's turn in the wheel comes before that of its survivor now.
        run.advance(to: noon + 91 * minute)
        var other = TestEvent.at(91 * minute)
        other.visitor = "w"
        run.apply([other])
        run.setClock(clock)
        var more = true
        for _ in 0..<3 where more {
            more = run.engine.tick(
                EngineRun.property, clock: clock, sink: &run.collector, budget: 100_000)
        }
        #expect(!more)
        #expect(run.finished.count == 2)
        let visitors = run.engine.liveVisitors
        #expect(visitors == 0)
        let late = run.apply([.at(4 * hour)]).map(\.outcome)
        #expect(late == [.tooLate])
    }

    @Test func `events at both ends of the allowed times are taken`() {
        var run = EngineRun(SessionPolicy())
        run.server = .max
        let outcomes = run.outcomes([
            TestEvent("v", 0), TestEvent("v", 1), TestEvent("v", Limits.eventTimeEnd - 1),
        ])
        #expect(outcomes == [.new, .extended, .new])
        #expect(run.finishedInOrder().map(\.events) == [2, 1])
    }

    @Test func `the server's time may stand at either end`() {
        var run = EngineRun(SessionPolicy())
        run.server = .min
        let early = run.outcomes([TestEvent("v", 0)])
        #expect(early == [.rejectedClockSkew])
        run.server = .max
        let late = run.outcomes([TestEvent("v", 0)])
        #expect(late == [.new])
    }
}
