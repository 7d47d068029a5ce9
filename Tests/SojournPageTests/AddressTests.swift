import Foundation
import SojournModel
import Testing

@testable import SojournPage

@Suite struct AddressTests {
    static let links = [
        "/?period=28d", "/?property=7&period=today", "/?period=all&channel=email&device=",
        "/?first=2026-03-01&last=2026-03-07", "/?period=7d&step=/product/*&step=/cart&from=/",
        "/?period=7d&landingPage=/a%3Fb%3D%2B%26c%20%E2%98%82&more=landingPage",
    ]

    @Test(arguments: links)
    func `a link brings back the view that it is of`(link: String) throws {
        let address = try PageAddress(query: String(link.dropFirst(2)))
        #expect(address.link == link)
    }

    @Test func `a form's spaces and special characters are read as they were meant`() throws {
        let address = try PageAddress(
            query: "campaignName=a+b%26c%3Dd&step=%2Fx%zz&step=&unknown=1")
        #expect(address.filters == [ReportFilter(.campaignName, "a b&c=d")])
        #expect(address.steps == ["/x%zz"])
    }

    @Test func `the same filter counts once, and a second value of a dimension takes its place`()
        throws
    {
        let address = try PageAddress(query: "channel=email&channel=email&more=channel")
        #expect(address.filters.count == 1)
        let other = address.with(filter: ReportFilter(.channel, "direct"))
        #expect(other.filters == [ReportFilter(.channel, "direct")])
        #expect(other.more == nil)
        #expect(other.without(filter: ReportFilter(.channel, "direct")).filters.isEmpty)
    }

    static let faults: [(query: String, words: String)] = [
        ("property=x", "no number"), ("period=fortnight", "28d"),
        ("first=2026-02-30", "2026-03-09"),
        ("first=2026-03-09&last=2026-03-01", "before it begins"), ("last=1", "write both"),
        ("first=1980-01-01&last=2026-01-01", "ten years"),
        (String(repeating: "a", count: 9_000), "8192"),
        ((1...9).map { "step=/\($0)" }.joined(separator: "&"), "at most 8 steps"),
        ((1...17).map { "device=\($0)" }.joined(separator: "&"), "16 filters"),
        ("from=" + String(repeating: "a", count: 3_000), "2,048"),
    ]

    @Test(arguments: faults.indices)
    func `an address that makes no sense is refused with a sentence`(row: Int) {
        let fault = #expect(throws: PageAddress.Fault.self) {
            try PageAddress(query: Self.faults[row].query)
        }
        #expect(
            fault?.sentence.contains(Self.faults[row].words) == true, "\(fault?.sentence ?? "")")
    }

    @Test func `days are those of the calendar`() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for day in stride(from: -400, to: 80_000, by: 37) {
            let date = CivilDate(day: day)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .weekday],
                from: Date(timeIntervalSince1970: Double(day) * 86_400))
            #expect(date.parts == (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0))
            if day >= 0 { #expect(CivilDate("\(date)") == date) }
        }
        #expect(CivilDate(day: 0).weekday == "Thu")
        #expect(CivilDate("2026-03-28")?.weekday == "Sat")
        #expect(CivilDate("2026-03-28")?.long == "28 Mar 2026")
        #expect(CivilDate(localMilliseconds: -1) == CivilDate(day: -1))
    }

    @Test(arguments: ["2025-02-29", "2026-13-01", "2026-00-10", "26-01-01", "2026-1-1", "", "x"])
    func `what is no day is none`(text: String) { #expect(CivilDate(text) == nil) }

    // MARK: Questions

    private func questions(_ query: String) throws -> PageQuestions {
        try PageContent.shop(query).questions
    }

    @Test func `a period is whole days of the property's calendar, today included`() throws {
        let period = try questions("period=7d").totals.period
        #expect(period.isLocal)
        #expect(period.start.map { CivilDate(localMilliseconds: $0).description } == "2026-03-22")
        #expect(period.end.map { CivilDate(localMilliseconds: $0).description } == "2026-03-29")
        let yesterday = try questions("period=yesterday").totals.period
        #expect(yesterday.end == CivilDate("2026-03-28")?.localMilliseconds)
        #expect(try questions("period=all").totals.period == .all)
        let between = try questions("first=2026-01-01&last=2026-01-31").totals.period
        #expect(between.end == CivilDate("2026-02-01")?.localMilliseconds)
    }

    @Test func `a day or two are shown by the hour, more by the day`() throws {
        #expect(try questions("period=today").series.kind == .series(.hour))
        #expect(try questions("first=2026-01-01&last=2026-01-02").series.kind == .series(.hour))
        #expect(try questions("period=7d").series.kind == .series(.day))
        #expect(try questions("period=all").series.kind == .series(.day))
    }

    @Test func `everything is compared but what has no time before it`() throws {
        #expect(try questions("period=7d").totals.comparesWithPrevious)
        #expect(try !questions("period=all").series.comparesWithPrevious)
    }

    @Test func `every question has the filters`() throws {
        let asked = try questions("device=mobile&step=/a&step=/b*&from=/x")
        let filter = [ReportFilter(.device, "mobile")]
        let funnel = try #require(asked.funnel)
        for question in [asked.totals, asked.series, asked.journeys, funnel] + asked.breakdowns {
            #expect(question.filters == filter)
        }
        #expect(funnel.kind == .funnel([FunnelStep("/a"), FunnelStep("/b", isPrefix: true)]))
        #expect(asked.journeys.kind == .paths(from: "/x"))
        #expect(try questions("").funnel == nil)
    }

    @Test func `the breakdown that was asked for is longer`() throws {
        let asked = try questions("more=landingPage").breakdowns
        #expect(asked.map(\.rowsMax) == [8, 8, 200, 8, 8, 8])
    }
}
