import Foundation
import Logging
import SojournClient
import SojournServer
import SojournService
import Testing

/// The client against the real service, in this process.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LiveServerTests {
    private static let secret = DeploymentSecret(Bits128(high: 1, low: 2))
    private static let minute: Int64 = 60_000
    /// The past, so that no clock is in the way.
    private static let morning: Int64 = 1_700_000_000_000

    private static func serve(at endpoint: String = freshEndpoint()) throws -> SojournServer {
        var log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        log.logLevel = .critical
        return try SojournServer(
            ServerConfiguration(
                listens: [endpoint], service: ServiceConfiguration(secret: secret)), log: log)
    }

    private static func stop(_ server: SojournServer) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                server.stop()
                continuation.resume()
            }
        }
    }

    private static func event(_ visitor: String, minute: Int64, _ name: String = "/") -> Event {
        Event(
            visitor: visitor, time: EventTime(milliseconds: morning + minute * Self.minute),
            kind: .view, name: name, context: EventContext(device: "mobile"))
    }

    @Test func `events become sessions`() async throws {
        let server = try Self.serve()
        let client = try await SojournClient.connect(to: server.endpoints[0])
        let answer = try await client.assign([
            Self.event("anna", minute: 0, "/home"), Self.event("anna", minute: 29, "/shoes"),
            Self.event("berta", minute: 0), Self.event("anna", minute: 59),
        ])
        #expect(answer.assignments.map(\.outcome) == [.new, .extended, .new, .new])
        #expect(answer.assignments.map(\.position) == [1, 2, 1, 1])
        #expect(answer.assignments.map(\.visitorSession) == [1, 1, 1, 2])
        #expect(answer.assignments[0].session == answer.assignments[1].session)
        #expect(answer.assignments[3].boundary == .idle)
        // The batch was admitted before the clock knew of any event.
        #expect(answer.clock == nil)

        let found = try await client.lookup(visitor: "anna")
        let clock = try #require(found.clock)
        #expect(clock.milliseconds >= Self.morning + 59 * Self.minute)
        #expect(found.sessions.map(\.landingPage) == ["/home", "/"])
        #expect(found.sessions[0].exitPage == "/shoes")
        #expect(found.sessions[0].context[0] == "mobile")
        let session = try #require(answer.assignments[0].session)
        #expect(try await client.lookup(session: session).sessions == [found.sessions[0]])
        #expect(try await client.lookup(visitor: "zoe").sessions.isEmpty)
        #expect(try await !client.status().gauges.isEmpty)
        await client.close()
        await Self.stop(server)
    }

    @Test func `a late event merges sessions and tells it`() async throws {
        let server = try Self.serve()
        let client = try await SojournClient.connect(to: server.endpoints[0])
        let first = try await client.assign([Self.event("anna", minute: 0)])
        let second = try await client.assign([Self.event("anna", minute: 35)])
        let bridge = try await client.assign([Self.event("anna", minute: 20)])
        #expect(bridge.assignments[0].outcome == .merged)
        #expect(bridge.assignments[0].session == first.assignments[0].session)
        #expect(bridge.revisions.map(\.from) == [second.assignments[0].session])
        #expect(bridge.revisions.map(\.into) == [first.assignments[0].session])
        let old = try #require(second.assignments[0].session)
        #expect(
            try await client.lookup(session: old).sessions.map(\.id)
                == [first.assignments[0].session])
        await client.close()
        await Self.stop(server)
    }

    @Test func `a refusal has the server's code and words`() async throws {
        let server = try Self.serve()
        let client = try await SojournClient.connect(to: server.endpoints[0])
        let error = try await failure {
            _ = try await client.assign([Self.event("anna", minute: 0)], property: 77)
        }
        #expect(error.code == .refused)
        #expect(error.refusal?.code == .unknownProperty)
        #expect(error.message.contains("77"))
        await client.close()
        await Self.stop(server)
    }

    @Test func `another deployment is refused by the server`() async throws {
        let server = try Self.serve()
        var options = SojournClient.Options()
        options.deployment = DeploymentID(Bits128(high: 3, low: 4))
        let error = try await failure {
            _ = try await SojournClient.connect(to: server.endpoints[0], options: options)
        }
        #expect(error.code == .wrongDeployment)
        #expect(error.refusal?.code == .wrongDeployment)
        await Self.stop(server)
    }

    @Test func `refused batches never stop the numbering`() async throws {
        let server = try Self.serve()
        let client = try await SojournClient.connect(to: server.endpoints[0])
        _ = try await client.assign([Self.event("anna", minute: 0)])
        for _ in 0..<300 {
            _ = try await failure {
                _ = try await client.assign([Self.event("anna", minute: 0)], property: 77)
            }
        }
        #expect(
            try await client.assign([Self.event("anna", minute: 1)]).assignments[0].position == 2)
        await client.close()
        await Self.stop(server)
    }

    @Test func `many tasks at once, each event counted once`() async throws {
        let server = try Self.serve()
        let client = try await SojournClient.connect(to: server.endpoints[0])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<50 {
                group.addTask {
                    for call in 1...40 {
                        let answer = try await client.assign([
                            Self.event("t\(task)", minute: 0), Self.event("all", minute: 0),
                        ])
                        #expect(answer.assignments[0].position == call)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await client.lookup(visitor: "all").sessions.map(\.events) == [2_000])
        await client.close()
        await Self.stop(server)
    }

    @Test func `calls outlive a server that stops for another that starts`() async throws {
        let endpoint = freshEndpoint()
        let first = try Self.serve(at: endpoint)
        var options = SojournClient.Options.quick
        options.attemptTimeout = .seconds(1)
        options.attempts = 10
        let client = try await SojournClient.connect(to: endpoint, options: options)
        let calls = Task {
            for minute in 0..<400 {
                _ = try await client.assign([Self.event("anna", minute: Int64(minute) / 10)])
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        try await Task.sleep(for: .milliseconds(100))
        await Self.stop(first)
        try await Task.sleep(for: .milliseconds(100))
        let second = try Self.serve(at: endpoint)
        try await calls.value
        let found = try await client.lookup(visitor: "anna")
        #expect((found.sessions.first?.events ?? 0) > 0)
        await client.close()
        await Self.stop(second)
    }
}
