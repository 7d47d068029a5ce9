import Foundation
import SojournClient
import SojournTestKit
import Testing

/// The client and a real server with a data directory, which is killed, or whose disk refuses.
@Suite(.serialized, .timeLimit(.minutes(3))) struct OutageTests {
    private static let morning = EventTime.now - .seconds(3_600)

    private static func event(_ visitor: String, minute: Int) -> Event {
        Event(visitor: visitor, time: morning + .seconds(60 * minute), kind: .view)
    }

    @Test func `calls outlive a server that is killed, and count once`() async throws {
        let directory = try ServedDirectory()
        var server = try directory.serve()
        var options = SojournClient.Options()
        options.attemptTimeout = .milliseconds(500)
        let client = try await SojournClient.connect(to: directory.endpoint, options: options)
        let first = try await client.assign([Self.event("anna", minute: 0)])
        let deployment = client.server.deployment
        for minute in 1...3 {
            let call = Task { try await client.assign([Self.event("anna", minute: minute)]) }
            server.kill()
            server = try directory.serve()
            let answer = try await call.value
            #expect(answer.assignments[0].session == first.assignments[0].session)
            #expect(answer.assignments[0].position == minute + 1)
        }
        #expect(client.server.deployment == deployment)
        #expect(try await client.lookup(visitor: "anna").sessions.map(\.events) == [4])
        await client.close()
        #expect(server.terminate() == .exited(0))
    }

    @Test func `the loss of a server that is back at once is noticed at once`() async throws {
        let directory = try ServedDirectory()
        var server = try directory.serve()
        var options = SojournClient.Options()
        options.attemptTimeout = .seconds(30)
        options.greetingTimeout = .seconds(30)
        options.timeout = .seconds(60)
        let client = try await SojournClient.connect(to: directory.endpoint, options: options)
        _ = try await client.assign([Self.event("anna", minute: 0)])
        // It takes the message, and never answers.
        server.signal(SIGSTOP)
        let call = Task { try await client.assign([Self.event("anna", minute: 1)]) }
        while client.statistics.sent < 2 { try await Task.sleep(for: .milliseconds(5)) }
        server.kill()
        server = try directory.serve()
        let began = ContinuousClock.now
        #expect(try await call.value.assignments[0].position == 2)
        // Long before an answer, or a greeting, is waited for in vain.
        #expect(.now - began < .seconds(15))
        await client.close()
    }

    @Test func `a client waits while the journal cannot be written`() async throws {
        let directory = try ServedDirectory()
        let server = try directory.serve()
        let client = try await SojournClient.connect(to: directory.endpoint)
        _ = try await client.assign([Self.event("anna", minute: 0)])
        try server.mayWrite(false)
        // The first is applied, and answered when it is written; the others are refused until then.
        let held = Task { try await client.assign([Self.event("anna", minute: 1)]) }
        while try await client.status()["journal_available"] == 1 {
            try await Task.sleep(for: .milliseconds(10))
        }
        let refused = Task { try await client.assign([Self.event("anna", minute: 2)]) }
        while client.statistics.refusalsRetried == 0 {
            try await Task.sleep(for: .milliseconds(10))
        }
        try server.mayWrite(true)
        #expect(try await held.value.assignments[0].position == 2)
        #expect(try await refused.value.assignments[0].position == 3)
        #expect(try await client.lookup(visitor: "anna").sessions.map(\.events) == [3])
        await client.close()
    }
}
