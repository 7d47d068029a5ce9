import SojournArchive
import SojournModel
import SojournPostgres
import SojournReports
import SojournTestKit
import Testing

let property = PropertyID(7)
let minute: Int64 = 60_000
let hour: Int64 = 3_600_000
let day: Int64 = 86_400_000
let noon: Int64 = 1_700_049_600_000  // 2023-11-15 12:00 UTC

/// A session as a test makes one up.
struct MadeSession: Sendable {
    var visitor = 1
    var ordinal: UInt32 = 1
    var start = noon
    var duration: Int64 = 0
    var actions: UInt32 = 0
    var conversions: UInt32 = 0
    var value: Int64 = 0
    var isAutomated = false
    /// By `ContextAttribute`.
    var context = Array(repeating: "", count: 8)
    /// Pages and milliseconds after the start.
    var path: [(page: String, after: UInt32)] = []

    var landingPage: String { path.first?.page ?? "" }
    var exitPage: String { path.last?.page ?? "" }
    var isEngaged: Bool { duration >= 10_000 || conversions > 0 || path.count >= 2 }

    func text(_ dimension: ReportDimension) -> String {
        switch dimension {
        case .landingPage: landingPage
        case .exitPage: exitPage
        default: context[Int(dimension.rawValue) - 1]
        }
    }

    var hash: VisitorHash {
        VisitorHash(Bits128(high: SplitMix64.mix(UInt64(visitor)), low: UInt64(visitor)))
    }

    /// Appends it as the engine would.
    func append(to list: inout PackedSessions, as kind: PackedHead.Kind = .finished) {
        let id = SessionID(
            milliseconds: start, a: UInt64(ordinal), b: SplitMix64.mix(UInt64(visitor)))
        var head = PackedHead(kind, property: property, visitor: hash, id: id)
        head.state = SessionState(
            boundary: .first, automated: isAutomated, engaged: isEngaged)
        head.firstEvent = start
        head.lastEvent = start + duration
        head.ordinal = ordinal
        head.events = UInt32(path.count) + actions + conversions
        head.views = UInt32(path.count)
        head.actions = actions
        head.conversions = conversions
        head.value = value
        head.pathLength = UInt8(path.count)
        func number(_ text: String) -> UInt32 {
            let array = Array(text.utf8)
            // Bytes have no invalid patterns.
            return list.number(of: unsafe array.span.bytes)
        }
        for (row, text) in (context + [landingPage, exitPage]).enumerated() {
            head.texts[row] = number(text)
        }
        let steps = path.map { PackedStep(milliseconds: $0.after, page: number($0.page)) }
        list.append(&head, steps: steps.span)
    }
}

/// A group with one place each from `first` on.
func group(_ sessions: [MadeSession], from first: UInt64 = 1) -> PackedGroup {
    var list = PackedSessions()
    for (row, session) in sessions.enumerated() {
        list.place = FeedPlace(position: first + UInt64(row), index: 1)
        session.append(to: &list)
    }
    return PackedGroup(list)
}

func live(_ sessions: [MadeSession]) -> PackedGroup {
    var list = PackedSessions()
    for session in sessions { session.append(to: &list, as: .live) }
    return PackedGroup(list)
}

/// What there is to keep an archive in.
enum ArchiveKind: CaseIterable, Sendable {
    case sqlite, postgres

    /// An empty archive. Those in PostgreSQL share one database, each as a deployment of its own.
    func make() throws -> any Archive {
        switch self {
        case .sqlite:
            return try SQLiteArchive(path: nil, deployment: DeploymentID(Bits128(high: 1, low: 2)))
        case .postgres:
            let deployment = DeploymentID(Bits128(high: 1, low: .random(in: 1 ... .max)))
            return try openPostgres(deployment)
        }
    }
}

func openPostgres(
    _ deployment: DeploymentID, partitions: String = "0-0/1"
) throws -> PostgresArchive {
    let server = try PostgresServer.shared.get()
    let address = try #require(PostgresAddress.parse(server.address).address)
    return try PostgresArchive(address, deployment: deployment, partitions: partitions)
}

/// The answer of every kind of archive, which is the same.
func answerOfAll(
    _ question: ReportQuestion, archived: [PackedGroup], pending: [PackedGroup] = [],
    live sessions: [MadeSession] = [], days: LocalDays = .utc
) throws -> ReportAnswer {
    let answers = try ArchiveKind.allCases.map { kind in
        let archive = try kind.make()
        try archive.write(archived)
        return try answer(question, archive, pending: pending, live: sessions, days: days)
    }
    for other in answers { #expect(other == answers[0]) }
    return answers[0]
}

func answer(
    _ question: ReportQuestion, _ archive: (any Archive)?, pending: [PackedGroup] = [],
    live sessions: [MadeSession] = [], days: LocalDays = .utc
) throws -> ReportAnswer {
    try Report.answer(
        question, of: property,
        from: ReportSources(
            archive: archive, pending: pending, live: [live(sessions)], clock: noon, days: days))
}

/// Plausible sessions of few visitors, so that much meets.
func randomSessions(_ count: Int, seed: UInt64) -> [MadeSession] {
    var random = SplitMix64(seed: seed)
    func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    let pages = (0..<12).map { "/p\($0)" } + ["/é,\"\n", ""]
    var ordinals: [Int: UInt32] = [:]
    var starts: [Int: Int64] = [:]
    return (0..<count).map { row in
        var session = MadeSession()
        session.visitor = below(max(2, count / 3))
        session.ordinal = ordinals[session.visitor, default: 0] + 1
        ordinals[session.visitor] = session.ordinal
        session.start = max(
            starts[session.visitor] ?? 0,
            noon - 3 * day + Int64(row) * 5 * day / Int64(count)
                + Int64(below(Int(2 * hour))))
        session.duration = below(3) == 0 ? 0 : Int64(below(2_000_000))
        starts[session.visitor] = session.start + session.duration
        session.actions = UInt32(below(4))
        session.conversions = below(8) == 0 ? UInt32(1 + below(2)) : 0
        session.value = session.conversions > 0 ? Int64(below(100_000_000)) - 10_000_000 : 0
        session.isAutomated = below(15) == 0
        for attribute in 0..<8 where below(4) > 0 {
            session.context[attribute] = "\(attribute)-\(below(attribute + 2))"
        }
        let steps = below(7)
        session.path = (0..<steps).map { step in
            (pages[below(pages.count)], UInt32(session.duration * Int64(step) / Int64(steps)))
        }
        return session
    }
}
