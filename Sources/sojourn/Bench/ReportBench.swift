import ArgumentParser
import Foundation
import SojournArchive
import SojournModel
import SojournReports

/// `sojourn bench reports`: how long questions take over an archive of many sessions, and how fast it
/// was filled.
struct ReportBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reports", abstract: "Time of reports over archived sessions.",
        discussion: """
            Fills a fresh archive with sessions of a shop over 30 days: 5 pages of 400 on average, one \
            visitor for three sessions. Each question is asked several times; the middle one counts.
            """)

    @Option(help: "Archived sessions.") var sessions = 1_000_000
    @Option(help: "How often each question is asked.") var rounds = 5
    @Option(help: "Sessions that are not finished, beside them.") var live = 10_000
    @Option(help: "A folder for the archive; a fresh file in it is used.") var data: String?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard sessions > 0, rounds > 0, live >= 0 else {
            throw ValidationError("--sessions and --rounds must be positive")
        }
    }

    func run() throws {
        let parent = data.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        let folder = parent.appendingPathComponent(
            "sojourn-bench-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let archive = try SQLiteArchive(
            path: folder.appendingPathComponent("archive.db").path,
            deployment: DeploymentID(Bits128(high: 1, low: 1)))

        var figures = Figures()
        var shop = ArchivedShop(sessions: sessions)
        var seconds = 0.0
        while let group = shop.nextGroup() {
            let began = monotonicSeconds()
            try archive.write([group])
            seconds += monotonicSeconds() - began
        }
        let rate = Double(sessions) / seconds
        figures.add(
            "archived_sessions_per_second", rate,
            "\(HumanText.count(Int(rate))), synced in groups of \(ArchivedShop.groupSize)")

        let sources = ReportSources(
            archive: archive, pending: [], live: [shop.live(live)], clock: shop.end)
        let middle = ReportPeriod(start: shop.end - 10 * ArchivedShop.day, end: shop.end)
        let questions: [(String, ReportQuestion)] = [
            ("summary", ReportQuestion(.summary)),
            ("ten_days", ReportQuestion(.summary, period: middle)),
            ("by_channel", ReportQuestion(.breakdown(.channel))),
            ("by_landing_page", ReportQuestion(.breakdown(.landingPage))),
            ("by_day", ReportQuestion(.series(.day))),
            (
                "filtered",
                ReportQuestion(.breakdown(.country), filters: [ReportFilter(.device, "mobile")])
            ),
            (
                "funnel",
                ReportQuestion(.funnel([1, 2, 3].map { FunnelStep(ArchivedShop.page($0)) }))
            ),
            ("transitions", ReportQuestion(.transitions)),
        ]
        for (name, question) in questions {
            var times: [Double] = []
            for _ in 0..<rounds {
                let began = monotonicSeconds()
                let answer = try Report.answer(
                    question, of: ArchivedShop.property, from: sources)
                times.append((monotonicSeconds() - began) * 1_000)
                guard (answer.total?.sessions ?? 0) > 0 else {
                    throw CommandFailure(.software, "the report \(name) found no sessions")
                }
            }
            figures.add("\(name)_ms", median(times), median(times).fixed(0))
        }
        try figures.show(asJSON: json)
    }
}

/// Sessions of a shop, invented: the same at every run.
private struct ArchivedShop {
    static let property = PropertyID(rawValue: 1)
    static let groupSize = 20_000
    static let day: Int64 = 86_400_000
    private static let days: Int64 = 30
    private static let start: Int64 = 1_772_323_200_000

    private let sessions: Int
    private var made = 0
    private var random = SplitMix64(seed: 1)

    var end: Int64 { Self.start + Self.days * Self.day }

    init(sessions: Int) { self.sessions = sessions }

    static func page(_ number: Int) -> String { "/category-\(number % 20)/product-\(number).html" }

    mutating func nextGroup() -> PackedGroup? {
        let count = min(Self.groupSize, sessions - made)
        if count == 0 { return nil }
        var list = PackedSessions()
        for _ in 0..<count {
            made += 1
            list.place = FeedPlace(position: UInt64(made), index: 1)
            let begin = Self.start + Int64(made) * Self.days * Self.day / Int64(sessions)
            append(begin, .finished, to: &list)
        }
        return PackedGroup(list)
    }

    mutating func live(_ count: Int) -> PackedGroup {
        var list = PackedSessions()
        for _ in 0..<count { append(end - 60_000, .live, to: &list) }
        return PackedGroup(list)
    }

    private mutating func append(
        _ begin: Int64, _ kind: PackedHead.Kind, to list: inout PackedSessions
    ) {
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        let visitor = UInt64(below(max(1, sessions / 3)))
        var head = PackedHead(
            kind, property: Self.property,
            visitor: VisitorHash(
                Bits128(high: SplitMix64.mix(visitor), low: SplitMix64.mix(visitor + 1 << 32))),
            id: SessionID(milliseconds: begin, a: 0, b: random.next()))
        let steps = below(10)
        head.firstEvent = begin
        head.lastEvent = begin + Int64(below(600_000))
        head.ordinal = UInt32(1 + below(4))
        head.views = UInt32(steps)
        head.events = UInt32(steps + 3)
        head.actions = 2
        head.conversions = below(30) == 0 ? 1 : 0
        head.value = Int64(head.conversions) * 25_000_000
        head.state = SessionState(
            boundary: .idle, automated: below(50) == 0, engaged: steps > 1)
        head.pathLength = UInt8(steps)
        let pages = (0..<steps).map { _ in Self.page(min(below(400), below(400))) }
        let texts = [
            ["mobile", "desktop", "tablet"][below(3)],
            ["direct", "search", "email", "paid"][below(4)],
            ["DE", "FR", "GB", "US", "JP"][below(5)], "", "", "", "",
            below(5) == 0 ? "spring" : "", pages.first ?? "", pages.last ?? "",
        ]
        // The bytes of strings have no invalid patterns.
        for (row, text) in texts.enumerated() {
            head.texts[row] = unsafe list.number(of: text.utf8Span.span.bytes)
        }
        let path = pages.enumerated().map { row, page in
            PackedStep(
                milliseconds: UInt32(row * 20_000),
                page: unsafe list.number(of: page.utf8Span.span.bytes))
        }
        list.append(&head, steps: path.span)
    }
}
