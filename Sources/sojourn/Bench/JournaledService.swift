import Foundation
import SojournJournal
import SojournModel
import ZeroMQ

/// The same service with a journal, for `sojourn bench service --durability`: its rounds stand beside
/// those of the one without, and of one whose journal nobody waits for. In the end it is killed and
/// started again.
struct JournaledService: ~Copyable {
    private let bench: ServiceBench
    private let level: Durability
    private let directory: URL
    private let endpoint: String
    private var server: ChildProcess
    private var load: ServiceLoad
    private var rounds: [ServiceLoad.Round] = []
    private var measuredSeconds = 0.0
    private var processor = 0.0

    /// Starts the server, and lets every visitor arrive.
    static func start(
        _ bench: ServiceBench, _ level: Durability, in directory: URL, _ context: Context
    ) throws -> JournaledService {
        let parent = bench.data.map { URL(fileURLWithPath: $0) } ?? directory
        let data = parent.appendingPathComponent(
            "sojourn-bench-data-\(level)-\(ProcessInfo.processInfo.processIdentifier)")
        let endpoint = try bench.endpoint("journaled-\(level)", in: directory)
        let server = try startServer(level, endpoint, data)
        let load = try bench.makeLoad(endpoint, context)
        var service = JournaledService(bench, level, data, endpoint, server, load)
        try service.load.greet(within: 10)
        try service.load.fill()
        _ = try service.load.run(seconds: 0.5)
        return service
    }

    private init(
        _ bench: ServiceBench, _ level: Durability, _ directory: URL, _ endpoint: String,
        _ server: ChildProcess, _ load: consuming ServiceLoad
    ) {
        self.bench = bench
        self.level = level
        self.directory = directory
        self.endpoint = endpoint
        self.server = server
        self.load = load
    }

    private static func startServer(
        _ level: Durability, _ endpoint: String, _ directory: URL
    ) throws -> ChildProcess {
        try ChildProcess(
            "sojourn",
            [
                "serve", "--listen", endpoint, "--log-level", "error", "--data", directory.path,
                "--durability", level.rawValue,
            ])
    }

    var batchesPerSecond: [Double] { rounds.map(\.batchesPerSecond) }

    mutating func run(seconds: Double) throws {
        let before = processorSeconds(of: server.identifier)
        rounds.append(try load.run(seconds: seconds))
        measuredSeconds += seconds
        processor += processorSeconds(of: server.identifier) - before
    }

    /// - Parameters:
    ///   - others: batches per second of the rounds without a journal.
    ///   - unwaiting: of those with one that nobody waits for.
    mutating func report(
        to figures: inout Figures, beside others: [Double], _ unwaiting: [Double]
    ) throws {
        let batches = median(rounds.map(\.batchesPerSecond))
        let events = batches * Double(bench.batch)
        figures.add("journaled_events_per_second", events, events.millions)
        figures.add(
            "journaled_p50_us", median(rounds.map(\.p50)), median(rounds.map(\.p50)).fixed(0))
        figures.add(
            "journaled_p99_us", median(rounds.map(\.p99)), median(rounds.map(\.p99)).fixed(0))
        let perBatch =
            processor / (rounds.map(\.batchesPerSecond).reduce(0, +) / Double(rounds.count))
            / measuredSeconds * 1e6
        figures.add(
            "journaled_processor_us_per_batch", perBatch,
            perBatch.fixed(0) + " (all threads of the server)")
        for (name, rates, what) in [
            ("journaled_ratio", others, "the service without a journal"),
            ("journaled_ratio_to_none", unwaiting, "the journal at the level none"),
        ] {
            figures.add(
                name, ratios: zip(rounds, rates).map { $0.batchesPerSecond / $1 }, of: what)
        }
        for name in [
            "snapshots_total", "snapshot_bytes", "snapshot_longest_pause_microseconds",
        ] {
            let value = Double(try load.gauge(name))
            figures.add(name, value, value.fixed(0))
        }

        let live = try load.gauge("live_visitors")
        server.kill()
        let began = monotonicSeconds()
        server = try Self.startServer(level, endpoint, directory)
        try load.greet(within: 60)
        let took = monotonicSeconds() - began
        let recovered = try load.gauge("live_visitors")
        guard recovered == live else {
            throw CommandFailure(
                .software, "\(live) visitors were live, and \(recovered) after the restart")
        }
        figures.add(
            "restart_seconds", took,
            "\(took.fixed(2)) from the start to the first answer, \(live) live visitors")
    }

    func stop() {
        server.stop()
        try? FileManager.default.removeItem(at: directory)
    }
}
