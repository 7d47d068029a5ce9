import SojournClient
import SojournModel

/// Measures how many events a second go through the client.
///
/// Batches of 1,000 views of a shop, each built anew, as many in flight as the server allows but no
/// more than 16.
struct Bench {
    private static let events = 1_000
    private static let eventsPerVisitor = 4
    private static let visitors = 100_000
    private static let pages = 200
    private static let inFlightMax = 16

    private let endpoint: String
    private let seconds: Double

    init?(_ arguments: [String]) {
        guard arguments.count == 3, arguments[0] == "bench", let seconds = Double(arguments[2])
        else { return nil }
        endpoint = arguments[1]
        self.seconds = seconds
    }

    func run() async throws {
        var shop = Shop(visitors: Self.visitors, pages: Self.pages)
        let client = try await SojournClient.connect(to: endpoint)
        let inFlightMax = min(Self.inFlightMax, client.server.credit)
        var batch = client.makeBatch()
        var pending: [PendingAnswer] = []
        var answered = 0
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        while .now < end {
            if pending.count == inFlightMax {
                answered += try await Self.collect(pending.removeFirst())
            }
            try shop.fill(&batch, events: Self.events, eventsPerVisitor: Self.eventsPerVisitor)
            pending.append(try client.submit(&batch))
        }
        for one in pending { answered += try await Self.collect(one) }
        let elapsed = (.now - start) / .seconds(1)
        print("events_per_second \(Int(Double(answered) / elapsed))")
        await client.close()
    }

    /// Reads the whole answer, as a caller would.
    private static func collect(_ pending: PendingAnswer) async throws -> Int {
        let answer = try await pending.answer
        guard answer.assignments.allSatisfy({ $0.session != nil }) else {
            throw UnexpectedRejection()
        }
        return answer.assignments.count
    }
}

private struct UnexpectedRejection: Error {}

/// Who comes, and what there is to see.
private struct Shop {
    private let keys: [[UInt8]]
    private let pages: [String]
    private var random = SplitMix64(seed: 1)

    init(visitors: Int, pages: Int) {
        var random = random
        keys = (0..<visitors).map { _ in
            (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        let sections = ["women/shoes", "men/jackets", "kitchen", "garden/tools"]
        self.pages = (0..<pages).map { page in
            "/shop/\(sections[page % 4])/" + String(random.next() >> 8, radix: 36) + "/\(page)"
        }
    }

    mutating func fill(
        _ batch: inout Batch, events: Int, eventsPerVisitor: Int
    ) throws {
        let now = EventTime.now
        var key: [UInt8] = []
        for event in 0..<events {
            if event % eventsPerVisitor == 0 { key = keys[Int(random.next() % UInt64(keys.count))] }
            try batch.append(
                visitor: key, time: now, kind: .view,
                name: pages[Int(random.next() % UInt64(pages.count))])
        }
    }
}
