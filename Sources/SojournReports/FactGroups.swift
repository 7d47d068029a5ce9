import SojournArchive
import SojournFigures
import SojournModel

/// Adds sessions up, group by group, and finds in which group each visitor counts (reports.md, "Figures").
struct FactGroups: ~Copyable {
    private(set) var figures: [SessionFigures] = []
    private var durations = GrowableBuffer<Int64>()
    private var groups = GrowableBuffer<UInt32>()
    private var visitors = VisitorTable()

    /// Groups so far.
    var count: Int { figures.count }

    /// Makes another group.
    mutating func addGroup() -> Int {
        figures.append(SessionFigures())
        return figures.count - 1
    }

    mutating func add(_ fact: SessionFact, to group: Int) {
        figures[group].add(fact)
        durations.append(fact.durationMilliseconds)
        groups.append(UInt32(group))
        visitors.take(fact.visitor, fact.start, fact.ordinal, group: UInt32(group))
    }

    /// What was added up. Each visitor counts in the group of its first session.
    consuming func finish() -> FigureGroups {
        visitors.lookUp()
        for index in 0..<visitors.entries.count {
            let visitor = visitors.entries[index]
            figures[Int(visitor.group)].visitors += 1
            if visitor.ordinal == 1 { figures[Int(visitor.group)].newVisitors += 1 }
        }
        return FigureGroups(figures, durations: durations, groups: groups)
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
}
