import SojournArchive
import SojournFigures
import SojournModel
import SojournReports
import SojournTestKit
import Testing

/// Answers that are put together from the parts of several servers: those of one that has everything.
@Suite struct PartTests {
    private static let berlin = LocalDays(
        firstOffset: hour, transitions: [.init(start: noon - day, offset: 2 * hour)])

    private static func questions() -> [ReportQuestion] {
        let periods = [
            ReportPeriod.all, ReportPeriod(start: noon - day, end: noon + 5 * hour),
            ReportPeriod(start: nil, end: noon), ReportPeriod(start: noon, end: noon),
            ReportPeriod(
                start: noon - noon % day - day, end: noon - noon % day + day, isLocal: true),
        ]
        var kinds: [ReportQuestion.Kind] = [
            .summary, .series(.hour), .series(.day), .transitions, .paths(from: ""),
            .paths(from: "/p1"),
            .funnel([FunnelStep("/p1"), FunnelStep("/p", isPrefix: true), FunnelStep("/p1")]),
        ]
        kinds += ReportDimension.allCases.map { .breakdown($0) }
        var questions: [ReportQuestion] = []
        for kind in kinds {
            for (number, period) in periods.enumerated() {
                var question = ReportQuestion(kind, period: period)
                question.rowsMax = [nil, 2, 5, 40][number % 4]
                question.includesAutomated = number == 0
                if number == 3 { question.filters = [ReportFilter(.device, "0-1")] }
                switch kind {
                case .transitions, .paths, .funnel: break
                default: question.comparesWithPrevious = true
                }
                questions.append(question)
            }
        }
        return questions
    }

    private static func sources(
        _ archive: (any Archive)?, _ pending: [MadeSession], _ live: [MadeSession]
    ) -> ReportSources {
        var sources = ReportSources(
            archive: archive, pending: [group(pending, from: 1_000)],
            live: [SojournReportsTests.live(live)], clock: noon, timeZone: "Europe/Berlin",
            days: berlin)
        sources.rowsDefault = 7
        return sources
    }

    @Test(arguments: [1, 2, 5], [3, 40, 400])
    func `the parts of several servers make the answer of one`(servers: Int, count: Int) throws {
        let sessions = randomSessions(count, seed: UInt64(count))
        let thirds = [0, count / 3, 2 * count / 3, count]
        func share(_ third: Int, of server: Int?) -> [MadeSession] {
            sessions[thirds[third]..<thirds[third + 1]].filter { session in
                server.map { session.visitor % servers == $0 } ?? true
            }
        }
        func sources(of server: Int?) throws -> ReportSources {
            // The last server keeps what it has in memory.
            let archive = server == 4 ? nil : try ArchiveKind.sqlite.make()
            try archive?.write([group(share(0, of: server))])
            let pending = share(1, of: server) + (archive == nil ? share(0, of: server) : [])
            return Self.sources(archive, pending, share(2, of: server))
        }
        let whole = try sources(of: nil)
        let shares = try (0..<servers).map { try sources(of: $0) }
        for question in Self.questions() {
            var merge = ReportMerge(question)
            for share in shares {
                let part = try Report.part(of: question, of: property, from: share)
                #expect(merge.add(part) == nil)
            }
            let expected = try Report.answer(question, of: property, from: whole)
            #expect(try merge.answer() == expected, "\(question)")
        }
    }

    @Test func `parts that do not fit together are told apart`() throws {
        var merge = ReportMerge(ReportQuestion(.summary))
        var part = try Report.part(
            of: ReportQuestion(.summary), of: property, from: Self.sources(nil, [], []))
        #expect(merge.add(part) == nil)
        part.timeZone = "UTC"
        #expect(merge.add(part)?.contains("Europe/Berlin, UTC") == true)
    }

    @Test func `texts that look alike and are other bytes stay apart`() throws {
        // The same letter, as one character and as two.
        let words = ["caf\u{e9}", "cafe\u{301}"]
        var merge = ReportMerge(ReportQuestion(.breakdown(.device)))
        for word in words {
            var session = MadeSession()
            session.context[0] = word
            let part = try Report.part(
                of: ReportQuestion(.breakdown(.device)), of: property,
                from: Self.sources(nil, [session], []))
            #expect(merge.add(part) == nil)
        }
        #expect(try merge.answer().rows.count == 3)
    }
}
