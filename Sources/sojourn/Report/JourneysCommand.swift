import ArgumentParser
import SojournClient

/// `sojourn journeys`: from which page to which one.
struct JourneysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journeys",
        abstract:
            "Show from which page visitors went to which one, or the paths from a landing page.")

    @Option(
        help: ArgumentHelp(
            "The paths of sessions that began here, as a tree.", valueName: "page"))
    var start: String?

    @Flag(help: "The paths of all sessions, as a tree.")
    var tree = false

    @OptionGroup var options: ReportOptions

    func run() async throws {
        let isTree = start != nil || tree
        let answer = try await options.ask(isTree ? .paths(from: start ?? "") : .transitions)
        if try ReportDocument(answer, hasNext: !isTree).print(as: options.output) { return }
        for line in isTree ? branches(answer.rows) : moves(answer.rows) { print(line) }
        print("")
        for remark in options.remarks(answer) { print(remark.printable) }
    }

    private func moves(_ rows: [ReportRow]) -> [String] {
        var table = TextTable([
            ("from", false), ("to", false), ("times", true), ("sessions", true), ("", false),
        ])
        let most = rows.filter { $0.kind == .part }.map(\.figures.views).max() ?? 1
        for row in rows where row.kind != .total {
            let isRest = row.kind == .rest
            table.add([
                isRest ? "(other)" : name(row.text),
                isRest ? "" : row.nextText.isEmpty ? "(left)" : row.nextText,
                HumanText.count(row.figures.views),
                isRest ? "" : HumanText.count(row.figures.sessions),
                isRest ? "" : Drawing.bar(Double(row.figures.views) / Double(most)),
            ])
        }
        return table.lines
    }

    private func branches(_ rows: [ReportRow]) -> [String] {
        var table = TextTable([("page", false), ("sessions", true), ("of step before", true)])
        var depth: [Int: Int] = [:]
        for (index, row) in rows.enumerated() where row.kind != .total {
            if row.kind == .rest {
                table.add(["(other)", HumanText.count(row.figures.sessions), ""])
                continue
            }
            let level = row.parent.flatMap { depth[$0] }.map { $0 + 1 } ?? 0
            depth[index] = level
            let before = row.parent.map { rows[$0].figures.sessions }
            table.add([
                String(repeating: "  ", count: level) + name(row.text),
                HumanText.count(row.figures.sessions),
                before.map {
                    HumanText.percent(Double(row.figures.sessions) / Double(max(1, $0)))
                } ?? "",
            ])
        }
        return table.lines
    }

    private func name(_ page: String) -> String { page.isEmpty ? "(no name)" : page }
}
