import SojournClient

/// An answer as JSON: counts, and no rate that could not be computed from them.
struct ReportDocument: Encodable {
    var startMs: Int64?
    var endMs: Int64?
    var clockMs: Int64?
    var timeZone: String
    var liveSessions: Int
    var automatedSessionsLeftOut: Int
    var rows: [Row]

    struct Row: Encodable {
        var kind: String
        var previousPeriod: Bool?
        var text: String?
        var nextText: String?
        var parent: Int?
        var timeMs: Int64?
        var sessions: Int
        var visitors: Int
        var newVisitors: Int
        var returningVisitors: Int
        var views: Int
        var actions: Int
        var conversions: Int
        var convertedSessions: Int
        var engagedSessions: Int
        var bouncedSessions: Int
        var valueMicroUnits: Int64
        var durationMs: Int64
        var medianMs: Int64

        init(_ row: ReportRow, hasNext: Bool) {
            let figures = row.figures
            kind = "\(row.kind)"
            previousPeriod = row.isPrevious ? true : nil
            text = row.kind == .part ? row.text : nil
            nextText = row.kind == .part && hasNext ? row.nextText : nil
            parent = row.parent
            timeMs = row.time
            sessions = figures.sessions
            visitors = figures.visitors
            newVisitors = figures.newVisitors
            returningVisitors = figures.returningVisitors
            views = figures.views
            actions = figures.actions
            conversions = figures.conversions
            convertedSessions = figures.convertedSessions
            engagedSessions = figures.engagedSessions
            bouncedSessions = figures.bouncedSessions
            valueMicroUnits = figures.value
            durationMs = figures.durationMilliseconds
            medianMs = figures.medianMilliseconds
        }

        /// The fields of a line of CSV.
        static let titles = [
            "kind", "period", "text", "next", "parent", "time_ms", "sessions", "visitors",
            "new_visitors", "views", "actions", "conversions", "converted_sessions",
            "engaged_sessions", "value_micro_units", "duration_ms", "median_ms",
        ]

        var cells: [String] {
            [
                kind, previousPeriod == true ? "previous" : "this", text ?? "", nextText ?? "",
                parent.map(String.init) ?? "", timeMs.map(String.init) ?? "", "\(sessions)",
                "\(visitors)", "\(newVisitors)", "\(views)", "\(actions)", "\(conversions)",
                "\(convertedSessions)", "\(engagedSessions)", "\(valueMicroUnits)", "\(durationMs)",
                "\(medianMs)",
            ]
        }
    }

    init(_ answer: ReportAnswer, hasNext: Bool = false) {
        startMs = answer.start
        endMs = answer.end
        clockMs = answer.clock
        timeZone = answer.timeZone
        liveSessions = answer.liveSessions
        automatedSessionsLeftOut = answer.automatedSessions
        rows = answer.rows.map { Row($0, hasNext: hasNext) }
    }

    /// Prints it for machines; false for people, who want something else.
    func print(as format: ReportFormat) throws -> Bool {
        switch format {
        case .text: return false
        case .json: Swift.print(try JSONOutput.text(self))
        case .csv:
            Swift.print(Row.titles.joined(separator: ","))
            for row in rows {
                Swift.print(row.cells.map(CSVField.quoted).joined(separator: ","))
            }
        }
        return true
    }
}

/// A cell of CSV (RFC 4180).
enum CSVField {
    static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
