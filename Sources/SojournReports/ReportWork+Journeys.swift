import SojournArchive
import SojournFigures
import SojournModel

extension ReportWork {
    /// Pages of a path that are looked at.
    private static var pathStepsMax: Int { 8 }

    /// From which page to which one.
    struct Moves {
        var counts: [ReportRows.Move] = []
        /// Numbers of the pages of each.
        var from: [UInt32] = []
        /// nil where the path ended.
        var to: [UInt32?] = []
    }

    func moves(in range: Range<Int64>) throws -> Moves {
        var moves = Moves()
        /// The last session that made each.
        var last: [Int] = []
        var rowOf: [UInt64: Int] = [:]
        var session = 0
        try forEachPath(in: range) { path in
            let steps = path.count / 2
            for step in 0..<steps {
                let from = path[2 * step]
                let next = step + 1 < steps ? path[2 * step + 2] : .max
                let pair = UInt64(from) << 32 | UInt64(next)
                let row = rowOf[pair] ?? last.count
                if row == last.count {
                    rowOf[pair] = row
                    moves.counts.append(ReportRows.Move())
                    moves.from.append(from)
                    moves.to.append(next == .max ? nil : next)
                    last.append(-1)
                }
                moves.counts[row].times += 1
                if last[row] != session {
                    moves.counts[row].sessions += 1
                    last[row] = session
                }
            }
            session += 1
        }
        return moves
    }

    /// Most frequent first.
    func transitions(in range: Range<Int64>) throws -> [ReportRow] {
        let moves = try moves(in: range)
        return try ReportRows.transitions(
            moves.counts, rowsMax: rowsMax, from: { try recent.texts.text(moves.from[$0]) },
            to: { try moves.to[$0].map(recent.texts.text) })
    }

    /// The tree of paths from a landing page; from all for an empty one.
    ///
    /// - Returns: also the number of each step's page.
    mutating func steps(
        from landing: String, in range: Range<Int64>
    ) throws -> (steps: [ReportRows.PathStep], pages: [UInt32]) {
        var texts = recent.texts
        let start = landing.isEmpty ? nil : try texts.number(of: landing)
        var steps: [ReportRows.PathStep] = []
        var pages: [UInt32] = []
        var children: [[UInt32: Int]] = []
        var first: [UInt32: Int] = [:]
        try forEachPath(in: range) { path in
            if path.isEmpty { return }
            if let start, path[0] != start { return }
            var parent: Int?
            for place in 0..<min(path.count / 2, Self.pathStepsMax) {
                let page = path[2 * place]
                let known = parent.map { children[$0][page] } ?? first[page]
                let step = known ?? steps.count
                if step == steps.count {
                    if let parent { children[parent][page] = step } else { first[page] = step }
                    steps.append(ReportRows.PathStep(parent: parent))
                    pages.append(page)
                    children.append([:])
                }
                steps[step].sessions += 1
                parent = step
            }
        }
        return (steps, pages)
    }

    /// The most walked branch first.
    mutating func paths(from landing: String, in range: Range<Int64>) throws -> [ReportRow] {
        let (steps, pages) = try steps(from: landing, in: range)
        // Many steps have the same page.
        var known: [UInt32: String] = [:]
        return try ReportRows.paths(steps, rowsMax: rowsMax) { step in
            if let text = known[pages[step]] { return text }
            let text = try recent.texts.text(pages[step])
            known[pages[step]] = text
            return text
        }
    }

    /// In how many sessions each step was, and how long they took to the next.
    func reached(
        _ steps: [FunnelStep], in range: Range<Int64>
    ) throws -> (sessions: [Int], times: [[Int64]]) {
        var texts = recent.texts
        let pages = try steps.map { step in
            step.isPrefix
                ? try texts.numbers(withPrefix: step.page) : [try texts.number(of: step.page)]
        }
        // Most steps are one page, which is compared sooner than looked up in a set.
        let single = pages.map { $0.count == 1 ? $0.first : nil }
        var reached = Array(repeating: 0, count: steps.count)
        var times: [[Int64]] = Array(repeating: [], count: steps.count)
        try forEachPath(in: range) { path in
            var step = 0
            var before: UInt32 = 0
            var at = 0
            while at + 1 < path.count, step < steps.count {
                let page = path[at]
                if let wanted = single[step] {
                    if page != wanted {
                        at += 2
                        continue
                    }
                } else if !pages[step].contains(page) {
                    at += 2
                    continue
                }
                let time = path[at + 1]
                reached[step] += 1
                if step > 0 { times[step - 1].append(Int64(time) - Int64(before)) }
                before = time
                step += 1
                at += 2
            }
        }
        return (reached, times)
    }

    func funnel(_ steps: [FunnelStep], in range: Range<Int64>) throws -> [ReportRow] {
        var (reached, times) = try reached(steps, in: range)
        return ReportRows.funnel(steps, reached: reached, times: &times)
    }
}
