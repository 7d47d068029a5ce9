import SojournArchive
import SojournFigures
import SojournModel

extension ReportWork {
    mutating func total(in range: Range<Int64>) throws -> FigureGroups {
        var groups = FactGroups()
        let group = groups.addGroup()
        try forEachFact(in: range) { groups.add($0, to: group) }
        return groups.finish()
    }

    mutating func summary(in range: Range<Int64>) throws -> [ReportRow] {
        [ReportRows.total(try total(in: range).total)]
    }

    /// - Returns: also the number of each group's text, and the group of each text.
    mutating func values(
        of dimension: ReportDimension, in range: Range<Int64>
    ) throws -> (groups: FigureGroups, texts: [UInt32], groupOf: [UInt32: Int]) {
        var groups = FactGroups()
        var groupOf: [UInt32: Int] = [:]
        var texts: [UInt32] = []
        try forEachFact(in: range) { fact in
            let number = fact.text(dimension)
            if let group = groupOf[number] {
                groups.add(fact, to: group)
            } else {
                let group = groups.addGroup()
                groupOf[number] = group
                texts.append(number)
                groups.add(fact, to: group)
            }
        }
        return (groups.finish(), texts, groupOf)
    }

    /// - Parameter other: rows of the period that this one is compared with: they say which values are
    ///   parts.
    mutating func breakdown(
        _ dimension: ReportDimension, in range: Range<Int64>, as other: [ReportRow]? = nil
    ) throws -> [ReportRow] {
        let (groups, numbers, groupOf) = try values(of: dimension, in: range)
        var texts = recent.texts
        return try ReportRows.breakdown(
            groups, rowsMax: rowsMax, as: other, text: { try recent.texts.text(numbers[$0]) },
            group: { groupOf[try texts.number(of: $0)] })
    }

    /// - Returns: also when the interval of each group begins.
    mutating func times(
        of interval: ReportInterval, in range: Range<Int64>
    ) throws -> (groups: FigureGroups, starts: [Int64]) {
        let calendar = sources.calendar
        var groups = FactGroups()
        var groupOf: [Int64: Int] = [:]
        var starts: [Int64] = []
        // Sessions come nearly in order of time, so the interval is mostly the last one's.
        var current = (start: Int64.max, end: Int64.min, group: 0)
        try forEachFact(in: range) { fact in
            if fact.start < current.start || fact.start >= current.end {
                let start = calendar.start(of: interval, holding: fact.start)
                let group = groupOf[start] ?? groups.addGroup()
                if group == starts.count { starts.append(start) }
                groupOf[start] = group
                current = (start, calendar.start(of: interval, behind: start), group)
            }
            groups.add(fact, to: current.group)
        }
        return (groups.finish(), starts)
    }

    mutating func series(
        _ interval: ReportInterval, in range: Range<Int64>
    ) throws -> [ReportRow] {
        let (groups, starts) = try times(of: interval, in: range)
        do throws(ReportTooLong) {
            return try ReportRows.series(groups, starts, interval, in: range, sources.calendar)
        } catch { throw ArchiveError(.tooLong, error.message) }
    }
}
