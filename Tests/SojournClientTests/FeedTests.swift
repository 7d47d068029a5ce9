import Foundation
import SojournClient
import SojournServer
import SojournService
import SojournTestKit
import Testing

/// The feed as a program reads it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FeedTests {
    private static func server(_ endpoint: String) throws -> SojournServer {
        var configuration = ServerConfiguration(listens: ["tcp://127.0.0.1:*"])
        configuration.feed = FeedSettings(listens: [endpoint])
        return try SojournServer(configuration)
    }

    private static func view(_ visitor: String) -> Event {
        Event(visitor: visitor, kind: .view, name: "/home")
    }

    private static func hear(_ feed: SojournFeed) async throws {
        let began = ContinuousClock.now
        while !feed.isHeard(1) {
            guard .now - began < .seconds(20) else {
                throw ServerProcess.Failure("the feed is not heard")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test func `sessions are heard of, and a server that was started again is a gap`() async throws
    {
        var server = try Self.server("tcp://127.0.0.1:*")
        let endpoint = server.feedEndpoints[0]
        let feed = try SojournFeed(endpoints: [endpoint], properties: [1])
        try await Self.hear(feed)
        #expect(!feed.isHeard(2))
        var client = try await SojournClient.connect(to: server.endpoints[0])
        let answer = try await client.assign([Self.view("anna")])
        let first = try #require(try await feed.next())
        #expect(first.property == 1 && !first.isGapBefore)
        #expect(first.entries.count == 1)
        guard case .opened(let session, _) = first.entries[0].content else {
            Issue.record("\(first)")
            return
        }
        #expect(session.id == answer.assignments[0].session && session.landingPage == "/home")
        await client.close()
        server.stop()

        server = try Self.server(endpoint)
        client = try await SojournClient.connect(to: server.endpoints[0])
        // The first word of the new one is that something may have been missed.
        let second = try #require(try await feed.next())
        #expect(second.isGapBefore && second.entries.isEmpty)
        _ = try await client.assign([Self.view("ben")])
        let third = try #require(try await feed.next())
        #expect(!third.isGapBefore && third.entries.count == 1)
        await client.close()
        feed.close()
        #expect(try await feed.next() == nil)
        server.stop()
    }

    @Test func `a reader of the feed goes on with FETCH from what it was told`() async throws {
        let directory = try ServedDirectory()
        let endpoint = "ipc://\(directory.folder)/feed"
        let server = try directory.launch("--feed", endpoint, "--partitions", "32-63/64")
        try server.waitUntilListening()
        let feed = try SojournFeed(endpoints: [endpoint], properties: [1])
        try await Self.hear(feed)
        let client = try await SojournClient.connect(to: directory.endpoint)
        let now = Int64(Date().timeIntervalSince1970) * 1_000
        // Each an hour after the one before, which it finishes.
        for hour in Int64(0)..<4 {
            let time = EventTime(milliseconds: now + (hour - 10) * 3_600_000)
            _ = try await client.assign([
                Event(visitor: "a", time: time, kind: .view, name: "/\(hour)")
            ])
        }
        var told: [FeedPage.Entry] = []
        var cursor = FeedCursor.start
        while told.count < 3 {
            let message = try #require(try await feed.next())
            #expect(message.firstPartition == 32)
            cursor[message.firstPartition] = message.place
            for entry in message.entries {
                if case .finished = entry.content { told.append(entry) }
            }
        }
        // All that is handed out behind the feed's place is new, and before it nothing else was told.
        var fetched: [FeedPage.Entry] = []
        var place = FeedCursor.start
        while fetched.count < 3 {
            let page = try await client.fetch(after: place)
            fetched += page.entries
            place = page.cursor
        }
        #expect(fetched == told)
        #expect(try await client.fetch(after: cursor).entries.isEmpty)
        await client.close()
        feed.close()
        #expect(server.terminate() == .exited(0))
    }

    @Test func `a wait can be cancelled, and what makes no sense is refused`() async throws {
        let server = try Self.server("tcp://127.0.0.1:*")
        let feed = try SojournFeed(endpoints: server.feedEndpoints, properties: [1])
        let wait = Task { try await feed.next() }
        try await Self.hear(feed)
        wait.cancel()
        await #expect(throws: CancellationError.self) { _ = try await wait.value }
        #expect(throws: SojournError.self) { try SojournFeed(endpoints: [], properties: [1]) }
        #expect(throws: SojournError.self) {
            try SojournFeed(endpoints: ["nonsense"], properties: [1])
        }
        server.stop()
    }
}
