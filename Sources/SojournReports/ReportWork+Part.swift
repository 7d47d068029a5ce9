import SojournArchive
import SojournFigures
import SojournModel

extension ReportWork {
    /// All groups of an answer to which others will add theirs: none is left out, for it may be a large one in all.
    mutating func groups(in range: Range<Int64>) throws -> [ReportGroup] {
        switch question.kind {
        case .summary: return try totalGroup(in: range)
        case .breakdown(let dimension):
            let (groups, numbers, _) = try values(of: dimension, in: range)
            let texts = try recent.texts.texts(numbers)
            return Self.groups(groups) { $0.text = texts[numbers[$1]] ?? "" }
        case .series(let interval):
            let (groups, starts) = try times(of: interval, in: range)
            return Self.groups(groups) { $0.time = starts[$1] }
        case .transitions:
            let total = try totalGroup(in: range)
            let moves = try moves(in: range)
            let texts = try recent.texts.texts(moves.from + moves.to.compactMap { $0 })
            return total
                + moves.counts.enumerated().map { number, move in
                    var row = ReportRow(.part)
                    row.text = texts[moves.from[number]] ?? ""
                    row.nextText = moves.to[number].flatMap { texts[$0] } ?? ""
                    // Which tells it from a move to a page without a name.
                    if moves.to[number] == nil { row.time = 0 }
                    row.figures.views = move.times
                    row.figures.sessions = move.sessions
                    return ReportGroup(row)
                }
        case .paths(let page):
            let total = try totalGroup(in: range)
            let (steps, pages) = try steps(from: page, in: range)
            let texts = try recent.texts.texts(pages)
            return total
                + steps.enumerated().map { number, step in
                    var row = ReportRow(.part)
                    row.text = texts[pages[number]] ?? ""
                    row.parent = step.parent.map { $0 + total.count }
                    row.figures.sessions = step.sessions
                    return ReportGroup(row)
                }
        case .funnel(let steps):
            let total = try totalGroup(in: range)
            let (sessions, times) = try reached(steps, in: range)
            return total
                + steps.indices.map { step in
                    var row = ReportRow(.part)
                    row.time = Int64(step)
                    row.figures.sessions = sessions[step]
                    return ReportGroup(row, times: times[step].sorted())
                }
        }
    }

    private mutating func totalGroup(in range: Range<Int64>) throws -> [ReportGroup] {
        let groups = try total(in: range)
        return [
            ReportGroup(
                ReportRows.total(groups.figures[0]), times: groups.durationsOfGroups[0].sorted())
        ]
    }

    private static func groups(
        _ groups: FigureGroups, _ name: (inout ReportRow, Int) -> Void
    ) -> [ReportGroup] {
        let durations = groups.durationsOfGroups
        return groups.figures.indices.map { number in
            var row = ReportRow(.part)
            row.figures = groups.figures[number]
            name(&row, number)
            return ReportGroup(row, times: durations[number].sorted())
        }
    }
}
