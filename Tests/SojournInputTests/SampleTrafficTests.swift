import SojournInput
import SojournModel
import Testing

@Suite struct SampleTrafficTests {
    static func csv(_ traffic: SampleTraffic) throws -> [UInt8] {
        var sink = OutputSink.memory()
        try traffic.write(to: &sink)
        return sink.written
    }

    @Test func `the sample in Scripts is what its parameters give`() throws {
        var reader = try EventReader(path: Checkout.root + "/Scripts/sample.csv")
        var stored = reader.layout.header + [UInt8(ascii: "\n")]
        while case .event(let event) = try reader.next() {
            stored += Array(event.record.text.utf8) + [UInt8(ascii: "\n")]
        }
        let made = try Self.csv(SampleTraffic(seed: 7, visitors: 150, days: 3))
        #expect(stored == made)
    }

    @Test func `a seed gives the same rows each time, and another seed others`() throws {
        let traffic = SampleTraffic(seed: 1, visitors: 60, days: 2)
        #expect(try Self.csv(traffic) == Self.csv(traffic))
        #expect(
            try Self.csv(traffic) != Self.csv(SampleTraffic(seed: 2, visitors: 60, days: 2)))
    }

    @Test func `more visitors leave the others as they were`() throws {
        func rows(_ visitors: Int) throws -> Set<String> {
            let events = try Found(Self.csv(SampleTraffic(seed: 5, visitors: visitors, days: 2)))
                .events
            return Set(events.map { $0.record.text })
        }
        #expect(try rows(20).isSubset(of: rows(40)))
    }

    @Test func `the sample is all good lines, with everything that a sessionizer meets`() throws {
        let found = try Found(Self.csv(SampleTraffic(seed: 3, visitors: 500, days: 7)))
        let events = found.events
        #expect(found.bad.isEmpty)
        #expect(found.warning == nil)
        for kind in EventKind.allCases { #expect(events.contains { $0.kind == kind }) }
        #expect(Set(events.map(\.visitor)).count == 500)
        #expect(events.contains { $0.page == "purchase" && ($0.value ?? 0) > 0 })
        #expect(events.contains { $0.campaignMedium == "cpc" && !$0.campaign.isEmpty })
        #expect(Set(events.map(\.device)) == ["mobile", "desktop", "tablet", "bot"])

        // Late events are behind the clock, and by no more than five minutes and a second.
        var clock: Int64 = 0
        var late = 0
        for event in events {
            if event.timeMilliseconds < clock - 2000 { late += 1 }
            clock = max(clock, event.timeMilliseconds)
            #expect(event.timeMilliseconds > clock - 306_000)
        }
        #expect(late > events.count / 100)

        let ids = Set(events.compactMap(\.eventID))
        #expect(ids.count < events.count)
        #expect(ids.count > events.count * 98 / 100)
    }

    @Test func `every fiftieth visitor crawls, and half of them say so`() throws {
        let events = try Found(Self.csv(SampleTraffic(seed: 3, visitors: 200, days: 7))).events
        var times: [[UInt8]: [Int64]] = [:]
        var flagged = Set<[UInt8]>()
        for event in events {
            times[event.visitor, default: []].append(event.timeMilliseconds)
            if event.isKnownBot { flagged.insert(event.visitor) }
        }
        let fast = times.filter { _, times in
            let sorted = times.sorted()
            return sorted.indices.contains { index in
                index + 100 < sorted.count && sorted[index + 100] - sorted[index] < 100_000
            }
        }
        #expect(fast.count == 4)
        #expect(flagged.count == 2)
        #expect(flagged.isSubset(of: fast.keys))
    }

    @Test func `nobody is no row`() throws {
        let text = try Self.csv(SampleTraffic(seed: 1, visitors: 0, days: 1))
        #expect(text.count(where: { $0 == UInt8(ascii: "\n") }) == 1)
    }
}
