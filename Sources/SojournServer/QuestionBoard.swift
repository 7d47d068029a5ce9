import Logging
import SojournArchive
import SojournJournal
import SojournModel
import SojournReports
import SojournService
import SojournWire

/// The questions that are answered beside the core, from when they were asked until they are answered.
struct QuestionBoard: ~Copyable {
    /// Unfinished sessions that are read at one go, for which the service stands still.
    private static let sessionsPerRound = 16_384

    /// Who gets the answer.
    struct Asker {
        var exchange: Exchange
        var header: MessageHeader
        /// The journal's position that the answer rests on.
        var restsOn: UInt64
    }

    /// A report whose unfinished sessions are being gathered.
    private struct Scan: ~Copyable {
        var ticket: UInt64
        var question: ReportQuestion
        var property: ServiceProperty
        /// A list for each part that was read.
        var live: [PackedGroup] = []
        /// What was finished, and not archived, since it began.
        var groups: [PackedGroup]
    }

    private let desk: ReportDesk
    private let settings: ArchiveSettings
    private var askers: [UInt64: Asker] = [:]
    private var scan: Scan?
    private var waiting = Queue<(UInt64, ReportQuestion, ServiceProperty)>()
    private var lastTicket: UInt64 = 0

    init(_ desk: ReportDesk, _ settings: ArchiveSettings) {
        self.desk = desk
        self.settings = settings
    }

    /// Questions that are not answered.
    var count: Int { askers.count }

    /// Unfinished sessions have to be gathered.
    var isGathering: Bool { scan != nil || !waiting.isEmpty }

    var hasRoom: Bool { desk.hasRoom && waiting.count < settings.reportQueueMax }

    /// Microseconds of the longest round of `gather`.
    private var longestPause: UInt64 = 0

    var gauges: [Gauge] {
        desk.gauges + [Gauge("report_longest_pause_microseconds", longestPause)]
    }

    mutating func ask(
        _ question: ReportQuestion, of property: ServiceProperty, _ asker: Asker
    ) {
        lastTicket += 1
        askers[lastTicket] = asker
        waiting.append((lastTicket, question, property))
    }

    mutating func fetch(
        _ request: FetchRequest, from archive: any Archive, of partitions: PartitionRange,
        _ asker: Asker
    ) {
        lastTicket += 1
        askers[lastTicket] = asker
        desk.submit(
            ReportDesk.Job(ticket: lastTicket, question: .fetch(request, archive, partitions)))
    }

    /// Hears of sessions that were finished.
    mutating func take(_ group: PackedGroup) { scan?.groups.append(group) }

    /// Gathers the unfinished sessions of the next report, or some of them.
    mutating func gather(
        from core: inout ServiceCore, _ keeper: inout ArchiveKeeper, at moment: Moment,
        _ now: UInt64
    ) {
        let began = ServerClock.steadyMicroseconds()
        defer { longestPause = max(longestPause, ServerClock.steadyMicroseconds() - began) }
        if scan == nil, let (ticket, question, property) = waiting.popFirst() {
            core.beginLiveScan(of: property.id)
            scan = Scan(
                ticket: ticket, question: question, property: property, groups: keeper.pending)
        }
        guard var work = scan.take() else { return }
        var list = PackedSessions()
        let isMore = core.packLive(
            work.property.id, budget: Self.sessionsPerRound, into: &list)
        work.live.append(PackedGroup(list))
        if isMore {
            scan = consume work
            return
        }
        // What was finished since then, and before the archive is looked at.
        if let group = keeper.seal(&core, at: now) { work.groups.append(group) }
        let deadline = now + settings.reportMilliseconds
        let (ticket, question, property) = (work.ticket, work.question, work.property)
        let (groups, live) = (work.groups, work.live)
        var sources = ReportSources(
            archive: keeper.archive, pending: groups, live: live,
            clock: core.clock(of: property.id, at: moment), timeZone: property.timeZone,
            days: property.days, isTooLate: { ServerClock.steadyMilliseconds() > deadline })
        sources.rowsDefault = settings.reportRowsDefault
        // What was gathered may be younger than the question. A journal that cannot be written is not waited for.
        if core.journal.isAvailable { askers[ticket]?.restsOn = core.journal.last.rawValue }
        guard let header = askers[ticket]?.header else {
            preconditionFailure("a question is answered once")
        }
        if header.isPart {
            var reply = header.reply(deploymentTag: core.configuration.deployment.tag)
            reply.isPart = true
            desk.submit(
                ReportDesk.Job(
                    ticket: ticket, question: .part(question, property.id, sources, reply)))
        } else {
            desk.submit(
                ReportDesk.Job(ticket: ticket, question: .report(question, property.id, sources)))
        }
    }

    /// Takes what was answered, with who asked.
    mutating func takeAnswers() -> [(Asker, ReportDesk.Outcome)] {
        var answers: [(Asker, ReportDesk.Outcome)] = []
        for (ticket, outcome) in desk.takeOutcomes() {
            guard let asker = askers.removeValue(forKey: ticket) else {
                preconditionFailure("a question is answered once")
            }
            answers.append((asker, outcome))
        }
        return answers
    }

    /// Nothing more is answered.
    mutating func stop() {
        desk.stop()
        askers.removeAll()
    }
}

extension Refusal {
    /// The ERROR for a question that could not be answered.
    init(_ error: ArchiveError) {
        switch error.code {
        case .tooLong: self.init(.reportTooLong, error.message)
        default:
            self.init(
                .archiveUnavailable, retryAfterMilliseconds: 1_000,
                "the archive cannot be read for now; the server's log says more")
        }
    }
}
