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

    private struct Side: ~Copyable {
        let server: ChildProcess
        var load: ServiceLoad
        var rounds: [ServiceLoad.Round] = []
        var processor = 0.0

        mutating func run(seconds: Double) throws {
            let before = processorSeconds(of: server.identifier)
            rounds.append(try load.run(seconds: seconds))
            processor += processorSeconds(of: server.identifier) - before
        }

        /// Microseconds of processor time for a batch.
        func processorMicroseconds(_ seconds: Double) -> Double {
            processor / (rounds.map(\.batchesPerSecond).reduce(0, +) * seconds) * 1e6
        }
    }

    private let bench: ServiceBench
    private let directory: URL
    private var without: Side
    private var with: Side
    private var progress: [(before: Progress, after: Progress)] = []

    /// Starts both servers, and lets all visitors come once.
    static func start(
        _ bench: ServiceBench, in directory: URL, _ context: Context
    ) throws -> ArchivedService {
        let parent = bench.data.map { URL(fileURLWithPath: $0) } ?? directory
        let data = parent.appendingPathComponent(
            "sojourn-bench-archive-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        return ArchivedService(
            bench, data, try side("off", bench, data, directory, context),
            try side("on", bench, data, directory, context))
    }

    private init(
        _ bench: ServiceBench, _ directory: URL, _ without: consuming Side, _ with: consuming Side
    ) {
        self.bench = bench
        self.directory = directory
        self.without = without
        self.with = with
    }

    private static func side(
        _ name: String, _ bench: ServiceBench, _ data: URL, _ sockets: URL, _ context: Context
    ) throws -> Side {
        let endpoint = try bench.endpoint("archive-\(name)", in: sockets)
        var arguments = [
            "serve", "--listen", endpoint, "--log-level", "error", "--archive",
            name == "on" ? data.appendingPathComponent("archive.db").path : "off",
        ]
        if bench.durability != .none {
            arguments += [
                "--data", data.appendingPathComponent(name).path,
                "--durability", bench.durability.rawValue,
            ]
        }
        let server = try ChildProcess("sojourn", arguments)
        var load = try ServiceLoad(
            endpoint: endpoint, in: context,
            try VisitBatches(
                visitors: bench.visitors, batch: bench.batch,
                eventsPerSession: bench.eventsPerSession), depth: bench.depth)
        try load.greet(within: 10)
        try load.fill()
        return Side(server: server, load: load)
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
        let batch = Double(bench.batch)
        for (name, rounds) in [("off", without.rounds), ("on", with.rounds)] {
            let events = median(rounds.map(\.batchesPerSecond)) * batch
            figures.add("archive_\(name)_events_per_second", events, events.millions)
            figures.add(
                "archive_\(name)_p99_us", median(rounds.map(\.p99)),
                median(rounds.map(\.p99)).fixed(0))
        }
        let ratios = zip(with.rounds, without.rounds).map {
            $0.batchesPerSecond / $1.batchesPerSecond
        }
        figures.add(
            "archive_ratio", median(ratios),
            "\(median(ratios).fixed(2)) of the service without an archive "
                + "(rounds: \(ratios.map { $0.fixed(2) }.joined(separator: " ")))")
        let cost = (
            off: without.processorMicroseconds(bench.seconds),
            on: with.processorMicroseconds(bench.seconds)
        )
        figures.add("archive_off_processor_us_per_batch", cost.off, cost.off.fixed(0))
        figures.add("archive_on_processor_us_per_batch", cost.on, cost.on.fixed(0))
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
            "events_per_session", Double(bench.eventsPerSession), "\(bench.eventsPerSession)")
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
