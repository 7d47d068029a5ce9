import Foundation
import SojournEngine
import SojournModel
import SojournTestKit
import Testing

/// Facts drawn from the test suites of other systems; each fixture names the files that they are
/// from. Every event is a batch of its own, in the order that the fact gives.
struct PeerCaseTests {
    /// Where Sojourn differs, and why. Nothing else may differ, and all of these must.
    static let differences: [Difference] = [
        .init(
            "bytewax", "forward exactly gap",
            "an equal gap stays there and splits here (law 2)"),
        .init(
            "bytewax", "backward exactly gap",
            "an equal gap stays there and splits here (law 2)"),
        .init(
            "bytewax", "bridge at exactly the gap on both sides",
            "an equal gap stays there and splits here (law 2)"),
        .init(
            "bytewax", "two sessions merge at exactly the gap",
            "an equal gap stays there and splits here (law 2)"),
        .init(
            "kafka_streams", "late middle event joins two sessions",
            "without lateness the first session is finished by then, and a finished session is "
                + "never changed here; there it stays joinable; see the test below"),
        .init(
            "kafka_streams", "gap 10, grace 1: 11 behind is taken, 12 behind is dropped",
            "a session finishes when the clock is AT its end plus timeout plus lateness here, and "
                + "behind that there: what is 11 behind is too late here"),
        .init(
            "kafka_streams",
            "gap 5: equal gap joins, disorder inside is fine, an event of a closed session is "
                + "dropped",
            "an equal gap stays there and splits here (law 2)"),
        .init(
            "matomo", "three seconds apart, over midnight",
            "midnight cuts always there and is off by default here; see the test below"),
        .init(
            "retentioneering", "separator: events before the first separator belong to no session",
            "events without a session are left out there; here every event has one"),
    ]

    struct Difference {
        var peer: String
        var fact: String
        var reason: String

        init(_ peer: String, _ fact: String, _ reason: String) {
            self.peer = peer
            self.fact = fact
            self.reason = reason
        }
    }

    struct Fixture: Decodable {
        var peer: String
        var source: String
        var cases: [Case]
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var peer: String?
        var fact: String
        var timeoutMilliseconds: Int64
        var latenessMilliseconds: Int64?
        /// All times are multiplied by it, where the peer's timeout is shorter than a second.
        var scale: Int64?
        /// Visitor, time, and the kind if it is not a view.
        var events: [String]
        /// Visitor, first and last event, and the number of events where the fact tells it.
        var sessions: [String]
        /// Which events the peer drops, from 0.
        var dropped: [Int]?
        var firstContext: [String: String]?
        var bounced: Bool?
        var views: Int?
        var figures: [String: Double]?

        var testDescription: String { "\(peer ?? "?"): \(fact)" }

        var difference: Difference? {
            differences.first { $0.peer == peer && $0.fact == fact }
        }

        var policy: SessionPolicy {
            .with {
                $0.timeoutMilliseconds = timeoutMilliseconds * (scale ?? 1)
                // A peer that drops nothing has no end of lateness.
                $0.latenessMilliseconds = latenessMilliseconds.map { $0 * (scale ?? 1) } ?? 7 * day
                $0.maxDurationMilliseconds = nil
            }
        }

        var testEvents: [TestEvent] {
            var events = events.map { line in
                let words = line.split(separator: " ")
                let kind = words.count > 2 ? EventKind(name: words[2]) : .view
                return TestEvent(
                    String(words[0]), (Int64(words[1]) ?? -1) * (scale ?? 1), kind ?? .view)
            }
            if let firstContext {
                events[0].context = TestContext(
                    device: firstContext["device"] ?? "", campaign: firstContext["campaign"] ?? "")
                events[0].context.attributes[ContextAttribute.country.rawValue] =
                    firstContext["country"] ?? ""
                events[0].context.attributes[ContextAttribute.referrer.rawValue] =
                    firstContext["referrer"] ?? ""
            }
            return events
        }

        var spans: [SessionSpan] {
            sessions.map { line in
                let words = line.split(separator: " ")
                return SessionSpan(
                    visitor: String(words[0]), first: (Int64(words[1]) ?? -1) * (scale ?? 1),
                    last: (Int64(words[2]) ?? -1) * (scale ?? 1),
                    events: words.count > 3 ? Int(words[3]) : nil)
            }.sorted()
        }
    }

