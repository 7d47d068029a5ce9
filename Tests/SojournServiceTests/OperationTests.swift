import SojournModel
import SojournService
import SojournTestKit
import SojournWire
import Testing

@Suite struct OperationTests {
    private let start = TestService.start

    @Test func `HELLO tells who answers and what may be sent`() throws {
        var service = TestService { configuration in
            configuration.messageBytesMax = 1 << 20
            configuration.credit = 12
        }
        let bytes = service.answer(helloFrame()).bytes
        _ = try open(bytes, .hello)
        let hello = try HelloReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
        #expect(hello.version == 1)
        #expect(hello.deployment == .derived(from: TestService.secret))
        #expect(hello.serverTime == service.now)
        #expect(hello.limits.messageBytes == 1 << 20)
        #expect(hello.credit == 12)
        #expect(hello.producerWindow == Limits.producerWindow)
        #expect(hello.partitions == 1)
        #expect(hello.serverName == "sojourn")
    }

    @Test func `versions that nobody speaks are refused with the range`() throws {
        var service = TestService()
        let error = try service.refusal(helloFrame(HelloRequest(versions: 2...9, name: "new")))
        #expect(error?.code == .unsupportedVersion)
        #expect(error?.lowestVersion == 1)
        #expect(error?.highestVersion == 1)
    }

    @Test func `LOOKUP gives the live sessions of a visitor, or the one with an id`() throws {
        var service = TestService()
        let assigned = try service.assign([
            TestEvent("a", start - 30 * minute, name: "/in"), TestEvent("a", start, name: "/on"),
        ])
        let sessions = try service.sessions(of: "a")
        #expect(sessions.map(\.id) == assigned.sessions.map(\.id))
        #expect(sessions.map(\.landingPage) == ["/in", "/on"])
        #expect(try service.sessions(of: "b").isEmpty)

        let bytes = service.answer(lookupFrame(session: sessions[1].id)).bytes
        _ = try open(bytes, .lookup)
        let reply = try LookupReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
        #expect(reply.sessions == [sessions[1]])
        #expect(reply.clock == start)
    }

    @Test func `a session that is due is not looked up any more`() throws {
        var service = TestService()
        _ = try service.assign([TestEvent("a", start)])
        service.now += 41 * minute
        #expect(try service.sessions(of: "a").isEmpty)
    }

    @Test func `STATUS counts what happened`() throws {
        var service = TestService()
        _ = try service.assign([
            TestEvent("a", start), TestEvent("a", start + 1), TestEvent("b", start, .heartbeat),
        ])
        _ = service.answer(helloFrame())
        _ = service.answer([1, 2, 3])
        _ = service.answer(changed(statusFrame()) { $0[4] = 9 })
        service.now += 250
        service.core.shell.gauges = [Gauge(name: "queued_requests", value: 3)]
        service.core.shell.refusals.count(error: .overloaded)
        let gauges = try service.gauges()
        let expected: [String: Int64] = [
            "uptime_milliseconds": 250, "requests_assign_total": 1, "requests_hello_total": 1,
            "requests_status_total": 1, "events_new_total": 1, "events_extended_total": 1,
            "events_rejected_no_session_total": 1, "batches_total": 1, "errors_total": 2,
            "errors_overloaded_total": 1, "errors_unsupported_version_total": 1, "drops_total": 1,
            "drops_truncated_header_total": 1, "live_visitors": 1, "live_sessions": 1,
            "sessions_opened_total": 1, "queued_requests": 3,
        ]
        for (name, value) in expected { #expect(gauges[name] == value, "\(name)") }
    }

    @Test func `names of gauges are words with underscores`() throws {
        var service = TestService()
        for name in try service.gauges().keys {
            #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }, "\(name)")
        }
    }
}
