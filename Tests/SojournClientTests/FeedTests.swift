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
