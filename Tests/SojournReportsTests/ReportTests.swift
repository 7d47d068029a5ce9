import SojournArchive
import SojournModel
import SojournReports
import SojournTestKit
import Testing

/// Figures, compared with the formulas of reports.md written once more over plain arrays.
@Suite struct ReportTests {
    /// The formulas, without regard to speed.
    private func figures(_ sessions: [MadeSession]) -> SessionFigures {
        var figures = SessionFigures()
        var first: [Int: MadeSession] = [:]
        for session in sessions {
            figures.sessions += 1
            figures.views += session.path.count
            figures.actions += Int(session.actions)
            figures.conversions += Int(session.conversions)
            figures.convertedSessions += session.conversions > 0 ? 1 : 0
            figures.engagedSessions += session.isEngaged ? 1 : 0
            figures.value += session.value
            figures.durationMilliseconds += session.duration
            if let known = first[session.visitor],
                (known.start, known.ordinal) < (session.start, session.ordinal)
            {
                continue
            }
            first[session.visitor] = session
        }
        figures.visitors = first.count
        figures.newVisitors = first.values.count { $0.ordinal == 1 }
        let durations = sessions.map(\.duration).sorted()
        figures.medianMilliseconds =
            durations.isEmpty ? 0 : durations[(durations.count - 1) / 2]
        return figures
    }

    /// The visitors of each part: those whose first session of all is in it.
    private func part(
        _ sessions: [MadeSession], of all: [MadeSession]
    ) -> SessionFigures {
        var result = figures(sessions)
        var first: [Int: MadeSession] = [:]
        for session in all {
            if let known = first[session.visitor],
                (known.start, known.ordinal) < (session.start, session.ordinal)
            {
                continue
            }
            first[session.visitor] = session
        }
        let firsts = Set(first.values.map { "\($0.visitor) \($0.ordinal)" })
        let here = sessions.filter { firsts.contains("\($0.visitor) \($0.ordinal)") }
        result.visitors = here.count
        result.newVisitors = here.count { $0.ordinal == 1 }
        return result
    }

    /// Half of the sessions archived, some on their way, some live.
    private func answers(
        _ question: ReportQuestion, _ sessions: [MadeSession]
    ) throws -> ReportAnswer {
        let (half, most) = (sessions.count / 2, sessions.count * 9 / 10)
        // A group that is archived in part already, as when the writer was just done with it.
        let pending = group(Array(sessions[(half / 2)..<most]), from: UInt64(half / 2) + 1)
        return try answerOfAll(
            question, archived: [group(Array(sessions[..<half]))], pending: [pending],
            live: Array(sessions[most...]))
    }

    @Test(arguments: 1...20) func `figures are those of the formulas`(seed: UInt64) throws {
        let all = randomSessions(200, seed: seed)
        let people = all.filter { !$0.isAutomated }
        var question = ReportQuestion(.summary)
        var found = try answers(question, all)
        #expect(found.total == figures(people))
        #expect(found.automatedSessions == all.count - people.count)
        #expect(found.liveSessions == all[(all.count * 9 / 10)...].count { !$0.isAutomated })

        question.includesAutomated = true
        found = try answers(question, all)
        #expect(found.total == figures(all))
        #expect(found.automatedSessions == 0)

        question.period = ReportPeriod(start: noon - day, end: noon + 7 * hour)
        let within = all.filter { (noon - day..<noon + 7 * hour).contains($0.start) }
        #expect(try answers(question, all).total == figures(within))
        question.filters = [
            ReportFilter(.device, "0-1"), ReportFilter(.country, "", isNegated: true),
            ReportFilter(.exitPage, "nobody was here", isNegated: true),
        ]
        let filtered = within.filter { $0.context[0] == "0-1" && $0.context[2] != "" }
        #expect(try answers(question, all).total == figures(filtered))
    }

