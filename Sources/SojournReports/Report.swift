package import SojournArchive
import SojournFigures
package import SojournModel

/// Answers questions over the sessions of a property (reports.md).
package enum Report {
    /// - Throws: `ArchiveError`.
    package static func answer(
        _ question: ReportQuestion, of property: PropertyID, from sources: ReportSources
    ) throws(ArchiveError) -> ReportAnswer {
        try read(sources) { view in try answer(question, property, sources, view) }
    }

    /// What there is here for an answer to which others add what they have (reports.md, "Several servers").
    ///
    /// - Throws: `ArchiveError`.
    package static func part(
        of question: ReportQuestion, of property: PropertyID, from sources: ReportSources
    ) throws(ArchiveError) -> ReportPart {
        try read(sources) { view in
            var work = try ReportWork(question, property, sources, view)
            var groups = try work.groups(in: work.range)
            let (live, automated) = (work.liveSessions, work.automatedSessions)
            if question.comparesWithPrevious, let previous = work.previous {
                var before = try work.groups(in: previous)
                for number in before.indices { before[number].row.isPrevious = true }
                groups += before
            }
            return ReportPart(
                start: work.start, end: work.end, clock: sources.clock,
                timeZone: sources.timeZone, days: sources.days, liveSessions: live,
                automatedSessions: automated, rowsDefault: sources.rowsDefault, groups: groups)
        }
    }

    private static func read<Result>(
        _ sources: ReportSources, _ body: ((any ArchiveView)?) throws -> Result
    ) throws(ArchiveError) -> Result {
        do {
            guard let archive = sources.archive else { return try body(nil) }
            return try archive.read(body)
        } catch let error as ArchiveError {
            throw error
        } catch { throw ArchiveError(.passing, "\(error)") }
    }

    private static func answer(
        _ question: ReportQuestion, _ property: PropertyID, _ sources: ReportSources,
        _ view: (any ArchiveView)?
    ) throws -> ReportAnswer {
        var work = try ReportWork(question, property, sources, view)
        let range = work.range
        var rows: [ReportRow]
        switch question.kind {
        case .summary: rows = try work.summary(in: range)
        case .breakdown(let dimension): rows = try work.breakdown(dimension, in: range)
        case .series(let interval): rows = try work.series(interval, in: range)
        case .transitions: rows = try work.summary(in: range) + work.transitions(in: range)
        case .paths(let page):
            rows = try work.summary(in: range) + work.paths(from: page, in: range)
        case .funnel(let steps): rows = try work.summary(in: range) + work.funnel(steps, in: range)
        }
        let (live, automated) = (work.liveSessions, work.automatedSessions)
        if question.comparesWithPrevious, let previous = work.previous {
            var before =
                switch question.kind {
                case .breakdown(let dimension):
                    try work.breakdown(dimension, in: previous, as: rows)
                case .series(let interval): try work.series(interval, in: previous)
                default: try work.summary(in: previous)
                }
            for row in before.indices { before[row].isPrevious = true }
            rows += before
        }
        return ReportAnswer(
            start: work.start, end: work.end, clock: sources.clock,
            timeZone: sources.timeZone, liveSessions: live, automatedSessions: automated,
            rows: rows)
    }
}

/// A question while it is answered.
struct ReportWork {
    let question: ReportQuestion
    let property: PropertyID
    let sources: ReportSources
    let view: (any ArchiveView)?
    var recent: RecentSessions
    /// The filters, with numbers for their texts.
    let conditions: [TextCondition]
    /// The period, with open bounds as far as numbers go.
    let range: Range<Int64>
    /// Of the last set of sessions that was looked at.
    private(set) var liveSessions = 0
    private(set) var automatedSessions = 0

    init(
        _ question: ReportQuestion, _ property: PropertyID, _ sources: ReportSources,
        _ view: (any ArchiveView)?
    ) throws {
        self.question = question
        self.property = property
        self.sources = sources
        self.view = view
        recent = try RecentSessions(sources, of: property, view)
        var texts = recent.texts
        conditions = try question.filters.map {
            TextCondition(
                $0.dimension, try texts.number(of: $0.value), isNegated: $0.isNegated)
        }
        let period = question.period
        let resolve = { (bound: Int64) in
            period.isLocal ? sources.calendar.time(ofLocal: bound) : bound
        }
        let start = period.start.map(resolve) ?? .min
        range = start..<max(start, period.end.map(resolve) ?? .max)
    }

    /// The period before; nil where a bound is open.
    var previous: Range<Int64>? { sources.calendar.period(comparedWith: range) }

    /// The bounds of the period; nil where the question left them open.
    var start: Int64? { range.lowerBound == .min ? nil : range.lowerBound }
    var end: Int64? { range.upperBound == .max ? nil : range.upperBound }

    var rowsMax: Int { question.rowsMax ?? sources.rowsDefault }

    /// Goes through the sessions that count.
    mutating func forEachFact(
        in range: Range<Int64>, _ body: (SessionFact) throws -> Void
    ) throws {
        var automated = 0
        let forgotten = Set(recent.forgottenVisitors)
        let conditions = conditions
        let includesAutomated = question.includesAutomated
        func take(_ fact: SessionFact) throws -> Bool {
            guard range.contains(fact.start) else { return false }
            for condition in conditions where !condition.holds(fact) { return false }
            if fact.isAutomated, !includesAutomated {
                automated += 1
                return false
            }
            try body(fact)
            return true
        }
        try view?.forEachBlock(of: property, in: range) { block in
            if sources.isTooLate() { throw ArchiveError.tooLong }
            for offset in stride(from: 0, to: block.byteCount, by: SessionFact.byteCount) {
                let fact = SessionFact.read(block, at: offset)
                if !forgotten.isEmpty, forgotten.contains(fact.visitor) { continue }
                _ = try take(fact)
            }
        }
        var live = 0
        let firstLive = recent.sessions.count - recent.liveCount
        for (row, session) in recent.sessions.enumerated() {
            if try take(session.fact), row >= firstLive { live += 1 }
        }
        liveSessions = live
        automatedSessions = automated
    }

    /// Goes through the paths of the sessions that count: page and milliseconds in turn.
    func forEachPath(in range: Range<Int64>, _ body: (Span<UInt32>) throws -> Void) throws {
        var seen = 0
        try view?.forEachPath(
            of: property, in: range, conditions, includesAutomated: question.includesAutomated
        ) { path in
            seen += 1
            if seen % 1_024 == 0, sources.isTooLate() { throw ArchiveError.tooLong }
            try body(path)
        }
        for session in recent.sessions {
            guard range.contains(session.fact.start),
                conditions.allSatisfy({ $0.holds(session.fact) }),
                question.includesAutomated || !session.fact.isAutomated
            else { continue }
            try body(session.steps.span)
        }
    }
}

extension ArchiveError {
    static let tooLong = ArchiveError(
        .tooLong,
        "answering took longer than this server allows; ask for a shorter period, or with fewer "
            + "parts")
}
