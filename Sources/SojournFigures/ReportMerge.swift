package import SojournModel

/// Puts an answer together from the parts of several servers: the same as one would give that has the sessions of all
/// (reports.md, "Several servers").
///
/// A visitor is at one server, so all counts are sums, and the times of all are what a median is taken from.
package struct ReportMerge {
    /// The groups of one period.
    private struct Period {
        /// What groups of several servers have in common; texts by their bytes.
        private struct Key: Hashable {
            var text: [UInt8]
            var next: [UInt8]
            /// The group of the step before, plus one.
            var parent: Int
            var time: Int64?
        }

        var total = SessionFigures()
        private var totalTimes: [[Int64]] = []
        private var groupOf: [Key: Int] = [:]
        /// One a group.
        private(set) var rows: [ReportRow] = []
        /// Lists of each group's times, one a server.
        private var times: [[[Int64]]] = []

        /// - Returns: where the group is among those of all servers; nil for the total.
        ///   - groups: where the groups before it are.
        mutating func add(_ group: ReportGroup, behind groups: [Int?]) -> Int? {
            guard group.row.kind != .total else {
                total.add(group.row.figures)
                totalTimes.append(group.times)
                return nil
            }
            let parent = group.row.parent.flatMap { groups[$0] }
            let key = Key(
                text: Array(group.row.text.utf8), next: Array(group.row.nextText.utf8),
                parent: parent.map { $0 + 1 } ?? 0, time: group.row.time)
            guard let number = groupOf[key] else {
                groupOf[key] = rows.count
                rows.append(group.row)
                rows[rows.count - 1].parent = parent
                times.append([group.times])
                return rows.count - 1
            }
            rows[number].figures.add(group.row.figures)
            times[number].append(group.times)
            return number
        }

        /// The group with a value.
        func group(of text: String) -> Int? {
            groupOf[Key(text: Array(text.utf8), next: [], parent: 0, time: nil)]
        }

        var figures: FigureGroups { Self.groups(rows.map(\.figures), times) }

        var totalRow: ReportRow {
            ReportRows.total(Self.groups([total], [totalTimes]).total)
        }

        private static func groups(
            _ figures: [SessionFigures], _ times: [[[Int64]]]
        ) -> FigureGroups {
            var all = GrowableBuffer<Int64>()
            var groups = GrowableBuffer<UInt32>()
            for (group, lists) in times.enumerated() {
                for list in lists {
                    for time in list {
                        all.append(time)
                        groups.append(UInt32(group))
                    }
                }
            }
            return FigureGroups(figures, durations: all, groups: groups)
        }

        /// Of each group.
        var timesOfGroups: [[Int64]] { times.map { $0.flatMap { $0 } } }
    }

    private let question: ReportQuestion
    /// Of all parts but for their groups.
    private var sum: ReportPart?
    private var period = Period()
    private var previous = Period()

    package init(_ question: ReportQuestion) { self.question = question }

    /// Adds the part of another server.
    ///
    /// - Returns: what does not fit what the others say, for people; nil when all is well.
    package mutating func add(_ part: ReportPart) -> String? {
        if let sum, sum.timeZone != part.timeZone || sum.start != part.start || sum.end != part.end
        {
            return "the servers do not have the same time zone for this property (\(sum.timeZone), "
                + "\(part.timeZone)), or not the same rules of it"
        }
        if var sum = sum.take() {
            sum.clock = [sum.clock, part.clock].compactMap { $0 }.max()
            sum.liveSessions += part.liveSessions
            sum.automatedSessions += part.automatedSessions
            sum.rowsDefault = max(sum.rowsDefault, part.rowsDefault)
            self.sum = sum
        } else {
            sum = part
            sum?.groups = []
        }
        var numbers: [Int?] = []
        numbers.reserveCapacity(part.groups.count)
        for group in part.groups {
            let number =
                group.row.isPrevious
                ? previous.add(group, behind: numbers) : period.add(group, behind: numbers)
            numbers.append(number)
        }
        return nil
    }

    /// The answer.
    ///
    /// - Precondition: there was a part.
    package func answer() throws(ReportTooLong) -> ReportAnswer {
        guard let sum else { preconditionFailure("an answer has parts") }
        let calendar = ReportCalendar(sum.days)
        let rowsMax = question.rowsMax ?? sum.rowsDefault
        let start = sum.start ?? .min
        let range = start..<max(start, sum.end ?? .max)
        var rows = try self.rows(period, in: range, calendar, rowsMax)
        if question.comparesWithPrevious, let earlier = calendar.period(comparedWith: range) {
            var before = try self.rows(previous, in: earlier, calendar, rowsMax, as: rows)
            for row in before.indices { before[row].isPrevious = true }
            rows += before
        }
        return ReportAnswer(
            start: sum.start, end: sum.end, clock: sum.clock, timeZone: sum.timeZone,
            liveSessions: sum.liveSessions, automatedSessions: sum.automatedSessions, rows: rows)
    }

    private func rows(
        _ period: Period, in range: Range<Int64>, _ calendar: ReportCalendar, _ rowsMax: Int,
        as other: [ReportRow]? = nil
    ) throws(ReportTooLong) -> [ReportRow] {
        switch question.kind {
        case .summary: return [period.totalRow]
        case .breakdown:
            return ReportRows.breakdown(
                period.figures, rowsMax: rowsMax, as: other, text: { period.rows[$0].text },
                group: period.group(of:))
        case .series(let interval):
            return try ReportRows.series(
                period.figures, period.rows.map { $0.time ?? 0 }, interval, in: range, calendar)
        case .transitions:
            let moves = period.rows.map { row in
                var move = ReportRows.Move()
                move.times = row.figures.views
                move.sessions = row.figures.sessions
                return move
            }
            return [period.totalRow]
                + ReportRows.transitions(
                    moves, rowsMax: rowsMax, from: { period.rows[$0].text },
                    to: { period.rows[$0].time == nil ? period.rows[$0].nextText : nil })
        case .paths:
            let steps = period.rows.map { row in
                var step = ReportRows.PathStep(parent: row.parent)
                step.sessions = row.figures.sessions
                return step
            }
            return [period.totalRow]
                + ReportRows.paths(steps, rowsMax: rowsMax) { period.rows[$0].text }
        case .funnel(let steps):
            // Steps may have the same page: it is their place that tells them apart, kept as their time.
            var times = [[Int64]](repeating: [], count: steps.count)
            var reached = [Int](repeating: 0, count: steps.count)
            for (row, list) in zip(period.rows, period.timesOfGroups) {
                guard let step = row.time.flatMap({ Int(exactly: $0) }),
                    steps.indices.contains(step)
                else { continue }
                reached[step] += row.figures.sessions
                times[step] += list
            }
            return [period.totalRow] + ReportRows.funnel(steps, reached: reached, times: &times)
        }
    }
}
