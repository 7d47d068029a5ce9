import SojournModel

/// Sessions over time, as a drawing and as a table.
enum SeriesSection {
    /// More rows than these nobody reads, nor tells apart in a drawing.
    private static let pointsMax = 400

    static func html(
        _ finding: Finding, interval: ReportInterval, localReading: (Int64) -> Int64
    ) -> HTML {
        guard let answer = finding.answer else {
            return Layout.failure("Sessions over time", finding)
        }
        let parts = answer.rows.filter { $0.kind == .part }
        let now = parts.filter { !$0.isPrevious }
        let before = parts.filter(\.isPrevious).map(\.figures.sessions)
        guard !now.isEmpty, now.contains(where: { $0.figures.sessions > 0 }) else {
            return Layout.empty(
                "Sessions over time", "No sessions began in this period.",
                "Choose a longer one, or take a filter away.")
        }
        let shown = now.suffix(pointsMax)
        let points = shown.map { row in
            point(row, interval, localReading)
        }
        // Hours that a clock skips or repeats can make the two periods differ in length.
        let previous = before.count == now.count ? Array(before.suffix(pointsMax)) : []
        let rows = points.indices.map { row in
            """
            <tr><th scope="row">\(points[row].label)</th>\
            <td>\(FigureText.count(points[row].sessions))</td>\
            \(previous.isEmpty ? nil : "<td>\(FigureText.count(previous[row]))</td>" as HTML)</tr>
            """ as HTML
        }
        let left = now.count - shown.count
        return """
            <section class="card wide"><h2>Sessions over time</h2>
            <p class="legend"><span class="key"></span>this period\
            \(previous.isEmpty ? nil : " <span class=\"key before\"></span>the one before it" as HTML)\
            \(left > 0 ? " · the last \(shown.count) of \(now.count)" as HTML : nil)</p>
            \(SeriesChart(points: points, previous: previous).drawing)
            <details><summary>As a table</summary><div class="scroll" tabindex="0" role="region" \
            aria-label="Sessions over time"><table><thead><tr><th scope="col">\
            \(interval == .hour ? "Hour" : "Day")</th><th scope="col">Sessions</th>\
            \(previous.isEmpty ? nil : "<th scope=\"col\">Before</th>" as HTML)</tr></thead>
            <tbody>\(rows)</tbody></table></div></details>
            </section>
            """
    }

    private static func point(
        _ row: ReportRow, _ interval: ReportInterval, _ localReading: (Int64) -> Int64
    ) -> SeriesChart.Point {
        let local = localReading(row.time ?? 0)
        let date = CivilDate(localMilliseconds: local)
        switch interval {
        case .day:
            return .init(
                label: "\(date.weekday) \(date.long)", tick: date.short,
                sessions: row.figures.sessions)
        case .hour:
            let minutes = Int((local - date.localMilliseconds) / 60_000)
            let hour = minutes / 60
            let minute = minutes % 60
            let time = "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
            return .init(
                label: "\(date.weekday) \(date.short) \(time)",
                tick: time == "00:00" ? date.short : time,
                sessions: row.figures.sessions)
        }
    }
}
