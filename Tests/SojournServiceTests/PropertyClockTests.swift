import SojournModel
import SojournService
import SojournTestKit
import Testing

@Suite struct PropertyClockTests {
    private let start = TestService.start

    @Test func `there is no time before the first event`() {
        let clock = PropertyClock()
        #expect(clock.now(at: 5) == .min)
        #expect(clock.now(at: .max) == .min)
    }

    @Test func `it is the latest event time, moved on by the server's time`() {
        var clock = PropertyClock()
        clock.admit(100, at: 5_000)
        #expect(clock.now(at: 5_000) == 100)
        #expect(clock.now(at: 5_010) == 110)
        clock.admit(130, at: 5_010)
        #expect(clock.now(at: 5_017) == 137)
        // Older than the clock: nothing but time moves it.
        clock.admit(90, at: 5_020)
        #expect(clock.now(at: 5_020) == 140)
    }

    @Test func `a server time that is set back stops it until it has caught up`() {
        var clock = PropertyClock()
        clock.admit(100, at: 5_000)
        #expect(clock.now(at: 3_000) == 100)
        clock.admit(105, at: 3_000)
        #expect(clock.now(at: 4_999) == 105)
        #expect(clock.now(at: 5_001) == 106)
    }

    @Test func `extremes do not overflow`() {
        var clock = PropertyClock()
        clock.admit(Limits.eventTimeEnd - 1, at: .min)
        #expect(clock.now(at: .max) == .max)
    }

    @Test func `a batch is stamped with the time of earlier batches`() throws {
        var service = TestService()
        #expect(try service.assign([TestEvent("a", start - 1_000)]).clock == .min)
        service.now += 10
        #expect(try service.assign([TestEvent("a", start + 500)]).clock == start - 990)
        #expect(try service.assign([TestEvent("a", start)]).clock == start + 500)
        service.now -= 3_600_000
        #expect(try service.assign([TestEvent("a", start)]).clock == start + 500)
    }

    @Test func `events that are too far ahead are rejected and do not move it`() throws {
        var service = TestService()
        let limit = start + 5 * minute
        let assigned = try service.assign([
            TestEvent("a", start), TestEvent("b", limit), TestEvent("c", limit + 1),
        ])
        #expect(assigned.outcomes == [.new, .new, .rejectedClockSkew])
        #expect(try service.assign([TestEvent("a", limit + 1)]).clock == limit)
        #expect(try service.gauges()["property_1_clock_milliseconds"] == limit)
    }

    @Test func `a batch that is ahead as a whole leaves no clock at all`() throws {
        var service = TestService()
        _ = try service.assign([TestEvent("a", start + 6 * minute)])
        #expect(try service.gauges()["property_1_clock_milliseconds"] == nil)
    }

    @Test func `every property has its own`() throws {
        var service = TestService { configuration in
            configuration.properties.append(ServiceProperty(id: PropertyID(2), name: "old"))
        }
        _ = try service.assign([TestEvent("a", start)])
        _ = service.answer(assignFrame([TestEvent("a", 1_000)], property: PropertyID(2)))
        service.now += 1
        let gauges = try service.gauges()
        #expect(gauges["property_1_clock_milliseconds"] == start + 1)
        #expect(gauges["property_2_clock_milliseconds"] == 1_001)
    }
}
