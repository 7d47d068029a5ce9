import ArgumentParser
import SojournClient

/// `sojourn report`: how many sessions, from where, and what they did.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show how many sessions there were, from where, and what they did.",
        discussion: """
            Without --by one block of figures; with it a row a value. Sessions that are not finished \
            count as well, and automated ones do not unless --bots says so. What every figure means \
            stands in proto-spec/reports.md.
            """)

    @Option(
        help: ArgumentHelp(
            "What rows stand for: hour, day, "
                + ReportDimension.allCases.map(\.name).joined(separator: ", ") + ".",
            valueName: "what"))
    var by: ReportGrouping?

    @Flag(help: "Show the period before as well.")
    var compare = false

    @OptionGroup var options: ReportOptions

    func run() async throws {
        let kind = by?.kind ?? .summary
        let answer = try await options.ask(kind, comparing: compare)
        if try ReportDocument(answer).print(as: options.output) { return }
        let current = answer.rows.filter { !$0.isPrevious }
        let previous = answer.rows.filter(\.isPrevious)
        if let by {
            for line in table(by, current, previous) { print(line) }
        } else if let total = current.first?.figures {
            let rows = total.lines(comparedWith: compare ? previous.first?.figures : nil)
            for line in rows { print(line) }
        }
        print("")
        for remark in options.remarks(answer) { print(remark.printable) }
        if compare, previous.isEmpty {
            print("there is no period before one without a beginning or an end")
        }
    }

    private func table(
        _ by: ReportGrouping, _ rows: [ReportRow], _ previous: [ReportRow]
    ) -> [String] {
        var table = TextTable(
            [
                (by.title, false), ("sessions", true), ("", false), ("visitors", true),
                ("new", true), ("views", true), ("conversions", true), ("rate", true),
                ("value", true), ("bounced", true), ("mean", true), ("median", true),
            ] + (compare ? [("before", true), ("change", true)] : []))
        let most = rows.filter { $0.kind != .total }.map(\.figures.sessions).max() ?? 0
        for row in rows {
            let figures = row.figures
            let share = row.kind == .total ? 0 : Double(figures.sessions) / Double(max(1, most))
            var cells = [
                by.label(row), HumanText.count(figures.sessions), Drawing.bar(share, width: 12),
                HumanText.count(figures.visitors), HumanText.count(figures.newVisitors),
                HumanText.count(figures.views), HumanText.count(figures.conversions),
                HumanText.percent(figures.conversionRate),
                HumanText.decimal(Double(figures.value) / 1_000_000),
                HumanText.percent(figures.bounceRate),
                HumanText.duration(milliseconds: Int64(figures.meanMilliseconds)),
                HumanText.duration(milliseconds: figures.medianMilliseconds),
            ]
            if compare {
                let before = by.counterpart(of: row, among: previous, rows)?.figures.sessions
                cells.append(before.map(HumanText.count) ?? "-")
                cells.append(HumanText.change(figures.sessions, before ?? 0))
            }
            table.add(cells)
        }
        var lines = table.lines
        if case .series = by.kind {
            lines.append("")
            lines.append(Drawing.sparkline(rows.dropFirst().map(\.figures.sessions)))
        }
        return lines
    }
}

/// The words of `--by`.
struct ReportGrouping: ExpressibleByArgument {
    let kind: ReportQuestion.Kind
    let title: String

    init?(argument: String) {
        title = argument
        switch argument {
        case "hour": kind = .series(.hour)
        case "day": kind = .series(.day)
        default:
            guard let dimension = ReportDimension(argument: argument) else { return nil }
            kind = .breakdown(dimension)
        }
    }

    func label(_ row: ReportRow) -> String {
        switch row.kind {
        case .total: "all"
        case .rest: "(other)"
        case .part:
            row.time.map { "\(EventTime(milliseconds: $0))" }
                ?? (row.text.isEmpty ? "(not known)" : row.text)
        }
    }

    /// The row of the period before: of a value the one with that value, of an interval the one as far
    /// from the beginning.
    func counterpart(
        of row: ReportRow, among previous: [ReportRow], _ rows: [ReportRow]
    ) -> ReportRow? {
        if case .series = kind, row.kind == .part {
            let index = rows.firstIndex(of: row)
            return index.flatMap { $0 < previous.count ? previous[$0] : nil }
        }
        return previous.first { $0.kind == row.kind && $0.text == row.text }
    }
}

extension SessionFigures {
    fileprivate func lines(comparedWith previous: SessionFigures?) -> [String] {
        var table = TextTable(
            [("", false), ("", true)]
                + (previous == nil ? [] : [("before", true), ("change", true)]))
        func add(
            _ name: String, _ text: (SessionFigures) -> String, _ count: (SessionFigures) -> Int
        ) {
            var cells = [name, text(self)]
            if let previous {
                cells += [text(previous), HumanText.change(count(self), count(previous))]
            }
            table.add(cells)
        }
        func count(_ name: String, _ path: KeyPath<SessionFigures, Int>) {
            add(name, { HumanText.count($0[keyPath: path]) }, { $0[keyPath: path] })
        }
        func rate(_ name: String, _ path: KeyPath<SessionFigures, Double>) {
            add(
                name, { HumanText.percent($0[keyPath: path]) },
                { Int(($0[keyPath: path] * 100_000).rounded()) })
        }
        count("sessions", \.sessions)
        count("visitors", \.visitors)
        count("  new", \.newVisitors)
        count("  returning", \.returningVisitors)
        count("views", \.views)
        add(
            "  per session", { HumanText.decimal($0.viewsPerSession) },
            { Int(($0.viewsPerSession * 1_000).rounded()) })
        count("actions", \.actions)
        count("conversions", \.conversions)
        rate("  rate", \.conversionRate)
        add(
            "value", { HumanText.decimal(Double($0.value) / 1_000_000) }, { Int($0.value / 1_000) })
        rate("engaged", \.engagementRate)
        rate("bounced", \.bounceRate)
        add(
            "mean duration", { HumanText.duration(milliseconds: Int64($0.meanMilliseconds)) },
            { Int($0.meanMilliseconds) })
        add(
            "median duration", { HumanText.duration(milliseconds: $0.medianMilliseconds) },
            { Int($0.medianMilliseconds) })
        add(
            "engaged time", { HumanText.duration(milliseconds: $0.durationMilliseconds) },
            { Int($0.durationMilliseconds) })
        return Array(table.lines.drop { $0.isEmpty })
    }
}

extension HumanText {
    /// `12.3 %`
    static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1_000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// `+12.3 %`; nothing where there was nothing before.
    static func change(_ now: Int, _ before: Int) -> String {
        if before == 0 { return now == 0 ? "=" : "new" }
        if now == before { return "=" }
        let share = Double(now - before) / Double(before)
        return (share < 0 ? "-" : "+") + percent(abs(share))
    }
}
