import SojournClient
import SojournModel
import SojournTestKit

/// Compares all that was answered with the definition of sessions.
struct Judgement {
    /// What is wrong; empty when nothing is.
    private(set) var faults: [Fault] = []
    private(set) var sessionCount = 0
    private(set) var revisionCount = 0
    /// Events that count in a session.
    private(set) var accepted = 0
    /// By the outcome of an event, how many there were.
    private(set) var outcomes: [Outcome: Int] = [:]
    private var expected: [String: [ExpectedSession]] = [:]
    /// Of every expected session whose events all name one: which.
    private var ids: [String: [SessionID?]] = [:]

    init(_ settled: [Course.Settled], _ workload: Workload) {
        let settled = settled.sorted { $0.number < $1.number }
        var events: [NumberedEvent] = []
        var sessions: [SessionID?] = []
        var revisions: [Revision] = []
        for (row, batch) in settled.enumerated() {
            if batch.number != row {
                add(.answers, "batch \(row) has no answer")
                return
            }
            let sent = workload.events(ofBatch: batch.number, mayHaveMarks: batch.mayHaveMarks)
            guard sent.count == batch.outcomes.count else {
                add(.answers, "batch \(row) has another number of answers than of events")
                return
            }
            revisions += batch.revisions
            for (event, outcome, session) in zip3(sent, batch.outcomes, batch.sessions) {
                outcomes[outcome, default: 0] += 1
                let isAccepted = judge(event, outcome, session, batch: row)
                if isAccepted { events.append(NumberedEvent(sessions.count, event)) }
                sessions.append(isAccepted ? session : nil)
            }
        }
        accepted = events.count
        revisionCount = revisions.count
        let survivors = survivors(after: revisions)
        for session in Oracle.sessions(of: events, Workload.policy) {
            expected[session.visitor, default: []].append(session)
            sessionCount += 1
        }
        compare(sessions.map { $0.map { survivors($0) } })
    }

    private mutating func add(_ kind: Fault.Kind, _ text: String) {
        faults.append(Fault(kind, text))
    }

    private mutating func judge(
        _ event: TestEvent, _ outcome: Outcome, _ session: SessionID?, batch: Int
    ) -> Bool {
        if outcome.isAccepted {
            if session == nil { add(.answers, "an event of batch \(batch) counts in no session") }
            return true
        }
        if outcome != .rejectedNoSession || event.kind != .heartbeat {
            add(.answers, "an event of batch \(batch) is \(outcome.name)")
        }
        return false
    }

    /// Which session one is part of, after all revisions; these must be there without gaps.
    private mutating func survivors(after revisions: [Revision]) -> (SessionID) -> SessionID {
        let sorted = revisions.sorted { ($0.partition, $0.number) < ($1.partition, $1.number) }
        var last: [UInt16: UInt64] = [:]
        for revision in sorted {
            let next = last[revision.partition, default: 0] + 1
            guard revision.number == next else {
                add(
                    .revisions,
                    "revision \(next) of partition \(revision.partition) is missing, or was told twice"
                )
                break
            }
            last[revision.partition] = next
        }
        var into: [SessionID: SessionID] = [:]
        for revision in sorted { into[revision.from] = revision.into }
        return { session in
            var session = session
            // No chain is longer, unless it runs in a circle.
            for _ in 0..<into.count {
                guard let next = into[session] else { break }
                session = next
            }
            return session
        }
    }

    /// Every session that there should be has one id, and no id is that of two.
    private mutating func compare(_ sessions: [SessionID?]) {
        var owners: [SessionID: String] = [:]
        for visitor in expected.keys.sorted() {
            for session in expected[visitor] ?? [] {
                let found = Set(session.eventNumbers.compactMap { sessions[$0] })
                let id = found.count == 1 ? found.first : nil
                ids[visitor, default: []].append(id)
                let what = "the session of \(visitor) from \(session.firstEvent) on"
                if found.count != 1 { add(.sessions, "\(what) was answered as \(found.count)") }
                for id in found {
                    if let owner = owners.updateValue(what, forKey: id) {
                        add(.sessions, "\(what) has the id of \(owner)")
                    }
                }
            }
        }
    }

    /// Compares what the server knows of a visitor with what it should.
    mutating func compare(_ found: SessionLookup, of visitor: String) {
        guard let clock = found.clock?.milliseconds else {
            add(.lookUps, "the server has no clock")
            return
        }
        let span = Workload.policy.timeoutMilliseconds + Workload.policy.latenessMilliseconds
        let live = zip(expected[visitor] ?? [], ids[visitor] ?? [])
            .filter { $0.0.lastEvent + span > clock }
        guard live.count == found.sessions.count else {
            add(
                .lookUps,
                "\(visitor) has \(found.sessions.count) sessions in its look-up, not \(live.count)")
            return
        }
        for ((expected, id), found) in zip(live, found.sessions) {
            // Why it ends is not known before it does.
            let differences = expected.shown.differences(from: found)
                .filter { found.boundaryOut != nil || !$0.hasPrefix("boundaryOut") }
            for difference in differences {
                add(.lookUps, "the look-up of \(visitor): \(difference)")
            }
            if id != found.id { add(.lookUps, "the look-up of \(visitor) has another id") }
        }
    }

    /// Compares the server's counters with what was answered.
    ///
    /// - Parameter status: the value of a gauge; nil for one that is not there.
    mutating func compare(_ status: (String) -> Int64?) {
        for outcome in Outcome.allCases {
            let name = "events_\(outcome.gaugeName)_total"
            guard let counted = status(name) else {
                add(.counters, "there is no gauge \(name)")
                continue
            }
            let answered = outcomes[outcome] ?? 0
            if counted != answered {
                add(
                    .counters,
                    "the server counts \(counted) events \(outcome.name), not \(answered)")
            }
        }
    }
}

extension Outcome {
    /// `lateJoined` is `late_joined`.
    fileprivate var gaugeName: String {
        "\(self)".reduce(into: "") { text, letter in
            if letter.isUppercase { text += "_" }
            text += letter.lowercased()
        }
    }
}

private func zip3<A, B, C>(_ a: [A], _ b: [B], _ c: [C]) -> [(A, B, C)] {
    a.indices.map { (a[$0], b[$0], c[$0]) }
}
