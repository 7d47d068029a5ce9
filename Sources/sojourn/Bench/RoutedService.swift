import Foundation
import SojournModel
import ZeroMQ

/// The same service behind a router, for `sojourn bench service --router`: its rounds stand beside
/// those of the one that is asked directly.
struct RoutedService: ~Copyable {
    private static let partitions = 64

    private let bench: ServiceBench
    private let workers: [ChildProcess]
    private let router: ChildProcess
    private var load: ServiceLoad
    private var rounds: [ServiceLoad.Round] = []
    private var processor = 0.0

    /// Starts workers and router, and lets every visitor arrive.
    static func start(
        _ bench: ServiceBench, in directory: URL, _ context: Context
    ) throws -> RoutedService {
        // All workers of a deployment have one secret.
        let secret = directory.appendingPathComponent("secret")
        try "00112233445566778899aabbccddeeff\n".write(
            to: secret, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: secret.path)
        var workers: [ChildProcess] = []
        var arguments = ["route", "--log-level", "error"]
        let count = max(partitions, bench.workers)
        for number in 0..<bench.workers {
            let endpoint = try bench.endpoint("worker\(number)", in: directory)
            let first = count * number / bench.workers
            let last = count * (number + 1) / bench.workers - 1
            workers.append(
                try ChildProcess(
                    "sojourn",
                    [
                        "serve", "--listen", endpoint, "--log-level", "error", "--partitions",
                        "\(first)-\(last)/\(count)", "--secret-file", secret.path,
                    ]))
            arguments += ["--worker", endpoint]
        }
        let endpoint = try bench.endpoint("router", in: directory)
        let router = try ChildProcess("sojourn", arguments + ["--listen", endpoint])
        var load = try ServiceLoad(
            endpoint: endpoint, in: context, visitors: bench.visitors, batch: bench.batch,
            eventsPerVisitor: bench.eventsPerVisitor, depth: bench.depth)
        let began = monotonicSeconds()
        while try load.gauge("workers_up") < bench.workers {
            guard monotonicSeconds() - began < 10 else {
                throw CommandFailure(.unavailable, "the router did not reach its workers")
            }
            usleep(50_000)
        }
        var service = RoutedService(bench, workers, router, load)
        try service.load.fill()
        _ = try service.load.run(seconds: 0.5)
        return service
    }

    private init(
        _ bench: ServiceBench, _ workers: [ChildProcess], _ router: ChildProcess,
        _ load: consuming ServiceLoad
    ) {
        self.bench = bench
        self.workers = workers
        self.router = router
        self.load = load
    }

    mutating func run(seconds: Double) throws {
        let before = processorSeconds(of: router.identifier)
        rounds.append(try load.run(seconds: seconds))
        processor += processorSeconds(of: router.identifier) - before
    }

    /// - Parameter others: batches per second of the rounds without a router.
    func report(to figures: inout Figures, beside others: [Double]) throws {
        let batches = median(rounds.map(\.batchesPerSecond))
        let events = batches * Double(bench.batch)
        figures.add(
            "routed_events_per_second", events,
            "\(events.millions) through a router, \(bench.workers) workers")
        figures.add(
            "routed_p50_us", median(rounds.map(\.p50)), median(rounds.map(\.p50)).fixed(0))
        figures.add(
            "routed_p99_us", median(rounds.map(\.p99)), median(rounds.map(\.p99)).fixed(0))
        let all = rounds.map { $0.batchesPerSecond * bench.seconds }.reduce(0, +)
        figures.add(
            "router_processor_us_per_batch", processor / all * 1e6,
            (processor / all * 1e6).fixed(0) + " (all threads of the router)")
        let ratios = zip(rounds, others).map { $0.batchesPerSecond / $1 }
        figures.add(
            "routed_ratio", median(ratios),
            "\(median(ratios).fixed(2)) of the service asked directly "
                + "(rounds: \(ratios.map { $0.fixed(2) }.joined(separator: " ")))")
    }

    func stop() {
        router.stop()
        for worker in workers { worker.stop() }
    }
}
