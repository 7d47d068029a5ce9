import ArgumentParser
import SojournClient

/// `sojourn funnel`: how far visitors come on a way of several steps.
struct FunnelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "funnel",
        abstract: "Show how many sessions reach each of several pages, in this order.",
        discussion: """
            A page that ends in * stands for all pages that begin so. Other pages may lie between the \
            steps. Only pages can be steps, not actions or conversions, and of a session its first \
            64 views are known.
            """)

    @Argument(help: "The pages, in order.")
    var steps: [String]

    @OptionGroup var options: ReportOptions

    func validate() throws {
        guard (1...Limits.funnelStepsMax).contains(steps.count) else {
            throw ValidationError("A funnel has 1 to \(Limits.funnelStepsMax) steps.")
        }
    }

    func run() async throws {
        let pages = steps.map { step in
            step.hasSuffix("*")
                ? FunnelStep(String(step.dropLast()), isPrefix: true) : FunnelStep(step)
        }
        let answer = try await options.ask(.funnel(pages))
        if try ReportDocument(answer).print(as: options.output) { return }
        let rows = answer.rows.filter { $0.kind == .part }
        var table = TextTable([
            ("step", false), ("sessions", true), ("", false), ("of the first", true),
            ("dropped off", true), ("median to next", true),
        ])
        let first = max(1, rows.first?.figures.sessions ?? 1)
        for (index, row) in rows.enumerated() {
            let sessions = row.figures.sessions
            let lost = index == 0 ? nil : rows[index - 1].figures.sessions - sessions
            let share = Double(sessions) / Double(first)
            table.add([
                steps[index], HumanText.count(sessions), Drawing.bar(share),
                HumanText.percent(share), lost.map(HumanText.count) ?? "",
                index + 1 == rows.count
                    ? "" : HumanText.duration(milliseconds: row.figures.medianMilliseconds),
            ])
        }
        for line in table.lines { print(line) }
        print("")
        if let total = answer.total {
            print("of \(HumanText.count(total.sessions)) sessions")
        }
        for remark in options.remarks(answer) { print(remark.printable) }
    }
}
