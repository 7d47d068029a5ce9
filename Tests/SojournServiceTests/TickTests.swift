import SojournModel
import SojournService
import SojournTestKit
import Testing

@Suite struct TickTests {
    private let start = TestService.start

    @Test func `sessions finish though nothing more comes`() throws {
        var service = TestService()
        _ = try service.assign([TestEvent("a", start), TestEvent("b", start)])
        #expect(try service.gauges()["live_sessions"] == 2)

        // Timeout and lateness, less a moment.
        service.now += 40 * minute - 1
        #expect(service.tick() == false)
        #expect(try service.gauges()["sessions_finished_total"] == 0)
        service.now += minute
        #expect(service.tick() == false)
        let gauges = try service.gauges()
        #expect(gauges["sessions_finished_total"] == 2)
        #expect(gauges["live_sessions"] == 0)
        #expect(gauges["live_visitors"] == 0)
        #expect(gauges["remembered_visitors"] == 2)
    }

    @Test func `a historical file finishes by the server's time too`() throws {
        var service = TestService()
        _ = try service.assign([TestEvent("a", 1_000_000)])
        service.now += 42 * minute
        _ = service.tick()
        #expect(try service.gauges()["sessions_finished_total"] == 1)
    }

    @Test func `a long backlog is worked off in several ticks`() throws {
        var service = TestService()
        let events = (0..<45_000).map { TestEvent("v\($0)", start) }
        _ = try service.assign(events)
        service.now += 60 * minute
        var ticks = 1
        while service.tick() { ticks += 1 }
        #expect(ticks > 1)
        #expect(try service.gauges()["sessions_finished_total"] == 45_000)
    }

    @Test func `without any event a tick does nothing`() throws {
        var service = TestService()
        #expect(service.tick() == false)
    }
}

extension TestService {
    mutating func tick() -> Bool { core.tick(at: Moment(serverTime: now)) }
}
