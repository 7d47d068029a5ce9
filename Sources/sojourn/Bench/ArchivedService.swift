import Foundation
import SojournJournal
import SojournModel
import ZeroMQ

/// The same service twice, with an archive and without, for `sojourn bench service --archive`: visits begin
/// and end, so that sessions are archived as fast as they are opened.
struct ArchivedService: ~Copyable {
    /// What the archive had come to at some moment.
    private struct Progress {
        var seconds: Double
        var finished: Int64
        var archived: Int64
        var waitingBytes: Int64
    }

    private let bench: ServiceBench
    private let directory: URL
    private var without: ServiceSide
    private var with: ServiceSide
    private var progress: [(before: Progress, after: Progress)] = []

    /// Starts both servers, and lets all visitors come once.
    static func start(
        _ bench: ServiceBench, in directory: URL, _ context: Context
    ) throws -> ArchivedService {
        let data = try bench.dataDirectory("archive", in: directory)
        return ArchivedService(
            bench, data,
            try ServiceSide.start(
                "archive-off", ["--archive", "off"], bench, data, directory, context),
            try ServiceSide.start(
                "archive-on", ["--archive", data.appendingPathComponent("archive.db").path], bench,
                data, directory, context))
    }

    private init(
        _ bench: ServiceBench, _ directory: URL, _ without: consuming ServiceSide,
        _ with: consuming ServiceSide
    ) {
        self.bench = bench
        self.directory = directory
        self.without = without
        self.with = with
    }

    /// Both sides in turns.
    mutating func run() throws {
        _ = try with.load.run(seconds: 0.5)
        _ = try without.load.run(seconds: 0.5)
        for _ in 0..<bench.rounds {
            try without.run(seconds: bench.seconds)
            let before = try look()
            try with.run(seconds: bench.seconds)
            progress.append((before, try look()))
            // What the archive still has to do is not to disturb the side without it.
            _ = try catchUp()
        }
    }

    private mutating func look() throws -> Progress {
        Progress(
            seconds: monotonicSeconds(), finished: try with.load.gauge("sessions_finished_total"),
            archived: try with.load.gauge("archive_sessions_total"),
            waitingBytes: try with.load.gauge("archive_waiting_bytes"))
    }

    /// Waits until everything is archived.
    private mutating func catchUp() throws -> Progress {
        let end = monotonicSeconds() + 60
        while true {
            let progress = try look()
            if progress.waitingBytes == 0 { return progress }
            guard monotonicSeconds() < end else {
                throw CommandFailure(.software, "the archive does not catch up within 60 seconds")
            }
            usleep(20_000)
        }
    }

    mutating func report() throws -> Figures {
        var figures = Figures()
        with.compare(with: without, "archive", bench, &figures)
        func perSecond(_ count: (Progress) -> Int64) -> Double {
            median(
                progress.map {
                    Double(count($0.after) - count($0.before))
                        / ($0.after.seconds - $0.before.seconds)
                })
        }
        let finished = perSecond(\.finished)
        let archived = perSecond(\.archived)
        figures.add(
            "sessions_finished_per_second", finished, HumanText.count(Int(finished)))
        figures.add(
            "sessions_archived_per_second", archived, HumanText.count(Int(archived)))
        let behind = median(progress.map { Double($0.after.finished - $0.after.archived) })
        figures.add(
            "sessions_behind", behind,
            "\(HumanText.count(Int(behind))) after \(bench.seconds.fixed(1)) seconds: "
                + "\((behind / max(1, archived)).fixed(2)) seconds of archiving")
        let refused = with.rounds.map(\.refusals).reduce(0, +)
        figures.add(
            "batches_refused", Double(refused),
            refused == 0
                ? "0: the archive kept up, or its queue had room"
                : "\(refused): sessions finished faster than the archive takes them")
        let done = try catchUp()
        guard done.finished == done.archived else {
            throw CommandFailure(
                .software, "\(done.finished) sessions were finished, and \(done.archived) archived")
        }
        let report = try with.load.report(ReportQuestion(.summary))
        figures.add(
            "report_seconds", report.seconds,
            "\(report.seconds.fixed(2)), with \(HumanText.count(report.live)) live sessions")
        let pause = Double(try with.load.gauge("report_longest_pause_microseconds")) / 1_000
        figures.add(
            "report_longest_pause_ms", pause,
            "\(pause.fixed(1)) for which the service stood still at a time")
        return figures
    }

    func stop() {
        without.server.stop()
        with.server.stop()
        try? FileManager.default.removeItem(at: directory)
    }
}
