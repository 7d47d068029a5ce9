import SojournModel
import Testing

@testable import SojournPage

@Suite struct ChartTests {
    static let axes: [(largest: Int, ticks: [Int])] = [
        (0, [0, 1]), (1, [0, 1]), (4, [0, 1, 2, 3, 4]), (5, [0, 1, 2, 3, 4, 5]),
        (7, [0, 2, 4, 6, 8]), (20, [0, 5, 10, 15, 20]), (99, [0, 20, 40, 60, 80, 100]),
        (1_234, [0, 500, 1_000, 1_500]), (50_001, [0, 20_000, 40_000, 60_000]),
    ]

    @Test(arguments: axes.indices)
    func `an axis has few round numbers`(row: Int) {
        let (largest, ticks) = Self.axes[row]
        #expect(Axis(upTo: largest).ticks == ticks)
        #expect(Axis(upTo: largest).top >= largest)
    }

    static let figures: [(String, String)] = [
        (FigureText.count(0), "0"), (FigureText.count(1_234_567), "1,234,567"),
        (FigureText.count(-1_234), "-1,234"), (FigureText.short(999), "999"),
        (FigureText.short(12_345), "12.3k"), (FigureText.short(1_000_000), "1.0M"),
        (FigureText.short(250_000), "250k"), (FigureText.percent(0.12345), "12.3%"),
        (FigureText.percent(1), "100.0%"), (FigureText.percent(0), "0.0%"),
        (FigureText.value(12_345_600_000), "12,345.60"), (FigureText.value(-1_500_000), "-1.50"),
        (FigureText.value(5_000), "0.01"), (FigureText.duration(milliseconds: 0), "0.0s"),
        (FigureText.duration(milliseconds: 9_940), "9.9s"),
        (FigureText.duration(milliseconds: 61_000), "1m 01s"),
        (FigureText.duration(milliseconds: 7_440_000), "2h 04m"),
        (FigureText.duration(milliseconds: 97_200_000), "1d 03h"),
        (FigureText.middle("/a/long/path/to/somewhere", atMost: 11), "/a/lo…where"),
        (FigureText.middle("/short", atMost: 11), "/short"),
        (FigureText.decimal(-0.05, digits: 2), "-0.05"),
    ]

    @Test(arguments: figures.indices)
    func `figures read as people write them`(row: Int) {
        #expect(Self.figures[row].0 == Self.figures[row].1)
    }

    @Test func `a change is told in words as well as by colour`() {
        #expect(TotalsSection.change(110, 100).text.contains("10.0%"))
        #expect(TotalsSection.change(110, 100).text.contains("more than before"))
        #expect(TotalsSection.change(50, 100).text.contains("less than before"))
        #expect(TotalsSection.change(1_600, 100).text.contains("16 times"))
        #expect(TotalsSection.change(1_600, 100).text.contains("as much as before"))
        #expect(TotalsSection.change(100, 100).text.contains("as before"))
        #expect(TotalsSection.change(5, 0).text.contains("new"))
        #expect(TotalsSection.change(0, 0).text.isEmpty)
    }

    // MARK: Journeys

    @Test func `the same page at the same step is one bar, whatever came before it`() {
        let flow = JourneyFlow([
            .total(100), .part("/", 60), .part("/cart", 20, parent: 1), .part("/shop", 40),
            .part("/cart", 10, parent: 3), .part("/", 5, parent: 3),
        ])
        #expect(flow.columns.map { $0.map(\.page) } == [["/", "/shop"], ["/cart", "/"]])
        #expect(flow.columns.map { $0.map(\.sessions) } == [[60, 40], [30, 5]])
        #expect(flow.columns[0].map(\.goneOn) == [20, 15])
        #expect(flow.bands.count == 3)
        #expect(flow.bands.reduce(0) { $0 + $1.sessions } == 35)
    }

    @Test func `pages without room are one bar, and no session is lost`() {
        let rows = [ReportRow.total(100)] + (1...10).map { .part("/\($0)", 10) }
        let flow = JourneyFlow(rows)
        #expect(flow.columns[0].count == 7)
        #expect(flow.columns[0].last?.page == JourneyFlow.other)
        #expect(flow.columns[0].reduce(0) { $0 + $1.sessions } == 100)
    }

    @Test func `no bar lies over another, and bands keep within their bars`() throws {
        let content = try PageContent.shop()
        let flow = JourneyFlow(try #require(content.journeys.answer).rows)
        for column in flow.columns {
            for (upper, lower) in zip(column, column.dropFirst()) {
                #expect(upper.top + upper.height < lower.top)
            }
            for node in column { #expect(node.goneOn <= node.sessions) }
        }
        #expect(flow.columns.count == JourneyFlow.columnsMax)
        #expect(flow.height > 100)
    }

    @Test func `an answer that points nowhere draws what it can`() {
        #expect(JourneyFlow([]).columns.isEmpty)
        let odd = JourneyFlow([.total(1), .part("/a", 1, parent: 5), .part("/b", 1, parent: 2)])
        #expect(odd.columns.isEmpty)
    }

    // MARK: The page

    @Test func `the page says what was counted and what was not`() throws {
        let page = PageDocument.html(try .shop())
        #expect(page.contains("<strong>12</strong> sessions are still live"))
        #expect(page.contains("<strong>34</strong> automated ones are left out"))
        #expect(page.contains("48,213"))
        #expect(page.contains("times in Europe/Berlin"))
        #expect(page.contains("1 Mar – 28 Mar 2026"))
    }

    @Test func `a question without an answer leaves the rest of the page`() throws {
        var content = try PageContent.shop()
        content.totals = .failure("the server has as many questions at work as it allows")
        content.journeys = .failure("no answer in time")
        let page = PageDocument.html(content)
        #expect(page.contains("as many questions at work"))
        #expect(page.contains("organic_search"))
    }

    @Test func `a period without sessions says so, and what to do`() throws {
        var content = try PageContent.shop()
        content.series = .answer(.init([.total(0), .part("", 0, time: 0)]))
        content.breakdowns = content.breakdowns.map { _ in .answer(.init([.total(0)])) }
        content.journeys = .answer(.init([.total(0)]))
        let page = PageDocument.html(content)
        #expect(page.contains("No sessions began in this period"))
        #expect(page.contains("No session of this period saw a page"))
    }

    @Test func `a row of a breakdown is a link to its sessions alone`() throws {
        let page = PageDocument.html(try .shop("period=7d&device=mobile"))
        #expect(page.contains("href=\"/?period=7d&amp;device=mobile&amp;channel=email\""))
        // What is filtered by already is none.
        #expect(!page.contains("device=mobile&amp;device=mobile"))
    }

    @Test func `the theme that was chosen is in the first byte that a browser paints`() throws {
        var content = try PageContent.shop()
        #expect(!PageDocument.html(content).contains("data-theme"))
        content.theme = .dark
        #expect(PageDocument.html(content).contains("<html lang=\"en\" data-theme=\"dark\">"))
    }
}