    static let cases: [Case] = {
        let folder = Bundle.module.resourceURL?.appending(path: "Fixtures/PeerCases")
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder ?? URL(filePath: "/"), includingPropertiesForKeys: nil)
        let paths = (files ?? []).sorted { $0.path < $1.path }
        return paths.flatMap { path -> [Case] in
            do {
                let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: path))
                return fixture.cases.map {
                    var fact = $0
                    fact.peer = fixture.peer
                    return fact
                }
            } catch {
                Issue.record("\(path.lastPathComponent) cannot be read: \(error)")
                return []
            }
        }
    }()

    @Test(arguments: cases) func `a peer's fact holds, or differs for the listed reason`(
        _ fact: Case
    ) {
        var run = EngineRun(fact.policy)
        let events = fact.testEvents
        run.applyEach(events)
        run.finishAll()
        let differences = Self.differences(of: run, events, from: fact)
        if let known = fact.difference {
            #expect(!differences.isEmpty, "no longer differs: \(known.reason)")
        } else {
            #expect(differences == [])
        }
    }

    @Test func `all cases of the peers are there, and the table lists no other`() {
        #expect(Self.cases.count == 77)
        for difference in Self.differences {
            #expect(
                Self.cases.contains { $0.peer == difference.peer && $0.fact == difference.fact },
                "\(difference.fact)")
        }
    }

    @Test(arguments: [
        (
            "three seconds apart, over midnight",
            { @Sendable (policy: inout SessionPolicy) in policy.midnight = .utc }
        ),
        (
            "late middle event joins two sessions",
            { @Sendable (policy: inout SessionPolicy) in policy.latenessMilliseconds = minute }
        ),
    ])
    func `a listed fact holds under the policy that it takes for granted`(
        name: String, change: @Sendable (inout SessionPolicy) -> Void
    ) throws {
        let fact = try #require(Self.cases.first { $0.fact == name })
        var policy = fact.policy
        change(&policy)
        var run = EngineRun(policy)
        run.applyEach(fact.testEvents)
        run.finishAll()
        let differences = Self.differences(of: run, fact.testEvents, from: fact)
        #expect(differences == [])
    }

    /// What a run did otherwise than the fact says.
    static func differences(
        of run: borrowing EngineRun, _ events: [TestEvent], from fact: Case
    ) -> [String] {
        var differences: [String] = []
        let found = run.spans(of: events)
        let wanted = fact.spans
        let sameSpans = zip(found, wanted).allSatisfy {
            $0.visitor == $1.visitor && $0.first == $1.first && $0.last == $1.last
                && ($1.events == nil || $0.events == $1.events)
        }
        if fact.sessions.isEmpty == false, found.count != wanted.count || !sameSpans {
            differences.append("sessions \(found)")
        }
        let dropped = run.assignments.indices.filter { !run.assignments[$0].outcome.isAccepted }
        if dropped != fact.dropped ?? [] { differences.append("dropped \(dropped)") }
        let first = run.finished.first
        if let bounced = fact.bounced, first?.state.isEngaged == bounced {
            differences.append("bounced is not \(bounced)")
        }
        if let views = fact.views, first?.views != UInt32(views) {
            differences.append("views are not \(views)")
        }
        for (name, value) in fact.firstContext ?? [:] {
            let attribute: ContextAttribute? =
                name == "campaign"
                ? .campaignName : ContextAttribute.allCases.first { $0.name == name }
            if first?.context[attribute?.rawValue ?? 0] != value {
                differences.append("\(name) is not \(value)")
            }
        }
        for (name, value) in fact.figures ?? [:] {
            let candidates = figure(name, run.finished)
            if !candidates.contains(where: { abs($0 - value) < 1e-9 }) {
                differences.append("\(name) is \(candidates), not \(value)")
            }
        }
        return differences
    }

    /// A figure of a peer's example; two values where the peer does not say which kind it means.
    static func figure(_ name: String, _ sessions: [SessionSnapshot]) -> [Double] {
        let minutes = sessions.map { Double($0.lastEvent - $0.firstEvent) / 60_000 }.sorted()
        let mean = minutes.reduce(0, +) / Double(minutes.count)
        switch name {
        case "visits": return [Double(sessions.count)]
        case "bounces": return [Double(sessions.count { $0.events == 1 })]
        case "sum_visit_length_s":
            // The peer adds a second to each visit.
            return [Double(sessions.reduce(0) { $0 + ($1.lastEvent - $1.firstEvent) / 1_000 + 1 })]
        case "mean_session_minutes": return [mean]
        case "median_session_minutes":
            let middle = minutes.count / 2
            return [
                minutes.count % 2 == 1
                    ? minutes[middle] : (minutes[middle - 1] + minutes[middle]) / 2
            ]
        case "sample_or_population_std_minutes":
            let squares = minutes.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return [
                (squares / Double(minutes.count)).squareRoot(),
                (squares / Double(minutes.count - 1)).squareRoot(),
            ]
        default: return []
        }
    }
}
