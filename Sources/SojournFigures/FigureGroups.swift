package import SojournModel

/// Sums of sessions, group by group, and how long each session took (reports.md, "Figures").
package final class FigureGroups {
    /// Of each group.
    package let figures: [SessionFigures]
    /// Of each session, in any order; and its group.
    private let durations: GrowableBuffer<Int64>
    private let groups: GrowableBuffer<UInt32>

    /// - Parameters:
    ///   - figures: of each group, complete but for the medians.
    ///   - durations: of each session, in milliseconds.
    ///   - groups: of each session, the number of its group.
    package init(
        _ figures: [SessionFigures], durations: consuming GrowableBuffer<Int64>,
        groups: consuming GrowableBuffer<UInt32>
    ) {
        precondition(durations.count == groups.count)
        self.figures = figures
        self.durations = durations
        self.groups = groups
    }

    package var count: Int { figures.count }

    /// Makes one group of several, and completes the figures.
    ///
    /// - Parameters:
    ///   - targets: for each group, the row that it becomes part of.
    ///   - count: rows.
    /// - Returns: a row each, and last the total of all.
    package func rows(_ targets: [Int], count: Int) -> [SessionFigures] {
        var rows = Array(repeating: SessionFigures(), count: count + 1)
        for (group, figures) in figures.enumerated() {
            rows[targets[group]].add(figures)
            rows[count].add(figures)
        }
        var of: [[Int64]] = Array(repeating: [], count: count)
        if count > 1 {
            for row in 0..<count { of[row].reserveCapacity(rows[row].sessions) }
            for index in 0..<durations.count {
                of[targets[Int(groups[index])]].append(durations[index])
            }
        }
        var all: [Int64] = []
        all.reserveCapacity(durations.count)
        for index in 0..<durations.count { all.append(durations[index]) }
        rows[count].medianMilliseconds = Median.take(&all)
        if count == 1 { rows[0].medianMilliseconds = rows[1].medianMilliseconds }
        if count > 1 {
            for row in 0..<count { rows[row].medianMilliseconds = Median.take(&of[row]) }
        }
        return rows
    }

    /// All as one row.
    package var total: SessionFigures {
        rows(Array(repeating: 0, count: count), count: 1)[1]
    }

    /// The durations of each group's sessions.
    package var durationsOfGroups: [[Int64]] {
        var of: [[Int64]] = figures.map { figures in
            var durations: [Int64] = []
            durations.reserveCapacity(figures.sessions)
            return durations
        }
        for index in 0..<durations.count { of[Int(groups[index])].append(durations[index]) }
        return of
    }
}

extension SessionFigures {
    /// Adds those of other sessions, of other visitors; medians cannot be added.
    package mutating func add(_ other: SessionFigures) {
        sessions += other.sessions
        visitors += other.visitors
        newVisitors += other.newVisitors
        views += other.views
        actions += other.actions
        conversions += other.conversions
        convertedSessions += other.convertedSessions
        engagedSessions += other.engagedSessions
        value = value.addingAtMost(other.value)
        durationMilliseconds = durationMilliseconds.addingAtMost(other.durationMilliseconds)
    }
}

extension Int64 {
    /// The sum; at the ends of the number range it stays there.
    package func addingAtMost(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
