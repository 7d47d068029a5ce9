import Foundation
import SojournEngine
import SojournModel
import SojournTestKit
import Testing

/// Random scenarios against the two definitions of sessions. A scenario is made from its seed alone.
///
/// `SOJOURN_PROPERTY_CASES` sets the number of cases of each test, `SOJOURN_PROPERTY_SEED` the first
/// seed, and `SOJOURN_PROPERTY_TRACE` prints each seed before it runs, for a case that traps.
struct PropertyTests {
    static let cases = environment("SOJOURN_PROPERTY_CASES") ?? 8_000
    static let firstSeed = environment("SOJOURN_PROPERTY_SEED") ?? 1
    static let isTraced = environment("SOJOURN_PROPERTY_TRACE") != nil

    static func environment(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func `streaming equals batch for every arrival order within the lateness`() {
        Self.search(Scenario.inOrder, Self.failureAgainstBatch)
    }

    @Test func `caps, campaigns and late marks follow their arrival-order definition`() {
        Self.search(Scenario.anyOrder, Self.failureAgainstArrivals)
    }

    @Test func `the same input twice gives the same answers and the same finished sessions`() {
        for seed in Self.firstSeed..<(Self.firstSeed + Self.cases / 10) {
            let scenario = Scenario.anyOrder(seed: seed)
            let first = Self.run(scenario)
            let second = Self.run(scenario)
            let isSame =
                first.assignments == second.assignments && first.finished == second.finished
                && first.revisions == second.revisions
                && first.collector.visitors == second.collector.visitors
            #expect(isSame, "seed \(seed)")
        }
    }

    @Test func `the scenarios meet every outcome, every boundary and every kind of merge`() {
        var outcomes: Set<Outcome> = []
        var boundaries: Set<Boundary> = []
        var endings: Set<Boundary> = []
        var merges: [Int: Int] = [:]
        var chains = 0
        for seed in 1...UInt64(1_000) {
            for scenario in [Scenario.inOrder(seed: seed), .anyOrder(seed: seed)] {
                let run = Self.run(scenario)
                outcomes.formUnion(run.assignments.map(\.outcome))
                boundaries.formUnion(run.finished.compactMap(\.state.boundary))
                endings.formUnion(run.finished.compactMap(\.boundaryOut))
                merges[run.revisions.count, default: 0] += 1
                let into = Set(run.revisions.map(\.into))
                if run.revisions.contains(where: { into.contains($0.from) }) { chains += 1 }
            }
        }
        // Server time and limits have tests of their own.
        let others: Set<Outcome> = [
            .rejectedClockSkew, .rejectedVisitorLimit, .rejectedSessionLimit,
        ]
        #expect(outcomes == Set(Outcome.allCases).subtracting(others))
        #expect(boundaries == Set(Boundary.allCases))
        #expect(endings == Set(Boundary.allCases).subtracting([.first]))
        #expect((merges[1] ?? 0) > 60 && (merges[2] ?? 0) > 15 && (merges[3] ?? 0) > 5)
        #expect(chains >= 3)
    }

    // MARK: Searching

    /// Looks for a failing case; prints its seed, and the smallest scenario that fails as it does.
    static func search(
        _ make: (UInt64) -> Scenario, _ failure: (Scenario) -> String?
    ) {
        for seed in firstSeed..<(firstSeed + cases) {
            if isTraced { print("seed \(seed)") }
            let scenario = make(seed)
            guard failure(scenario) != nil else { continue }
            let shrunk = scenario.shrunk { failure($0) != nil }
            Issue.record("seed \(seed): \(failure(shrunk) ?? "")\n\(shrunk)")
            return
        }
    }

    static func run(_ scenario: Scenario) -> EngineRun {
        var run = EngineRun(scenario.policy)
        for batch in scenario.batches {
            if let clock = batch[0].clock {
                run.setClock(clock)
                if batch[0].ticks { run.advance(to: clock) }
            }
            run.apply(batch.map(\.event))
        }
        run.finishAll()
        return run
    }

    // MARK: Judging

    static func failureAgainstBatch(_ scenario: Scenario) -> String? {
        let run = run(scenario)
        var accepted: [NumberedEvent] = []
        for (number, assignment) in run.assignments.enumerated() {
            let event = scenario.arrivals[number].event
            switch assignment.outcome {
            case .rejectedNoSession where event.kind == .heartbeat: break
            case .duplicate where event.id != 0: break
            case let outcome where outcome.isAccepted:
                accepted.append(NumberedEvent(number, event))
            case let outcome: return "event \(number) is \(outcome.name)"
            }
        }
        return failure(
            of: run, scenario, against: Oracle.sessions(of: accepted, scenario.policy))
    }

    static func failureAgainstArrivals(_ scenario: Scenario) -> String? {
        let run = run(scenario)
        var oracle = ArrivalOracle(scenario.policy)
        var ids: [Int: SessionID] = [:]
        var merged: [(Int, Int)] = []
        var number = 0
        var clock = Int64.min
        for batch in scenario.batches {
            clock = max(clock, batch[0].clock ?? .min)
            oracle.clock = clock
            for arrival in batch {
                let answer = oracle.take(NumberedEvent(number, arrival.event))
                let found = run.assignments[number]
                if answer.outcome != found.outcome {
                    return "event \(number) is \(found.outcome.name), not \(answer.outcome.name)"
                }
                if answer.position != found.position {
                    return "event \(number) is at \(found.position), not \(answer.position)"
                }
                if let session = answer.session {
                    if let id = ids[session], id != found.session {
                        return "event \(number) is in another session"
                    }
                    ids[session] = found.session
                    if let mergedSession = answer.mergedSession {
                        merged.append((mergedSession, session))
                    }
                }
                clock = max(clock, arrival.event.time)
                number += 1
            }
        }
        let wantedRevisions = merged.map { [ids[$0.0], ids[$0.1]] }
        if run.revisions.map({ [$0.from, $0.into] }) != wantedRevisions {
            return "the revisions are \(run.revisions)"
        }
        for (number, session) in oracle.sessions {
            guard let found = run.finished.first(where: { $0.id == ids[number] }) else {
                return "session \(number) was not handed over"
            }
            let differences = session.differences(from: found)
            if !differences.isEmpty {
                return "session \(number): \(differences.joined(separator: "; "))"
            }
        }
        return failure(of: run, scenario, against: oracle.sessions.map(\.session))
    }

    /// What does not fit between a run that is over and the sessions that it should have made.
    static func failure(
        of run: borrowing EngineRun, _ scenario: Scenario, against expected: [ExpectedSession]
    ) -> String? {
        var members: [SessionID: [Int]] = [:]
        for (number, assignment) in run.assignments.enumerated() {
            guard let id = assignment.session else { continue }
            members[run.survivor(of: id), default: []].append(number)
        }
        let wanted = Set(expected.map(\.eventNumbers))
        if Set(members.values) != wanted {
            return "the events are in sessions \(members.values.sorted { $0[0] < $1[0] }), not "
                + "\(wanted.sorted { $0[0] < $1[0] })"
        }

        let finished = run.finished
        if finished.count != expected.count {
            return "\(finished.count) sessions were handed over, not \(expected.count)"
        }
        if Set(finished.map(\.id)).count != finished.count { return "an id was handed over twice" }
        for snapshot in finished {
            guard let session = expected.first(where: { $0.eventNumbers == members[snapshot.id] })
            else { return "\(snapshot.id) was handed over and never assigned" }
            let differences = session.differences(from: snapshot)
            if !differences.isEmpty {
                return "\(session.eventNumbers): \(differences.joined(separator: "; "))"
            }
        }
        return failureOfCounters(of: run)
    }

    static func failureOfCounters(of run: borrowing EngineRun) -> String? {
        let counters = run.engine.counters
        let accepted = UInt64(run.assignments.count { $0.outcome.isAccepted })
        let opened = run.assignments.filter { $0.outcome == .new }
        if Set(opened.map(\.session)).count != opened.count { return "an id was used twice" }
        if counters.eventsAccepted != accepted { return "accepted events are miscounted" }
        if run.finished.reduce(0, { $0 + UInt64($1.events) }) != accepted {
            return "the sessions do not have all accepted events"
        }
        if counters.sessionsOpened != UInt64(opened.count) { return "opened is miscounted" }
        if counters.sessionsMerged != UInt64(run.revisions.count) { return "merged is miscounted" }
        if counters.sessionsOpened - counters.sessionsMerged != counters.sessionsFinished {
            return "opened less merged is not finished"
        }
        if run.revisions.map(\.number) != Array(1..<(UInt64(run.revisions.count) + 1)) {
            return "the revisions are numbered \(run.revisions.map(\.number))"
        }
        if run.engine.liveVisitors != 0 { return "\(run.engine.liveVisitors) visitors stay" }
        if run.engine.liveSessions != 0 { return "\(run.engine.liveSessions) sessions stay" }
        let interned = run.engine.interned(EngineRun.property)
        if interned != (0, 0) { return "texts and contexts stay: \(interned)" }
        if run.engine.rememberedVisitors != Set(run.collector.visitors).count {
            return "\(run.engine.rememberedVisitors) visitors are remembered"
        }
        return nil
    }
}
