package import SojournModel

/// The definition of sessions event by event, in the order of arrival: what the caps, the campaign,
/// heartbeats, event ids, and `start` and `end` events that arrive late mean.
///
/// Slow and simple: a visitor is an array of sessions in order of time, a session is an array of
/// events, and everything else is worked out from them each time.
package struct ArrivalOracle {
    /// What became of an event.
    package struct Answer: Equatable, Sendable {
        package var outcome: Outcome
        /// Which session it joined: the number that the session got when it was opened.
        package var session: Int?
        /// How many events the session has had by now.
        package var position = 0
        /// The number of the session that was joined to `session`.
        package var mergedSession: Int?
    }

    private struct Visit {
        let number: Int
        let ordinal: Int
        var events: [NumberedEvent]
        var boundary: Boundary
        var startsExplicitly: Bool
        var recentIDs: [UInt64] = []
        var campaign: [String]?
        var isLate = false
        var isMerged = false
        var isBot = false
        /// Why it ended, as it looked when it was finished and at each later event: when the engine
        /// hands it over among those is not defined.
        var boundariesOut: [Boundary] = []

        var first: Int64 { events.map(\.event.time).min() ?? 0 }
        var last: Int64 { events.map(\.event.time).max() ?? 0 }
        var isEnded: Bool { events.contains { $0.event.kind == .end && $0.event.time == last } }
    }

    private let policy: SessionPolicy
    private var visitors: [String: [Visit]] = [:]
    private var opened: [String: Int] = [:]
    private var sessionCount = 0
    /// The property's clock, stamped on the batch.
    package var clock = Int64.min

    package init(_ policy: SessionPolicy) { self.policy = policy }

    /// All sessions, with everything that is kept of them, and the number of each.
    package var sessions: [(number: Int, session: ExpectedSession)] {
        visitors.keys.sorted().flatMap { visitor in
            let visits = visitors[visitor] ?? []
            return visits.indices.map { (visits[$0].number, expected(visits, $0)) }
        }
    }

    private func expected(_ visits: [Visit], _ index: Int) -> ExpectedSession {
        let visit = visits[index]
        return ExpectedSession(
            visit.events, boundaries: [visit.boundary],
            boundariesOut: visit.boundariesOut + [boundaryOut(visits, index)],
            arrival: .init(
                ordinal: visit.ordinal, isLate: visit.isLate, isMerged: visit.isMerged,
                isAutomated: visit.isBot))
    }

    /// Why a session ended, if nothing more comes.
    private func boundaryOut(_ visits: [Visit], _ index: Int) -> Boundary {
        if visits[index].isEnded { return .explicit }
        guard index + 1 < visits.count else { return .idle }
        let gap = visits[index + 1].first - visits[index].last
        return gap >= policy.timeoutMilliseconds ? .idle : visits[index + 1].boundary
    }

    /// Takes the next event.
    package mutating func take(_ numbered: NumberedEvent) -> Answer {
        let event = numbered.event
        var visits = visitors[event.visitor] ?? []
        defer { visitors[event.visitor] = visits }

        let open = visits.indices.filter { !isFinished(visits[$0].last) }
        for index in visits.indices where !open.contains(index) {
            visits[index].boundariesOut.append(boundaryOut(visits, index))
        }
        let before = open.last { visits[$0].first <= event.time }
        let after = open.first { visits[$0].first > event.time }

        // The same event again.
        let known =
            (before.map { visits[$0].recentIDs } ?? []) + (after.map { visits[$0].recentIDs } ?? [])
        if event.id != 0, known.contains(event.id) { return Answer(outcome: .duplicate) }

        // Within a session nothing cuts.
        if let before {
            let last = visits[before].last
            if event.time < last || event.time == last && event.kind != .start {
                let isLate = event.time < last
                return join(
                    numbered, &visits[before], isLate ? .lateJoined : .extended, isLate: isLate)
            }
        }

        // In a gap: what separates it from the session before, and from the one after?
        let cutBefore = before.map { cut(visits[$0], then: event, isNewest: after == nil) }
        let cutAfter = after.map { cut(event, then: visits[$0]) }
        let joinsBefore = cutBefore == .some(nil)
        var joinsAfter = cutAfter == .some(nil)
        if event.kind == .heartbeat, !joinsBefore { joinsAfter = false }

        if joinsBefore, joinsAfter, let before, let after, mayMerge(visits[before], visits[after]) {
            let taken = visits.remove(at: after)
            merge(taken, into: &visits[before])
            var answer = join(numbered, &visits[before], .merged, isLate: true)
            answer.mergedSession = taken.number
            return answer
        }
        if joinsBefore, let before {
            let answer = join(numbered, &visits[before], .extended, isLate: false)
            if let after { renewBoundary(&visits[after], after: visits[before]) }
            return answer
        }
        if joinsAfter, let after {
            let answer = join(numbered, &visits[after], .lateJoined, isLate: true)
            if event.kind == .start { visits[after].startsExplicitly = true }
            if let before { renewBoundary(&visits[after], after: visits[before]) }
            return answer
        }

        // A session of its own.
        if event.kind == .heartbeat { return Answer(outcome: .rejectedNoSession) }
        if isFinished(event.time) { return Answer(outcome: .tooLate) }
        let isKnown = visits.contains { isFinished($0.last) }
        sessionCount += 1
        opened[event.visitor, default: 0] += 1
        var visit = Visit(
            number: sessionCount, ordinal: opened[event.visitor] ?? 0, events: [],
            boundary: !isKnown ? .first : event.kind == .start ? .explicit : .idle,
            startsExplicitly: event.kind == .start)
        if let cutBefore, let boundary = cutBefore { visit.boundary = boundary }
        let answer = join(numbered, &visit, .new, isLate: false)
        let place = visits.lastIndex { $0.first <= event.time }.map { $0 + 1 } ?? 0
        visits.insert(visit, at: place)
        if after != nil { renewBoundary(&visits[place + 1], after: visit) }
        return answer
    }

    private func isFinished(_ last: Int64) -> Bool {
        last + policy.timeoutMilliseconds + policy.latenessMilliseconds <= clock
    }

    // MARK: Rules

    /// Why an event behind a session does not belong to it; nil when it does.
    private func cut(_ visit: Visit, then event: TestEvent, isNewest: Bool) -> Boundary? {
        if event.kind == .start { return .explicit }
        if event.time - visit.last >= policy.timeoutMilliseconds { return .idle }
        if visit.isEnded { return .explicit }
        if isMidnight(visit.last, event.time) { return .midnight }
        if isTooLong(from: visit.first, to: event.time) { return .maxDuration }
        if isFull(visit.events.count) { return .maxEvents }
        if policy.splitsOnCampaign, isNewest, let old = visit.campaign,
            let new = Self.campaign(event), new != old
        {
            return .campaign
        }
        return nil
    }

    /// Why an event before a session does not belong to it; nil when it does.
    private func cut(_ event: TestEvent, then visit: Visit) -> Boundary? {
        if event.kind == .end || visit.startsExplicitly { return .explicit }
        if visit.first - event.time >= policy.timeoutMilliseconds { return .idle }
        if isMidnight(event.time, visit.first) { return .midnight }
        if isTooLong(from: event.time, to: visit.last) { return .maxDuration }
        if isFull(visit.events.count) { return .maxEvents }
        return nil
    }

    /// Whether an event between two sessions that takes part in both makes them one.
    private func mayMerge(_ earlier: Visit, _ later: Visit) -> Bool {
        if [.maxDuration, .maxEvents, .campaign].contains(later.boundary) { return false }
        if isTooLong(from: earlier.first, to: later.last) { return false }
        return !isFull(earlier.events.count + later.events.count)
    }

    /// The boundary of a session before which something changed.
    private func renewBoundary(_ later: inout Visit, after earlier: Visit) {
        if later.startsExplicitly {
            later.boundary = .explicit
        } else if later.first - earlier.last >= policy.timeoutMilliseconds {
            later.boundary = .idle
        } else if earlier.isEnded {
            later.boundary = .explicit
        } else if isMidnight(earlier.last, later.first) {
            later.boundary = .midnight
        } else if [.maxDuration, .maxEvents, .campaign].contains(later.boundary) {
            // What a cap or a campaign has cut stays cut for that reason.
        } else if isTooLong(from: earlier.first, to: later.last) {
            later.boundary = .maxDuration
        } else {
            later.boundary = .maxEvents
        }
    }

    private func isMidnight(_ earlier: Int64, _ later: Int64) -> Bool {
        guard let midnight = policy.midnight else { return false }
        return midnight.day(of: earlier) != midnight.day(of: later)
    }

    private func isTooLong(from first: Int64, to last: Int64) -> Bool {
        policy.maxDurationMilliseconds.map { last - first > $0 } ?? false
    }

    /// Whether a session with so many events takes no further one.
    private func isFull(_ events: Int) -> Bool { policy.maxEvents.map { events >= $0 } ?? false }

    /// Source, medium and name; nil when the event brings none.
    private static func campaign(_ event: TestEvent) -> [String]? {
        let campaign = Array(event.context.attributes[5...7])
        return campaign.allSatisfy(\.isEmpty) ? nil : campaign
    }

    // MARK: Joining

    private func join(
        _ numbered: NumberedEvent, _ visit: inout Visit, _ outcome: Outcome, isLate: Bool
    ) -> Answer {
        let event = numbered.event
        visit.events.append(numbered)
        if isLate { visit.isLate = true }
        if event.context.isKnownBot { visit.isBot = true }
        if policy.splitsOnCampaign, visit.campaign == nil { visit.campaign = Self.campaign(event) }
        if event.id != 0 { visit.recentIDs = (visit.recentIDs + [event.id]).suffix(16) }
        return Answer(outcome: outcome, session: visit.number, position: visit.events.count)
    }

    private func merge(_ later: Visit, into earlier: inout Visit) {
        earlier.events += later.events
        earlier.recentIDs = (earlier.recentIDs + later.recentIDs).suffix(16)
        if earlier.campaign == nil { earlier.campaign = later.campaign }
        earlier.isLate = earlier.isLate || later.isLate
        earlier.isBot = earlier.isBot || later.isBot
        earlier.isMerged = true
    }
}
