import SojournModel

/// The figures that matter most, each with how it was in the period before.
enum TotalsSection {
    /// One of them.
    private struct Tile: Sendable {
        var name: String
        /// What is compared with the period before.
        var figure: @Sendable (SessionFigures) -> Double
        /// As people read it.
        var text: @Sendable (SessionFigures) -> String
        /// What belongs to it, in small letters.
        var detail: @Sendable (SessionFigures) -> String
    }

    private static let tiles = [
        Tile(
            name: "Sessions", figure: { Double($0.sessions) },
            text: { FigureText.count($0.sessions) },
            detail: { "\(FigureText.decimal($0.viewsPerSession, digits: 1)) views each" }),
        Tile(
            name: "Visitors", figure: { Double($0.visitors) },
            text: { FigureText.count($0.visitors) },
            detail: { "\(FigureText.percent(share($0.newVisitors, of: $0.visitors))) new" }),
        Tile(
            name: "Engaged", figure: { $0.engagementRate },
            text: { FigureText.percent($0.engagementRate) },
            detail: { "\(FigureText.percent($0.bounceRate)) bounced" }),
        Tile(
            name: "Converted", figure: { $0.conversionRate },
            text: { FigureText.percent($0.conversionRate) },
            detail: { "\(FigureText.count($0.conversions)) conversions" }),
        Tile(
            name: "Value", figure: { Double($0.value) }, text: { FigureText.value($0.value) },
            detail: { "\(FigureText.value(valuePerSession($0))) a session" }),
        Tile(
            name: "Median duration", figure: { Double($0.medianMilliseconds) },
            text: { FigureText.duration(milliseconds: $0.medianMilliseconds) },
            detail: {
                "\(FigureText.duration(milliseconds: Int64($0.meanMilliseconds))) on average"
            }),
    ]

    static func html(_ finding: Finding) -> HTML {
        guard let answer = finding.answer, let now = answer.total else {
            return Layout.failure("Totals", finding)
        }
        // Beside nothing everything is new.
        let before = answer.rows.first {
            $0.kind == .total && $0.isPrevious && $0.figures.sessions > 0
        }?.figures
        let tiles = tiles.map { tile in
            """
            <div class="tile"><dt>\(tile.name)</dt><dd><strong>\(tile.text(now))</strong>\
            \(before.map { change(tile.figure(now), tile.figure($0)) })\
            <span class="detail">\(tile.detail(now))</span></dd></div>
            """ as HTML
        }
        return "<section aria-label=\"Totals\"><dl class=\"tiles\">\(tiles)</dl></section>"
    }

    private static func share(_ part: Int, of whole: Int) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }

    private static func valuePerSession(_ figures: SessionFigures) -> Int64 {
        figures.sessions == 0 ? 0 : figures.value / Int64(figures.sessions)
    }

    /// More or less than before, in words too.
    static func change(_ now: Double, _ before: Double) -> HTML {
        if before == 0 { return now == 0 ? "" : "<span class=\"change\">new</span>" }
        let change = now / before - 1
        // Nobody reads 1,543%.
        let text =
            change >= 9
            ? "\(FigureText.decimal(now / before, digits: 0)) times"
            : FigureText.percent(abs(change))
        if text == "0.0%" { return "<span class=\"change\">as before</span>" }
        return change > 0
            ? """
            <span class="change up"><span aria-hidden="true">▲</span> \(text) \
            <span class="hidden">\(change >= 9 ? "as much as before" : "more than before")</span></span>
            """
            : """
            <span class="change down"><span aria-hidden="true">▼</span> \(text) \
            <span class="hidden">less than before</span></span>
            """
    }
}
