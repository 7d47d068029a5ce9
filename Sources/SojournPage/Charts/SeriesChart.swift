import SojournModel

/// Sessions over time: an area for the period, a line for the one before it.
///
/// Widths are shares of whatever room there is, so that letters keep their size on a phone: only the
/// shapes stand in a drawing that is stretched.
struct SeriesChart {
    struct Point: Equatable {
        /// `Mon 9 Mar`, `14:00`
        var label: String
        /// For the axis: `9 Mar`.
        var tick: String
        var sessions: Int
    }

    var points: [Point]
    /// The same number of points, or none.
    var previous: [Int]

    private static let height = 220.0
    private static let plotTop = 12.0
    private static let plotBottom = 190.0

    var drawing: HTML {
        let largest = max(points.map(\.sessions).max() ?? 0, previous.max() ?? 0)
        let axis = Axis(upTo: largest)
        func y(_ number: Int) -> Double {
            Self.plotBottom - axis.share(of: number) * (Self.plotBottom - Self.plotTop)
        }
        let ticks = axis.ticks.map { tick in
            "<text class=\"tick\" x=\"0\" y=\"\(y(tick) + 4)\">\(FigureText.short(tick))</text>"
                as HTML
        }
        let rules = axis.ticks.map { tick in
            "<line class=\"rule\" x1=\"0\" x2=\"100%\" y1=\"\(y(tick))\" y2=\"\(y(tick))\"/>"
                as HTML
        }
        return """
            <div class="plot"><svg class="series" aria-hidden="true" width="100%" \
            height="\(Self.height)">\(ticks)</svg>
            <svg class="series" role="img" aria-label="\(summary)" width="100%" height="\(Self.height)">
            \(rules)
            <svg x="0" y="0" width="100%" height="\(Self.height)" viewBox="0 0 1000 \(Self.height)" \
            preserveAspectRatio="none">
            \(previousLine(y))\(area(y))
            </svg>
            \(tickTexts)\(hovers(y))
            </svg></div>
            """
    }

    /// For those who do not see it.
    private var summary: String {
        guard let peak = points.max(by: { $0.sessions < $1.sessions }), peak.sessions > 0 else {
            return "Sessions over time: none"
        }
        let total = points.reduce(0) { $0 + $1.sessions }
        return "Sessions over time: \(FigureText.count(total)) in all, most on \(peak.label) with "
            + "\(FigureText.count(peak.sessions)). The table below has the numbers."
    }

    /// The middle of a point's share of the width, in thousandths.
    private func x(_ row: Int) -> Double {
        (Double(row) + 0.5) * 1_000 / Double(max(1, points.count))
    }

    private func line(_ numbers: [Int], _ y: (Int) -> Double) -> HTML {
        if numbers.count == 1 { return "M0,\(y(numbers[0])) L1000,\(y(numbers[0]))" }
        let parts = numbers.enumerated().map { row, number in
            "\(row == 0 ? "M" : " L")\(x(row)),\(y(number))" as HTML
        }
        return "\(parts)"
    }

    private func area(_ y: (Int) -> Double) -> HTML {
        guard !points.isEmpty else { return "" }
        let line = line(points.map(\.sessions), y)
        let (left, right) = points.count == 1 ? (0, 1_000) : (x(0), x(points.count - 1))
        return """
            <path class="area" d="\(line) L\(right),\(Self.plotBottom) L\(left),\(Self.plotBottom) Z"/>\
            <path class="line" d="\(line)" vector-effect="non-scaling-stroke"/>
            """
    }

    private func previousLine(_ y: (Int) -> Double) -> HTML {
        guard previous.count == points.count, !previous.isEmpty else { return "" }
        return """
            <path class="line before" d="\(line(previous, y))" vector-effect="non-scaling-stroke"/>
            """
    }

    /// A label for every few points, as many as there is room for on a phone.
    private var tickTexts: HTML {
        let step = max(1, (points.count + 5) / 6)
        let texts = stride(from: 0, to: points.count, by: step).map { row in
            """
            <text class="tick" text-anchor="middle" x="\(x(row) / 10)%" y="\(Self.plotBottom + 20)">\
            \(points[row].tick)</text>
            """ as HTML
        }
        return "\(texts)"
    }

    /// A column for each point, which tells its number under the pointer.
    private func hovers(_ y: (Int) -> Double) -> HTML {
        let width = 100 / Double(max(1, points.count))
        let columns = points.enumerated().map { row, point in
            let before =
                previous.count == points.count
                ? ", before that \(FigureText.count(previous[row]))" : ""
            return """
                <g class="point"><rect x="\(Double(row) * width)%" y="0" width="\(width)%" \
                height="\(Self.plotBottom)"><title>\(point.label): \
                \(FigureText.count(point.sessions)) sessions\(before)</title></rect>\
                <circle cx="\(x(row) / 10)%" cy="\(y(point.sessions))" r="4"/></g>
                """ as HTML
        }
        return "\(columns)"
    }
}
