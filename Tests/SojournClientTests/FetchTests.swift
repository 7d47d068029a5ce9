import SojournClient
import SojournModel
import SojournWire
import Testing

/// How a client goes round the orders of several workers, and what it keeps of that.
@Suite(.timeLimit(.minutes(3))) struct FetchTests {
    @Test(arguments: [
        "0:4117-3", "0:4117-3,32:809-1@32+", "32:809-1@4095",
        "0:18446744073709551615-4294967295,65535:1-0@65535", "0:0-0", "0:0-0@1+",
    ])
    func `a cursor is written as the specification says`(text: String) throws {
        let cursor = try #require(FeedCursor(text))
        #expect("\(cursor)" == text)
    }

    @Test(arguments: [
        "", "4117-3", "0:", "0:1", "0:1-", "0:1-2,", ",0:1-2", "0:1-2@", "0:1-2@+", "0:1-2+",
        "0:1-2@3-", "0:1-2@3@4", "0:1-2@3++", "0:+1-2", "-0:1-2", "0: 1-2", "0:1-2\n", "0:1-2-3",
        "0:\u{661}-2", "5:1-2,5:1-2", "5:1-2,4:1-2", "65536:1-2", "0:1-2@65536",
        "0:18446744073709551616-1", "0:1-4294967296",
    ])
    func `what is no cursor is refused`(text: String) { #expect(FeedCursor(text) == nil) }

    @Test func `cursors that mean the same are equal`() throws {
        #expect(FeedCursor("0:0-0,8:0-0") == .start)
        var cursor = FeedCursor.start
        cursor[8] = FeedPlace(position: 4_117, index: 3)
        #expect(cursor == FeedCursor("8:4117-3"))
        #expect(cursor[8].position == 4_117 && cursor[0] == .start)
        cursor[8] = .start
        #expect(cursor == .start)
    }

    // MARK: Going round

    private typealias Order = FakeServer.Order

    /// A server with orders, and a client of it.
    private static func connect(
        _ orders: [Order], partitions: String
    ) async throws -> (FakeServer, SojournClient) {
        let server = try FakeServer(partitions: partitions)
        server.setOrders(orders)
        return (server, try await SojournClient.connect(to: server.endpoint))
    }

    /// Where an entry was found.
    private struct Found: Hashable {
        var first: Int
        var position: UInt64

        init(_ first: Int, _ position: UInt64) {
            self.first = first
            self.position = position
        }
    }

    /// All that is handed out until there is no more; the cursor is read from its text each time.
    private static func everything(
        _ client: SojournClient, from start: FeedCursor = .start
    ) async throws -> (found: [Found], end: FeedCursor) {
        var found: [Found] = []
        var cursor = start
        while true {
            let kept = try #require(FeedCursor("\(cursor)"))
            let page = try await client.fetch(after: kept, atMost: 2)
            found += page.entries.map { Found(page.firstPartition, $0.place.position) }
            cursor = page.cursor
            if !page.hasMore { return (found, cursor) }
        }
    }

    @Test(
        arguments: [
            [(0...0, 5)], [(0...63, 4)], [(0...31, 5), (32...63, 2)],
            [(0...0, 0), (1...1, 3), (2...2, 0), (3...3, 0)], [(0...3, 0), (4...9, 0)],
            [(0...0, 1), (1...1, 7), (2...2, 2)],
        ] as [[(ClosedRange<Int>, UInt64)]])
    func `a round gets everything once, and what comes after it`(
        orders: [(ClosedRange<Int>, UInt64)]
    ) async throws {
        let count = orders.map { $0.0.count }.reduce(0, +)
        let (server, client) = try await Self.connect(
            orders.map(Order.init), partitions: "0-\(count - 1)/\(count)")
        let (found, end) = try await Self.everything(client)
        for (partitions, count) in orders {
            let first = partitions.lowerBound
            // Each order in itself.
            let positions = found.filter { $0.first == first }.map(\.position)
            #expect(positions == Array(0..<count).map { $0 + 1 })
        }
        server.setOrders(orders.map { Order(partitions: $0, count: $1 + 1) })
        let (later, _) = try await Self.everything(client, from: end)
        #expect(later == orders.map { Found($0.lowerBound, $1 + 1) })
        await client.close()
        server.stopAndWait()
    }

    @Test func `an order that grows for ever keeps nobody from the others`() async throws {
        let (server, client) = try await Self.connect(
            [
                Order(partitions: 0...0, count: .max), Order(partitions: 1...1, count: 3),
                Order(partitions: 2...2, count: .max),
            ], partitions: "0-2/3")
        var cursor = FeedCursor.start
        var firsts: [Int] = []
        for _ in 0..<8 {
            let page = try await client.fetch(after: cursor, atMost: 2)
            #expect(page.hasMore)
            firsts.append(page.firstPartition)
            cursor = page.cursor
        }
        #expect(firsts == [0, 1, 2, 0, 1, 2, 0, 2])
        await client.close()
        server.stopAndWait()
    }

    @Test func `a worker alone is asked for its own partitions`() async throws {
        let (server, client) = try await Self.connect(
            [Order(partitions: 32...63, count: 3)], partitions: "32-63/64")
        // From a router, where it was another one's turn.
        let start = try #require(FeedCursor("0:9-1,32:1-1@0+"))
        let (found, end) = try await Self.everything(client, from: start)
        #expect(found == [Found(32, 2), Found(32, 3)])
        #expect("\(end)" == "0:9-1,32:3-1")
        await client.close()
        server.stopAndWait()
    }

    @Test func `partitions that are shared out anew are read from their beginning`() async throws {
        let (server, client) = try await Self.connect(
            [Order(partitions: 0...15, count: 1), Order(partitions: 16...63, count: 2)],
            partitions: "0-63/64")
        // There was an order from 32 on.
        let start = try #require(FeedCursor("0:1-1,32:40-1@32"))
        let (found, end) = try await Self.everything(client, from: start)
        #expect(found == [Found(16, 1), Found(16, 2)])
        #expect("\(end)" == "0:1-1,16:2-1,32:40-1")
        let asked = server.log.requests.filter { $0.header.operation == .fetch }
        // Bytes have no invalid patterns.
        let partitions = try asked.map { request in
            try FetchRequest.decode(body: Frame.body(of: unsafe request.frame.span.bytes)).partition
        }
        #expect(partitions == [32, 16])
        await client.close()
        server.stopAndWait()
    }

    @Test func `an answer of other partitions is refused`() async throws {
        let (server, client) = try await Self.connect(
            [Order(partitions: 5...9, count: 1)], partitions: "0-3/4")
        let refused = try await failure(of: { _ = try await client.fetch() })
        #expect(refused.code == .malformedReply)
        #expect("\(refused)".contains("partition 0 was asked for, and those from 5 to 9 came"))
        await client.close()
        server.stopAndWait()
    }
}
