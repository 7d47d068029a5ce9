import SojournModel

@testable import SojournPage

/// Rows and answers as a test writes them.
extension ReportRow {
    static func total(_ sessions: Int, isPrevious: Bool = false) -> ReportRow {
        var row = ReportRow(.total)
        row.isPrevious = isPrevious
        row.figures = .some(sessions)
        return row
    }

    static func part(
        _ text: String, _ sessions: Int, parent: Int? = nil, time: Int64? = nil,
        isPrevious: Bool = false
    ) -> ReportRow {
        var row = ReportRow(.part)
        row.text = text
        row.parent = parent
        row.time = time
        row.isPrevious = isPrevious
        row.figures = .some(sessions)
        return row
    }

    static func rest(_ sessions: Int) -> ReportRow {
        var row = ReportRow(.rest)
        row.figures = .some(sessions)
        return row
    }
}

extension SessionFigures {
    /// Plausible figures of so many sessions.
    static func some(_ sessions: Int) -> SessionFigures {
        var figures = SessionFigures()
        figures.sessions = sessions
        figures.visitors = sessions * 4 / 5
        figures.newVisitors = sessions / 2
        figures.views = sessions * 4
        figures.convertedSessions = sessions / 20
        figures.conversions = sessions / 20
        figures.engagedSessions = sessions * 3 / 5
        figures.value = Int64(sessions) * 2_345_600
        figures.durationMilliseconds = Int64(sessions) * 95_000
        figures.medianMilliseconds = 61_500
        return figures
    }
}

extension ReportAnswer {
    init(_ rows: [ReportRow], live: Int = 12, automated: Int = 34) {
        self.init(
            start: nil, end: nil, clock: 0, timeZone: "Europe/Berlin", liveSessions: live,
            automatedSessions: automated, rows: rows)
    }
}

extension PageContent {
    /// 2026-03-28 12:00, read in Berlin.
    static let now: Int64 = 1_774_695_600_000
    private static let day: Int64 = 86_400_000

    /// A page of a shop with a month of traffic.
    static func shop(_ query: String = "") throws -> PageContent {
        var content = PageContent(
            try PageAddress(query: query), of: .service,
            properties: [
                .init(id: PropertyID(1), name: "shop"), .init(id: PropertyID(2), name: "app"),
            ], time: now, theme: nil, version: "0.1.0", localReading: { $0 + 3_600_000 })
        content.totals = .answer(ReportAnswer([.total(48_213), .total(44_102, isPrevious: true)]))
        let first = (now / day - 27) * day - 3_600_000
        func curve(_ row: Int64) -> Int {
            1_400 + Int(row * 31 % 17) * 40 - (row % 7 > 4 ? 500 : 0)
        }
        content.series = .answer(
            ReportAnswer(
                [.total(48_213)] + (0..<28).map { .part("", curve($0), time: first + $0 * day) }
                    + (0..<28).map {
                        .part(
                            "", curve($0 + 3) - 130, time: first - (28 - $0) * day, isPrevious: true
                        )
                    }))
        let values: [[(String, Int)]] = [
            [
                ("organic_search", 17_040), ("direct", 12_120), ("paid_search", 8_004),
                ("email", 5_310), ("organic_social", 3_120), ("referral", 2_619),
            ],
            [("", 40_001), ("spring_sale", 5_100), ("brand", 3_112)],
            [
                ("/", 20_100), ("/category/shoes", 9_400), ("/product/151", 4_010),
                ("/blog/how-to-choose-running-shoes-for-wide-feet-in-2026", 2_230),
            ],
            [("/thanks", 11_000), ("/", 9_870), ("/cart", 6_512)],
            [("mobile", 29_871), ("desktop", 15_342), ("tablet", 3_000)],
            [("DE", 21_000), ("GB", 11_000), ("US", 9_300), ("", 6_913)],
        ]
        content.breakdowns = values.map { rows in
            .answer(
                ReportAnswer(
                    [.total(48_213)] + rows.map { .part($0.0, $0.1) } + [.rest(812)]))
        }
        content.journeys = .answer(
            ReportAnswer([
                .total(48_213), .part("/", 20_100), .part("/category/shoes", 9_100, parent: 1),
                .part("/product/151", 4_800, parent: 2), .part("/cart", 1_900, parent: 3),
                .part("/thanks", 700, parent: 4), .part("/category/jackets", 5_200, parent: 1),
                .part("/product/278", 3_100, parent: 6), .part("/cart", 600, parent: 7),
                .part("/category/shoes", 9_400), .part("/product/151", 5_000, parent: 9),
                .part("/cart", 2_200, parent: 10), .part("/thanks", 900, parent: 11),
                .part("/product/151", 4_010), .part("/", 1_000, parent: 13), .rest(30),
            ]))
        if !content.address.steps.isEmpty {
            content.funnel = .answer(
                ReportAnswer([
                    .total(48_213), .part("/product/*", 22_000), .part("/cart", 6_400),
                    .part("/thanks", 2_310),
                ]))
        }
        return content
    }
}
