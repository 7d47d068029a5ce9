import SojournArchive
import SojournModel

extension ReportWork {
    mutating func summary(in range: Range<Int64>) throws -> [ReportRow] {
        let groups = FigureGroups()
        let group = groups.addGroup()
        try forEachFact(in: range) { groups.add($0, to: group) }
        return [.total(groups.rows([0], count: 1)[0])]
    }

    /// - Parameter other: rows of the period that this one is compared with: they say which values are
    ///   parts.
    mutating func breakdown(
        _ dimension: ReportDimension, in range: Range<Int64>, as other: [ReportRow]? = nil
    ) throws -> [ReportRow] {
        let groups = FigureGroups()
        var groupOf: [UInt32: Int] = [:]
        var numbers: [UInt32] = []
        try forEachFact(in: range) { fact in
            let number = fact.text(dimension)
            if let group = groupOf[number] {
                groups.add(fact, to: group)
            } else {
                let group = groups.addGroup()
                groupOf[number] = group
                numbers.append(number)
                groups.add(fact, to: group)
            }
        }
        let order: [Int]
        if let other {
            var texts = recent.texts
            order = try other.filter { $0.kind == .part }.compactMap { row in
                groupOf[try texts.number(of: row.text)]
            }
        } else {
            order = try largest(groups.figures.map(\.sessions), numbers)
        }
        var targets = Array(repeating: order.count, count: numbers.count)
        for (row, group) in order.enumerated() { targets[group] = row }
        let hasRest = order.count < numbers.count
        let figures = groups.rows(targets, count: order.count + (hasRest ? 1 : 0))
        var rows: [ReportRow] = [.total(figures[figures.count - 1])]
        for (row, group) in order.enumerated() {
            var part = ReportRow(.part)
            part.text = try recent.texts.text(numbers[group])
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
    func largest(_ counts: [Int], _ numbers: [UInt32]) throws -> [Int] {
        var order = counts.indices.sorted { counts[$0] > counts[$1] }
        // Only what may be among the parts needs its text.
        let cut = order.count > rowsMax ? counts[order[rowsMax - 1]] : 0
        order.removeAll { counts[$0] < cut }
        let texts = try order.map { (group: $0, text: try recent.texts.text(numbers[$0])) }
        return texts.sorted {
            counts[$0.group] != counts[$1.group]
                ? counts[$0.group] > counts[$1.group]
                : $0.text.utf8.lexicographicallyPrecedes($1.text.utf8)
        }.prefix(rowsMax).map(\.group)
    }

    mutating func series(
        _ interval: ReportInterval, in range: Range<Int64>
    ) throws -> [ReportRow] {
        let calendar = sources.calendar
        let groups = FigureGroups()
        var groupOf: [Int64: Int] = [:]
        // Sessions come nearly in order of time, so the interval is mostly the last one's.
        var current = (start: Int64.max, end: Int64.min, group: 0)
        try forEachFact(in: range) { fact in
            if fact.start < current.start || fact.start >= current.end {
                let start = calendar.start(of: interval, holding: fact.start)
                let group = groupOf[start] ?? groups.addGroup()
                groupOf[start] = group
                current = (start, calendar.start(of: interval, behind: start), group)
            }
            groups.add(fact, to: current.group)
        }
        let starts = try intervals(interval, in: range, groupOf.keys)
        var targets = Array(repeating: 0, count: groups.count)
        for (row, start) in starts.enumerated() {
            if let group = groupOf[start] { targets[group] = row }
        }
        let figures = groups.rows(targets, count: max(1, starts.count))
        var rows: [ReportRow] = [.total(figures[figures.count - 1])]
        for (row, start) in starts.enumerated() {
            var part = ReportRow(.part)
            part.time = start
            part.figures = figures[row]
            rows.append(part)
        }
        return rows
    }

    /// When each interval of a period begins; an open bound is that of the sessions.
    private func intervals(
        _ interval: ReportInterval, in range: Range<Int64>, _ starts: some Collection<Int64>
    ) throws -> [Int64] {
        let calendar = sources.calendar
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
                throw ArchiveError(
                    .tooLong,
                    "the period has more than \(Limits.reportRowsMax) intervals; ask for days, or "
                        + "for a shorter one")
            }
            all.append(calendar.start(of: interval, behind: end))
        }
        return all
    }
}

extension ReportRow {
    static func total(_ figures: SessionFigures) -> ReportRow {
        var row = ReportRow(.total)
        row.figures = figures
        return row
    }
}
