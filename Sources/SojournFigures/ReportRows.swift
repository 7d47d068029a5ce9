package import SojournModel

/// Makes the rows of an answer out of what was added up (reports.md). Texts are asked for where they are needed: who
/// has them in a database need not read all.
package enum ReportRows {
    package static func total(_ figures: SessionFigures) -> ReportRow {
        var row = ReportRow(.total)
        row.figures = figures
        return row
    }

    /// - Parameters:
    ///   - other: rows of the period that this one is compared with: they say which values are parts.
    ///   - text: the value that a group stands for.
    ///   - group: which group stands for a value; nil for none.
    package static func breakdown(
        _ groups: FigureGroups, rowsMax: Int, as other: [ReportRow]? = nil,
        text: (Int) throws -> String, group: (String) throws -> Int?
    ) rethrows -> [ReportRow] {
        let order =
            if let other {
                try other.filter { $0.kind == .part }.compactMap { try group($0.text) }
            } else {
                try largest(groups.figures.map(\.sessions), rowsMax, text)
            }
        var targets = Array(repeating: order.count, count: groups.count)
        for (row, group) in order.enumerated() { targets[group] = row }
        let hasRest = order.count < groups.count
        let figures = groups.rows(targets, count: order.count + (hasRest ? 1 : 0))
        var rows = [total(figures[figures.count - 1])]
        for (row, group) in order.enumerated() {
            var part = ReportRow(.part)
            part.text = try text(group)
            part.figures = figures[row]
            rows.append(part)
        }
        if hasRest {
            var rest = ReportRow(.rest)
            rest.figures = figures[order.count]
            rows.append(rest)
        }
        return rows
    }

    /// The groups with the highest counts, as many as there may be; equal ones by the bytes of their texts.
    private static func largest(
        _ counts: [Int], _ rowsMax: Int, _ text: (Int) throws -> String
    ) rethrows -> [Int] {
        var order = counts.indices.sorted { counts[$0] > counts[$1] }
        // Only what may be among the parts needs its text.
        let cut = order.count > rowsMax ? counts[order[rowsMax - 1]] : 0
        order.removeAll { counts[$0] < cut }
        let texts = try order.map { (group: $0, text: try text($0)) }
        return texts.sorted {
            counts[$0.group] != counts[$1.group]
                ? counts[$0.group] > counts[$1.group] : $0.text.precedes($1.text)
        }.prefix(rowsMax).map(\.group)
    }

    /// - Parameters:
    ///   - times: when the interval of each group begins.
    ///   - range: the period, with open bounds as far as numbers go.
    /// - Throws: `ReportTooLong`.
    package static func series(
        _ groups: FigureGroups, _ times: [Int64], _ interval: ReportInterval,
        in range: Range<Int64>, _ calendar: ReportCalendar
    ) throws(ReportTooLong) -> [ReportRow] {
        let starts = try intervals(interval, in: range, times, calendar)
        var rowOf: [Int64: Int] = [:]
        for (row, start) in starts.enumerated() { rowOf[start] = row }
        let figures = groups.rows(times.map { rowOf[$0] ?? 0 }, count: max(1, starts.count))
        var rows = [total(figures[figures.count - 1])]
        for (row, start) in starts.enumerated() {
            var part = ReportRow(.part)
            part.time = start
            part.figures = figures[row]
            rows.append(part)
        }
        return rows
    }

    /// When each interval of a period begins; an open bound is that of the sessions.
    private static func intervals(
        _ interval: ReportInterval, in range: Range<Int64>, _ starts: [Int64],
        _ calendar: ReportCalendar
    ) throws(ReportTooLong) -> [Int64] {
        let first =
            range.lowerBound > .min
            ? calendar.start(of: interval, holding: range.lowerBound) : starts.min()
        let last =
            range.upperBound < .max
            ? calendar.start(of: interval, holding: range.upperBound - 1) : starts.max()
        guard let first, let last, first <= last else { return [] }
        var all = [first]
        while let end = all.last, end < last {
            guard all.count < Limits.reportRowsMax else {
                throw ReportTooLong(
                    "the period has more than \(Limits.reportRowsMax) intervals; ask for days, or "
                        + "for a shorter one")
            }
            all.append(calendar.start(of: interval, behind: end))
        }
        return all
    }

    // MARK: Journeys

    /// How often a move was made, and in how many sessions.
    package struct Move {
        package var times = 0
        package var sessions = 0

        package init() {}
    }

    /// - Parameters:
    ///   - from: the page of a move.
    ///   - to: the page that came next; nil where the path ended.
    package static func transitions(
        _ moves: [Move], rowsMax: Int, from: (Int) throws -> String, to: (Int) throws -> String?
    ) rethrows -> [ReportRow] {
        var order = moves.indices.sorted { moves[$0].times > moves[$1].times }
        let cut = order.count > rowsMax ? moves[order[rowsMax - 1]].times : 0
        order.removeAll { moves[$0].times < cut }
        var named = try order.map { (move: $0, from: try from($0), to: try to($0)) }
        named.sort { left, right in
            let (a, b) = (moves[left.move].times, moves[right.move].times)
            if a != b { return a > b }
            let (one, other) = ([left.from, left.to ?? ""], [right.from, right.to ?? ""])
            if one.precedes(other) || other.precedes(one) { return one.precedes(other) }
            // A page without a name is not the end.
            return left.to == nil && right.to != nil
        }
        var rows: [ReportRow] = []
        for (move, from, to) in named.prefix(rowsMax) {
            var part = ReportRow(.part)
            part.text = from
            part.nextText = to ?? ""
            part.figures.views = moves[move].times
            part.figures.sessions = moves[move].sessions
            rows.append(part)
        }
        if moves.count > rows.count {
            var rest = ReportRow(.rest)
            rest.figures.views =
                moves.reduce(0) { $0 + $1.times } - rows.reduce(0) { $0 + $1.figures.views }
            rows.append(rest)
        }
        return rows
    }

    /// A page behind those before it.
    package struct PathStep {
        /// The step before, which stands before this one in the list; nil at the first page.
        package var parent: Int?
        package var sessions = 0

        package init(parent: Int?) { self.parent = parent }
    }

    /// The tree of paths, the most walked branch first.
    package static func paths(
        _ steps: [PathStep], rowsMax: Int, text: (Int) throws -> String
    ) rethrows -> [ReportRow] {
        let kept = try mostWalked(steps, rowsMax, text)
        var children: [Int: [(step: Int, text: String)]] = [:]
        for step in steps.indices where kept.contains(step) {
            children[steps[step].parent ?? -1, default: []].append((step, try text(step)))
        }
        func inOrder(below step: Int) -> [(step: Int, text: String)] {
            (children[step] ?? []).sorted {
                let (a, b) = (steps[$0.step].sessions, steps[$1.step].sessions)
                return a != b ? a > b : $0.text.precedes($1.text)
            }
        }
        var rows: [ReportRow] = []
        var rowOf: [Int: Int] = [:]
        var waiting = Array(inOrder(below: -1).reversed())
        while let (step, text) = waiting.popLast() {
            var part = ReportRow(.part)
            part.text = text
            // The total stands before all of them.
            part.parent = steps[step].parent.flatMap { rowOf[$0] }.map { $0 + 1 }
            part.figures.sessions = steps[step].sessions
            rowOf[step] = rows.count
            rows.append(part)
            waiting += inOrder(below: step).reversed()
        }
        if kept.count < steps.count {
            var rest = ReportRow(.rest)
            rest.figures.sessions = steps.indices.lazy
                .filter { step in
                    !kept.contains(step) && (steps[step].parent.map(kept.contains) ?? true)
                }
                .reduce(0) { $0 + steps[$1].sessions }
            rows.append(rest)
        }
        return rows
    }

    /// As many of the most walked steps as there may be rows; of equal ones those with fewer before them, and then
    /// by the bytes of the pages. A step is never walked more often than the one before it, so that is among them.
    private static func mostWalked(
        _ steps: [PathStep], _ rowsMax: Int, _ text: (Int) throws -> String
    ) rethrows -> Set<Int> {
        if steps.count <= rowsMax { return Set(steps.indices) }
        let order = steps.indices.sorted { steps[$0].sessions > steps[$1].sessions }
        let cut = steps[order[rowsMax - 1]].sessions
        var kept = Set(order.prefix { steps[$0].sessions > cut })
        let equal = order.filter { steps[$0].sessions == cut }
        if kept.count + equal.count == rowsMax { return kept.union(equal) }
        var named: [(step: Int, pages: [String])] = []
        for step in equal {
            var pages: [String] = []
            var at: Int? = step
            while let page = at {
                pages.append(try text(page))
                at = steps[page].parent
            }
            named.append((step, pages.reversed()))
        }
        named.sort { left, right in
            if left.pages.count != right.pages.count { return left.pages.count < right.pages.count }
            return left.pages.precedes(right.pages)
        }
        for (step, _) in named.prefix(rowsMax - kept.count) { kept.insert(step) }
        return kept
    }

    /// - Parameters:
    ///   - reached: in how many sessions each step was.
    ///   - times: milliseconds from each step to the next.
    package static func funnel(
        _ steps: [FunnelStep], reached: [Int], times: inout [[Int64]]
    ) -> [ReportRow] {
        steps.indices.map { step in
            var row = ReportRow(.part)
            row.text = steps[step].page
            row.figures.sessions = reached[step]
            row.figures.medianMilliseconds = Median.take(&times[step])
            return row
        }
    }
}

/// An answer that would have more rows, or parts with more bytes, than there may be.
package struct ReportTooLong: Error, Equatable {
    package let message: String

    package init(_ message: String) { self.message = message }
}

extension String {
    /// By bytes, which is the same everywhere.
    fileprivate func precedes(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }
}

extension [String] {
    /// The first difference counts.
    fileprivate func precedes(_ other: [String]) -> Bool {
        lexicographicallyPrecedes(other) { $0.precedes($1) }
    }
}
