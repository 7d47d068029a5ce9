import Foundation
import SojournEngine
import SojournModel
import SojournTestKit

/// Where the package and the data beside it are.
enum Checkout {
    /// Three levels up from this file.
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static let realData = root.appending(path: "../shared/data/real")
    static let hasRealData = FileManager.default.isReadableFile(atPath: realData.path)
}

/// Noon of a day in UTC.
let noon: Int64 = 19_675 * 86_400_000 + 43_200_000
let second: Int64 = 1_000
let minute = 60 * second
let hour = 60 * minute
let day = 24 * hour

extension SessionPolicy {
    /// The default policy with changes.
    static func with(_ change: (inout SessionPolicy) -> Void) -> SessionPolicy {
        var policy = SessionPolicy()
        change(&policy)
        return policy
    }
}

extension EngineLimits {
    /// The default limits with changes.
    static func with(_ change: (inout EngineLimits) -> Void) -> EngineLimits {
        var limits = EngineLimits()
        change(&limits)
        return limits
    }
}

extension TestEvent {
    /// An event of the one visitor of a test, so long after noon.
    static func at(
        _ offset: Int64, _ kind: EventKind = .view, name: String = "", campaign: String = "",
        value: Int64 = 0, id: UInt64 = 0
    ) -> TestEvent {
        TestEvent(
            "v", noon + offset, kind, name: name, context: TestContext(campaign: campaign),
            value: value, id: id)
    }
}

/// A session as a test writes it.
struct SessionSpan: Hashable, Comparable, CustomStringConvertible {
    var visitor: String
    var first: Int64
    var last: Int64
    /// Nil where a fact does not say.
    var events: Int?

    var description: String { "\(visitor) \(first)...\(last) (\(events.map { "\($0)" } ?? "?"))" }

    static func < (left: SessionSpan, right: SessionSpan) -> Bool {
        (left.visitor, left.first, left.last, left.events ?? 0)
            < (right.visitor, right.first, right.last, right.events ?? 0)
    }
}

extension EngineRun {
    /// The finished sessions, sorted.
    ///
    /// - Parameter events: those that were applied, in order.
    func spans(of events: [TestEvent]) -> [SessionSpan] {
        var visitors: [SessionID: String] = [:]
        for (event, assignment) in zip(events, assignments) {
            guard let id = assignment.session else { continue }
            visitors[survivor(of: id)] = event.visitor
        }
        return finished.map {
            SessionSpan(
                visitor: visitors[$0.id] ?? "?", first: $0.firstEvent, last: $0.lastEvent,
                events: Int($0.events))
        }.sorted()
    }

    /// Finishes everything and gives the sessions in order of time, for runs of one visitor.
    mutating func finishedInOrder() -> [SessionSnapshot] {
        finishAll()
        return finished.sorted { ($0.firstEvent, $0.ordinal) < ($1.firstEvent, $1.ordinal) }
    }

    /// The outcomes of events that are applied one by one.
    mutating func outcomes(_ events: [TestEvent]) -> [Outcome] {
        applyEach(events).map(\.outcome)
    }
}
