import Foundation
import SojournEngine
import SojournModel
import SojournTestKit
import Testing

/// The files of `../shared/data/real`: the engine and the oracle agree on them in every order.
@Suite(.enabled(if: Checkout.hasRealData, "../shared/data/real is not beside this checkout"))
struct RealDataTests {
    static let files = [
        ("semicomplete_apache.csv", 10_000, 3_224), ("webtrack_panel.csv", 49_612, 579),
        ("ecom_synthetic.csv", 31_106, 3_605),
    ]

    enum Order: String, CaseIterable { case original, shuffled, reversed }

    /// Only the timeout cuts, as in the known counts, and nobody is forgotten in half a year.
    static let policy = SessionPolicy.with {
        $0.maxDurationMilliseconds = nil
        $0.maxEvents = nil
        $0.visitorRetentionMilliseconds = 366 * day
    }

    @Test(arguments: files, Order.allCases)
    func `real events give the oracle's sessions`(
        file: (name: String, events: Int, sessions: Int), order: Order
    ) throws {
        let rows = try #require(try Self.rows.get()[file.name])
        #expect(rows.count == file.events)
        let events = Self.arrange(rows, order, lateness: Self.policy.latenessMilliseconds)

        var run = EngineRun(Self.policy)
        for start in stride(from: 0, to: events.count, by: 250) {
            run.apply(Array(events[start..<min(start + 250, events.count)]))
        }
        run.finishAll()

        let rejected = run.assignments.filter { !$0.outcome.isAccepted }
        #expect(rejected.isEmpty)
        #expect(run.finished.count == file.sessions)

        let numbered = events.enumerated().map { NumberedEvent($0.offset, $0.element) }
        let expected = Oracle.sessions(of: numbered, Self.policy)
        #expect(expected.count == file.sessions)
        let found = Dictionary(uniqueKeysWithValues: run.finished.map { ($0.id, $0) })
        var wrong: [String] = []
        for session in expected {
            let ids = Set(
                session.eventNumbers.compactMap { run.assignments[$0].session }
                    .map { run.survivor(of: $0) })
            guard ids.count == 1, let snapshot = ids.first.flatMap({ found[$0] }) else {
                wrong.append("\(session.visitor) \(session.firstEvent): \(ids.count) sessions")
                continue
            }
            let differences = session.differences(from: snapshot)
            if !differences.isEmpty {
                wrong.append("\(session.visitor) \(session.firstEvent): \(differences)")
            }
        }
        #expect(wrong.count == 0, "\(wrong.prefix(3).joined(separator: "\n"))")
        let counters = PropertyTests.failureOfCounters(of: run)
        #expect(counters == nil)
    }

    /// The same events in another order in which none is too late.
    static func arrange(_ events: [TestEvent], _ order: Order, lateness: Int64) -> [TestEvent] {
        switch order {
        case .original: return events
        case .shuffled:
            var random = SplitMix64(seed: 11)
            let keyed = events.enumerated().map {
                ($0.element.time + random.number(0...lateness), $0.offset)
            }
            return keyed.sorted { $0 < $1 }.map { events[$0.1] }
        case .reversed:
            // Each stretch of the lateness arrives in full, its last event first.
            let keyed = events.enumerated().map {
                ($0.element.time / lateness, -$0.element.time, -$0.offset)
            }
            return keyed.sorted { $0 < $1 }.map { events[-$0.2] }
        }
    }

    /// The events of each file, read once.
    static let rows = Result {
        try Dictionary(uniqueKeysWithValues: files.map { ($0.0, try read($0.0)) })
    }

    static func read(_ name: String) throws -> [TestEvent] {
        let text = try String(contentsOf: Checkout.realData.appending(path: name), encoding: .utf8)
        var rows = fields(of: text)
        let names = rows.removeFirst()
        let columns = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        return try rows.map { row in
            func field(_ column: String) throws -> String { row[try #require(columns[column])] }
            var event = TestEvent(
                try field("visitor"), try #require(Int64(try field("time_ms"))),
                try #require(EventKind(name: try field("kind"))), name: try field("page"))
            event.context = TestContext(
                device: try field("device"), channel: try field("channel"),
                campaign: try field("campaign"))
            event.context.attributes[ContextAttribute.country.rawValue] = try field("country")
            event.context.attributes[ContextAttribute.referrer.rawValue] = try field("referrer")
            event.value = Int64(try field("value")) ?? 0
            return event
        }
    }

    /// The rows of a CSV file; a quoted field may hold commas and doubled quotes.
    static func fields(of text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var wasQuote = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") {
                if wasQuote { field.append(byte) }
                wasQuote = isQuoted
                isQuoted.toggle()
                continue
            }
            wasQuote = false
            if isQuoted {
                field.append(byte)
            } else if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") {
                row.append(String(decoding: field, as: UTF8.self))
                field = []
                if byte == UInt8(ascii: "\n") {
                    rows.append(row)
                    row = []
                }
            } else if byte != UInt8(ascii: "\r") {
                field.append(byte)
            }
        }
        return rows
    }
}
