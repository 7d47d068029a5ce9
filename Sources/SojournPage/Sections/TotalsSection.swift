import SojournModel

/// The figures that matter most, each with how it was in the period before.
enum TotalsSection {
    static func html(_ finding: Finding) -> HTML {
        guard let answer = finding.answer, let now = answer.total else {
            return Layout.failure("Totals", finding)
        }
        let before = answer.rows.first { $0.kind == .total && $0.isPrevious }?.figures
        func tile(
            _ name: String, _ text: String, _ detail: String, _ figure: (SessionFigures) -> Double
        ) -> HTML {
            """
            <div class="tile"><dt>\(name)</dt><dd><strong>\(text)</strong>\
            \(before.map { change(figure(now), figure($0)) })\
            <span class="detail">\(detail)</span></dd></div>
            """
        }
        return """
            <section aria-label="Totals"><dl class="tiles">
            \(tile("Sessions", FigureText.count(now.sessions), "\(FigureText.decimal(now.viewsPerSession, digits: 1)) views each") { Double($0.sessions) })
            \(tile("Visitors", FigureText.count(now.visitors), "\(FigureText.percent(share(now.newVisitors, now.visitors))) new") { Double($0.visitors) })
            \(tile("Engaged", FigureText.percent(now.engagementRate), "\(FigureText.percent(now.bounceRate)) bounced") { $0.engagementRate })
            \(tile("Converted", FigureText.percent(now.conversionRate), "\(FigureText.count(now.conversions)) conversions") { $0.conversionRate })
            \(tile("Value", FigureText.value(now.value), "\(FigureText.value(perSession(now))) a session") { Double($0.value) })
            \(tile("Median duration", FigureText.duration(milliseconds: now.medianMilliseconds), "\(FigureText.duration(milliseconds: Int64(now.meanMilliseconds))) on average") { Double($0.medianMilliseconds) })
            </dl></section>
            """
    }

    private static func share(_ part: Int, _ whole: Int) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }

    private static func perSession(_ figures: SessionFigures) -> Int64 {
        figures.sessions == 0 ? 0 : figures.value / Int64(figures.sessions)
    }

    /// More or less than before, in words too.
    static func change(_ now: Double, _ before: Double) -> HTML {
        if before == 0 { return now == 0 ? "" : "<span class=\"change\">new</span>" }
        let change = now / before - 1
        let text = FigureText.percent(abs(change))
        if text == "0.0%" { return "<span class=\"change\">as before</span>" }
        return change > 0
            ? """
            <span class="change up"><span aria-hidden="true">▲</span> \(text) \
            <span class="hidden">more than before</span></span>
            """
            : """
            <span class="change down"><span aria-hidden="true">▼</span> \(text) \
            <span class="hidden">less than before</span></span>
            """
    }
}
