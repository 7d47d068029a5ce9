import Dispatch
import Foundation
import SojournArchive
import SojournModel
import SojournReports
import SojournService
import SojournWire
import Synchronization
import ZeroMQ

/// The threads that answer questions over the archive, so that the service's thread never waits for them.
final class ReportDesk: Sendable {
    /// A question, and the number by which its answer is known.
    struct Job: Sendable {
        enum Question: Sendable {
            case report(ReportQuestion, PropertyID, ReportSources)
            /// What is here of an answer; the header is that of the reply.
            case part(ReportQuestion, PropertyID, ReportSources, MessageHeader)
            /// The partitions are those whose order the archive has.
            case fetch(FetchRequest, any Archive, PartitionRange)
        }

        var ticket: UInt64
        var question: Question
    }

    enum Outcome: Sendable {
        case report(ReportAnswer)
        /// A whole frame.
        case part([UInt8])
        case fetched(FetchReply)
        case failure(ArchiveError)
    }

    private struct Mail {
        var jobs = Queue<Job>()
        var outcomes: [(ticket: UInt64, outcome: Outcome)] = []
        var busy = 0
        var answered: UInt64 = 0
        var longestMilliseconds: UInt64 = 0
        var isStopping = false
    }

    private let mail = Mutex(Mail())
    private let orders = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()
    private let wakeUp: WakeUp
    private let queueMax: Int
    private let threads: Int

    init(threads: Int, queueMax: Int, wakeUp: WakeUp) {
        self.wakeUp = wakeUp
        self.queueMax = queueMax
        self.threads = threads
        for _ in 0..<threads {
            ended.enter()
            let thread = Thread { [self] in
                run()
                ended.leave()
            }
            thread.name = "sojourn-report"
            thread.start()
        }
    }

    // MARK: The service's side

    /// There is room for one more question.
    var hasRoom: Bool { mail.withLock { $0.jobs.count < queueMax } }

    func submit(_ job: Job) {
        mail.withLock { $0.jobs.append(job) }
        orders.signal()
    }

    func takeOutcomes() -> [(ticket: UInt64, outcome: Outcome)] {
        mail.withLock { mail in
            defer { mail.outcomes.removeAll() }
            return mail.outcomes
        }
    }

    /// Ends the threads once they have answered what they have; what waits is not answered.
    func stop() {
        mail.withLock { $0.isStopping = true }
        for _ in 0..<threads { orders.signal() }
        ended.wait()
    }

    var gauges: [Gauge] {
        mail.withLock {
            [
                Gauge("reports_total", $0.answered),
                Gauge("reports_queued", UInt64($0.jobs.count)),
                Gauge("report_longest_milliseconds", $0.longestMilliseconds),
            ]
        }
    }

    // MARK: The threads

    private func run() {
        while true {
            orders.wait()
            let (job, isStopping) = mail.withLock { ($0.jobs.popFirst(), $0.isStopping) }
            if isStopping { return }
            guard let job else { continue }
            let began = ServerClock.steadyMilliseconds()
            let outcome = Self.answer(job.question)
            let took = ServerClock.steadyMilliseconds() - began
            mail.withLock {
                $0.outcomes.append((job.ticket, outcome))
                $0.answered += 1
                $0.longestMilliseconds = max($0.longestMilliseconds, took)
            }
            wakeUp.signal()
        }
    }

    private static func answer(_ question: Job.Question) -> Outcome {
        do throws(ArchiveError) {
            switch question {
            case .report(let question, let property, let sources):
                return .report(try Report.answer(question, of: property, from: sources))
            case .part(let question, let property, let sources, let header):
                return .part(
                    try frame(
                        try Report.part(of: question, of: property, from: sources), header))
            case .fetch(let request, let archive, let partitions):
                return .fetched(try fetch(request, archive, partitions))
            }
        } catch { return .failure(error) }
    }

    private static func frame(
        _ part: ReportPart, _ header: MessageHeader
    ) throws(ArchiveError) -> [UInt8] {
        var writer = ByteWriter()
        ReportPartReply.encode(part, header: header, into: &writer)
        guard writer.count <= Limits.messageBytesMax else {
            throw ArchiveError(
                .tooLong,
                "what one worker has for this answer takes \(writer.count) bytes, and may take "
                    + "\(Limits.messageBytesMax); ask for a shorter period, or with a filter")
        }
        return writer.array
    }

    /// Entries that a FETCH gets when it says nothing, and at most.
    private static let entriesDefault = 1_000
    private static let entriesMax = 10_000

    private static func fetch(
        _ request: FetchRequest, _ archive: any Archive, _ partitions: PartitionRange
    ) throws(ArchiveError) -> FetchReply {
        let wanted = request.entriesMax == 0 ? entriesDefault : Int(request.entriesMax)
        let (archived, hasMore) = try archive.entries(
            after: request.place, atMost: min(wanted, entriesMax),
            bytes: Limits.messageBytesMax / 2)
        let entries = archived.map { entry in
            let content: FeedEntry.Content =
                switch entry.content {
                case .finished(let session, let visitor): .finished(session, visitor: visitor)
                case .revised(let revision): .revised(revision)
                }
            return FeedEntry(place: entry.place, property: entry.property, content: content)
        }
        return FetchReply(
            entries: entries, place: entries.last?.place ?? request.place, hasMore: hasMore,
            firstPartition: partitions.first, lastPartition: partitions.last)
    }
}
