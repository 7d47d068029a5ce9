import SojournModel

/// What `sojourn assign` says at the end.
struct AssignSummary: Encodable {
    var events: Int
    var visitors: Int
    var sessions: Int
    /// Views by sessions.
    var pagesPerSession: Double
    var medianDurationMs: Int64
    var meanDurationMs: Int64
    var seconds: Double
    var eventsPerSecond: Int
    /// Sessions that were found to be part of another after events had been assigned to them.
    var revisions: Int
    /// By outcome, those that occurred.
    var outcomes: [String: Int]
    var badLines: Int

    /// As a person reads it.
    var lines: [String] {
        var rows = [
            ("events", HumanText.count(events)), ("visitors", HumanText.count(visitors)),
            ("sessions", HumanText.count(sessions)),
            ("pages per session", HumanText.decimal(pagesPerSession)),
            ("median duration", HumanText.duration(milliseconds: medianDurationMs)),
            ("mean duration", HumanText.duration(milliseconds: meanDurationMs)),
            ("events per second", HumanText.count(eventsPerSecond)),
        ]
        if revisions > 0 { rows.append(("revisions", HumanText.count(revisions))) }
        for outcome in Outcome.allCases where !outcome.isAccepted {
            if let count = outcomes[outcome.name] {
                rows.append((outcome.name, HumanText.count(count)))
            }
        }
        if badLines > 0 { rows.append(("bad lines", HumanText.count(badLines))) }
        return HumanText.table(rows, alignsRight: true)
    }
}
