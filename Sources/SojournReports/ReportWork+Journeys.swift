import SojournArchive
import SojournModel

extension ReportWork {
    /// Pages of a path that are looked at.
    private static var pathStepsMax: Int { 8 }

    /// From which page to which one, most frequent first.
    func transitions(in range: Range<Int64>) throws -> [ReportRow] {
        struct Count {
            var moves = 0
            var sessions = 0
            /// The last session that made it.
            var last = -1
        }
        var counts: [Count] = []
        var pairs: [UInt64] = []
        var rowOf: [UInt64: Int] = [:]
        var session = 0
        try forEachPath(in: range) { path in
            let steps = path.count / 2
            for step in 0..<steps {
                let next = step + 1 < steps ? path[2 * step + 2] : .max
                let pair = UInt64(path[2 * step]) << 32 | UInt64(next)
                let row = rowOf[pair] ?? counts.count
                if row == counts.count {
                    rowOf[pair] = row
                    counts.append(Count())
                    pairs.append(pair)
                }
                counts[row].moves += 1
                if counts[row].last != session {
                    counts[row].sessions += 1
                    counts[row].last = session
                }
            }
            session += 1
        }
        var order = counts.indices.sorted { counts[$0].moves > counts[$1].moves }
        let cut = order.count > rowsMax ? counts[order[rowsMax - 1]].moves : 0
        order.removeAll { counts[$0].moves < cut }
        var named: [(row: Int, from: String, to: String)] = []
        for row in order {
            let next = UInt32(truncatingIfNeeded: pairs[row])
            named.append(
                (
                    row, try recent.texts.text(UInt32(truncatingIfNeeded: pairs[row] >> 32)),
                    next == .max ? "" : try recent.texts.text(next)
                ))
        }
        named.sort { left, right in
            let (a, b) = (counts[left.row].moves, counts[right.row].moves)
            if a != b { return a > b }
            if left.from != right.from {
                return left.from.utf8.lexicographicallyPrecedes(right.from.utf8)
            }
            return left.to.utf8.lexicographicallyPrecedes(right.to.utf8)
        }
        var rows: [ReportRow] = []
        for (row, from, to) in named.prefix(rowsMax) {
            var part = ReportRow(.part)
            part.text = from
            part.nextText = to
            part.figures.views = counts[row].moves
            part.figures.sessions = counts[row].sessions
            rows.append(part)
        }
        if counts.count > rows.count {
            var rest = ReportRow(.rest)
            rest.figures.views =
                counts.reduce(0) { $0 + $1.moves } - rows.reduce(0) { $0 + $1.figures.views }
            rows.append(rest)
        }
        return rows
    }

    /// The tree of paths from a landing page, the most walked branch first.
    mutating func paths(from landing: String, in range: Range<Int64>) throws -> [ReportRow] {
        struct Node {
            var page: UInt32
            var parent: Int
            var sessions = 0
            var children: [UInt32: Int] = [:]
        }
        var texts = recent.texts
        let start = landing.isEmpty ? nil : try texts.number(of: landing)
        var nodes = [Node(page: 0, parent: -1)]
        try forEachPath(in: range) { path in
            if path.isEmpty { return }
            if let start, path[0] != start { return }
            nodes[0].sessions += 1
            var node = 0
            for step in 0..<min(path.count / 2, Self.pathStepsMax) {
                let page = path[2 * step]
                let child = nodes[node].children[page] ?? nodes.count
                if child == nodes.count {
                    nodes[node].children[page] = child
                    nodes.append(Node(page: page, parent: node))
                }
                nodes[child].sessions += 1
                node = child
            }
        }
        // As many of the most walked steps as there may be rows; a step is never walked more often than
        // the one before it, and is made later, so those before it are among them.
        let candidates = (1..<nodes.count).sorted {
            (nodes[$0].sessions, $1) > (nodes[$1].sessions, $0)
        }
        let kept = Set(candidates.prefix(rowsMax))
        var rows: [ReportRow] = []
        var rowOf: [Int: Int] = [:]
        func children(_ node: Int) throws -> [Int] {
            try nodes[node].children.values.filter(kept.contains)
                .map { (node: $0, text: try recent.texts.text(nodes[$0].page)) }
                .sorted {
                    let (a, b) = (nodes[$0.node].sessions, nodes[$1.node].sessions)
                    return a != b ? a > b : $0.text.utf8.lexicographicallyPrecedes($1.text.utf8)
                }.map(\.node)
        }
        var waiting = Array(try children(0).reversed())
        while let node = waiting.popLast() {
            var part = ReportRow(.part)
            part.text = try recent.texts.text(nodes[node].page)
            part.parent = rowOf[nodes[node].parent].map { $0 + 1 }
            part.figures.sessions = nodes[node].sessions
            rowOf[node] = rows.count
            rows.append(part)
            waiting += try children(node).reversed()
        }
        if kept.count < nodes.count - 1 {
            var rest = ReportRow(.rest)
            rest.figures.sessions = (1..<nodes.count).lazy
                .filter {
                    !kept.contains($0) && (kept.contains(nodes[$0].parent) || nodes[$0].parent == 0)
                }
                .reduce(0) { $0 + nodes[$1].sessions }
            rows.append(rest)
        }
        return rows
    }

    /// How many sessions reached each step, and how long they took to the next.
    mutating func funnel(_ steps: [FunnelStep], in range: Range<Int64>) throws -> [ReportRow] {
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
        return steps.indices.map { step in
            var row = ReportRow(.part)
            row.text = steps[step].page
            row.figures.sessions = reached[step]
            row.figures.medianMilliseconds = Median.take(&times[step])
            return row
        }
    }
}
