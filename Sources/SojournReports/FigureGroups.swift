import SojournArchive
import SojournModel

/// Adds sessions up, group by group (reports.md, "Figures").
final class FigureGroups {
    private(set) var figures: [SessionFigures] = []
    /// Of each session; and its group, once there is more than one.
    private var durations = GrowableBuffer<Int64>()
    private var groups = GrowableBuffer<UInt32>()
    private var visitors = VisitorTable()

    /// Groups so far.
    var count: Int { figures.count }

    /// Makes another group.
    func addGroup() -> Int {
        figures.append(SessionFigures())
        return figures.count - 1
    }

    func add(_ fact: SessionFact, to group: Int) {
        figures[group].add(fact)
        durations.append(fact.durationMilliseconds)
        groups.append(UInt32(group))
        visitors.take(fact.visitor, fact.start, fact.ordinal, group: UInt32(group))
    }

    /// Makes one group of several, and completes the figures.
    ///
    /// - Parameters:
    ///   - targets: for each group, the row that it becomes part of.
    ///   - count: rows.
    /// - Returns: a row each, and last the total of all.
    func rows(_ targets: [Int], count: Int) -> [SessionFigures] {
        var rows = Array(repeating: SessionFigures(), count: count + 1)
        for (group, figures) in figures.enumerated() {
            rows[targets[group]].add(figures)
            rows[count].add(figures)
        }
        visitors.lookUp()
        for index in 0..<visitors.entries.count {
            let visitor = visitors.entries[index]
            let isNew = visitor.ordinal == 1
            rows[targets[Int(visitor.group)]].countVisitor(isNew: isNew)
            rows[count].countVisitor(isNew: isNew)
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
}

/// The element in the middle, the lower one of two.
enum Median {
    /// Sorts no more than it must. 0 for no elements.
    static func take(_ numbers: inout [Int64]) -> Int64 {
        if numbers.isEmpty { return 0 }
        let target = (numbers.count - 1) / 2
        var low = 0
        var high = numbers.count - 1
        while low < high {
            // The middle of three keeps sorted and reversed input cheap.
            let pivot = middle(numbers[low], numbers[(low + high) / 2], numbers[high])
            var (left, right) = (low, high)
            while left <= right {
                while numbers[left] < pivot { left += 1 }
                while numbers[right] > pivot { right -= 1 }
                if left <= right {
                    numbers.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if target <= right {
                high = right
            } else if target >= left {
                low = left
            } else {
                break
            }
        }
        return numbers[target]
    }

    private static func middle(_ a: Int64, _ b: Int64, _ c: Int64) -> Int64 {
        max(min(a, b), min(max(a, b), c))
    }
}

extension SessionFigures {
    fileprivate mutating func add(_ fact: SessionFact) {
        sessions += 1
        views += Int(fact.views)
        actions += Int(fact.actions)
        conversions += Int(fact.conversions)
        if fact.conversions > 0 { convertedSessions += 1 }
        if fact.isEngaged { engagedSessions += 1 }
        value = value.addingAtMost(fact.value)
        durationMilliseconds = durationMilliseconds.addingAtMost(fact.durationMilliseconds)
    }

    fileprivate mutating func add(_ other: SessionFigures) {
        sessions += other.sessions
        views += other.views
        actions += other.actions
        conversions += other.conversions
        convertedSessions += other.convertedSessions
        engagedSessions += other.engagedSessions
        value = value.addingAtMost(other.value)
        durationMilliseconds = durationMilliseconds.addingAtMost(other.durationMilliseconds)
    }

    fileprivate mutating func countVisitor(isNew: Bool) {
        visitors += 1
        if isNew { newVisitors += 1 }
    }
}

extension Int64 {
    /// The sum; at the ends of the number range it stays there.
    fileprivate func addingAtMost(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