    @Test(arguments: ReportDimension.allCases, 1...3 as ClosedRange<UInt64>)
    func `parts and rest sum to the total`(dimension: ReportDimension, seed: UInt64) throws {
        let all = randomSessions(150, seed: seed).map {
            var session = $0
            session.isAutomated = false
            return session
        }
        let groups = Dictionary(grouping: all) { $0.text(dimension) }
        let order = groups.keys.sorted {
            groups[$0]!.count != groups[$1]!.count
                ? groups[$0]!.count > groups[$1]!.count
                : $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        for top in [2, 100] {
            var question = ReportQuestion(.breakdown(dimension))
            question.rowsMax = top
            let rows = try answers(question, all).rows
            #expect(rows.filter { $0.kind == .part }.map(\.text) == Array(order.prefix(top)))
            #expect(rows.contains { $0.kind == .rest } == (order.count > top))
            for row in rows where row.kind == .part {
                #expect(row.figures == part(groups[row.text]!, of: all), "\(row.text)")
            }
            let rest = order.dropFirst(top).flatMap { groups[$0]! }
            if let row = rows.first(where: { $0.kind == .rest }) {
                #expect(row.figures == part(rest, of: all))
            }
            let total = rows[0].figures
            for figure in [
                \SessionFigures.sessions, \.visitors, \.newVisitors, \.views, \.actions,
                \.conversions, \.convertedSessions, \.engagedSessions,
            ] {
                let sum = rows.dropFirst().reduce(0) { $0 + $1.figures[keyPath: figure] }
                #expect(sum == total[keyPath: figure])
            }
        }
    }

    @Test func `days follow the calendar of the property, also where clocks change`() throws {
        // New York, 2023-11-05: a day of 25 hours.
        let change: Int64 = 1_699_164_000_000
        let days = LocalDays(
            firstOffset: -4 * hour, transitions: [.init(start: change, offset: -5 * hour)])
        let midnight: Int64 = 1_699_156_800_000
        let sessions = [midnight - 1, midnight, midnight + 24 * hour, midnight + 25 * hour]
            .enumerated()
            .map { row, start in MadeSession(visitor: row, start: start) }
        let found = try answerOfAll(
            ReportQuestion(
                .series(.day),
                period: ReportPeriod(
                    start: midnight - 4 * hour - day, end: midnight - 4 * hour + 3 * day,
                    isLocal: true)), archived: [group(sessions)], days: days)
        #expect(found.start == midnight - day)
        #expect(found.end == midnight + 3 * day + hour)
        let parts = found.rows.filter { $0.kind == .part }
        #expect(
            parts.map(\.time) == [
                midnight - day, midnight, midnight + 25 * hour, midnight + day + 25 * hour,
            ])
        #expect(parts.map(\.figures.sessions) == [1, 2, 1, 0])

        let hours = try answerOfAll(
            ReportQuestion(
                .series(.hour),
                period: ReportPeriod(start: midnight, end: midnight + 25 * hour)),
            archived: [group(sessions)], days: days)
        #expect(hours.rows.count { $0.kind == .part } == 25)
    }

    @Test func `the period before has as many days`() throws {
        let morning = noon - 12 * hour
        let archived = [
            group([
                MadeSession(visitor: 1, start: morning - 1),
                MadeSession(visitor: 2, start: morning),
                MadeSession(visitor: 3, start: morning + day - 1),
            ])
        ]
        var question = ReportQuestion(
            .summary, period: ReportPeriod(start: morning, end: morning + day))
        question.comparesWithPrevious = true
        let rows = try answerOfAll(question, archived: archived).rows
        #expect(rows.map(\.isPrevious) == [false, true])
        #expect(rows.map(\.figures.sessions) == [2, 1])
        question.period = .all
        #expect(try answerOfAll(question, archived: archived).rows.map(\.figures.sessions) == [3])
    }

    @Test(arguments: ArchiveKind.allCases) func `nobody asks too long`(kind: ArchiveKind) throws {
        let archive = try kind.make()
        try archive.write([group(randomSessions(10, seed: 1))])
        var sources = ReportSources(
            archive: archive, pending: [], live: [live([])], clock: noon)
        sources.isTooLate = { true }
        #expect {
            try Report.answer(ReportQuestion(.summary), of: property, from: sources)
        } throws: {
            ($0 as? ArchiveError)?.code == .tooLong
        }
    }
}
