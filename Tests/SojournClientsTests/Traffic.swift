import Foundation
import SojournModel
import SojournTestKit

/// An event with its line for a worker.
struct TrafficEvent {
    var event: TestEvent
    /// Units, as text; empty for none.
    var value = ""

    /// `time visitor kind page channel campaign value`, parted by tabs.
    var line: String {
        let attributes = event.context.attributes
        return [
            "\(event.time)", event.visitor, event.kind.name, event.name,
            attributes[ContextAttribute.channel.rawValue],
            attributes[ContextAttribute.campaignName.rawValue], value,
        ].joined(separator: "\t")
    }
}

/// What happens in a shop, and which language's backend sees each event.
struct Traffic {
    /// Of each language, its batches in the order in which they are sent.
    var batches: [Language: [[TrafficEvent]]] = [:]

    static let batchesPerLanguage = 40
    private static let batchEvents = 20
    private static let visitors = 30

    /// Visitors come, go and come back; each event goes to any language, and up to four hours pass
    /// before it is sent. No two events of a visitor have the same time.
    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let perLanguage = Self.batchesPerLanguage * Self.batchEvents
        let eventsPerVisitor = perLanguage * Language.allCases.count / Self.visitors + 1
        let start = Int64(Date().timeIntervalSince1970 * 1_000) - 4 * 86_400_000
        var seen: [(event: TrafficEvent, sentAt: Int64)] = []
        for visitor in 0..<Self.visitors {
            var time = start + random.number(0...3_600_000)
            for _ in 0..<eventsPerVisitor {
                time +=
                    random.once(in: 8)
                    ? random.number(20 * 60_000...80 * 60_000) : random.number(1...10 * 60_000)
                let event = Self.event("visitor-ü\(visitor)", time, &random)
                seen.append((event, time + random.number(0...4 * 3_600_000)))
            }
        }
        seen.sort { $0.sentAt < $1.sentAt }
        // Dealt out by chance, until everybody has the same number.
        var hands = Dictionary(
            uniqueKeysWithValues: Language.allCases.map { ($0, [TrafficEvent]()) })
        for (event, _) in seen {
            let open = Language.allCases.filter { (hands[$0]?.count ?? 0) < perLanguage }
            if open.isEmpty { break }
            hands[random.pick(open)]?.append(event)
        }
        batches = hands.mapValues { events in
            stride(from: 0, to: events.count, by: Self.batchEvents).map {
                Array(events[$0..<min($0 + Self.batchEvents, events.count)])
            }
        }
    }

    private static func event(
        _ visitor: String, _ time: Int64, _ random: inout SplitMix64
    ) -> TrafficEvent {
        var context = TestContext()
        if random.once(in: 4) {
            context = TestContext(channel: random.pick(["direct", "email", "paid"]))
        } else if random.once(in: 5) {
            context = TestContext(channel: "email", campaign: random.pick(["spring", "herbst ☂"]))
        }
        let page = random.pick(["/", "/schuhe", "/schuhe/größe 42", "/basket", "/thanks"])
        switch random.number(0...99) {
        case 0..<10: return TrafficEvent(event: TestEvent(visitor, time, .heartbeat))
        case 10..<25:
            return TrafficEvent(
                event: TestEvent(visitor, time, .action, name: "add", context: context))
        case 25..<33:
            let cents = random.number(1...99_999) as Int64
            let value = "\(cents / 100)." + (cents % 100 < 10 ? "0" : "") + "\(cents % 100)"
            return TrafficEvent(
                event: TestEvent(
                    visitor, time, .conversion, name: "order", context: context,
                    value: cents * 10_000),
                value: value)
        default:
            return TrafficEvent(
                event: TestEvent(visitor, time, .view, name: page, context: context))
        }
    }
}
