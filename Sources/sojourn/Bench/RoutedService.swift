import Foundation
import SojournJournal
import SojournModel
import SojournServer
import ZeroMQ

/// The same service behind a router, for `sojourn bench service --router`: its rounds stand beside
/// those of the one that is asked directly.
final class RoutedService {
    private static let partitions = 64

    private let bench: ServiceBench
    private let name: String
    private let workers: [ChildProcess]
    private let router: ChildProcess
    private let data: URL
    private var load: ServiceLoad
    private var rounds: [ServiceLoad.Round] = []
    private var routerSeconds = 0.0
    private var workerSeconds = 0.0

    /// Starts workers and router, and lets every visitor arrive.
    ///
    /// - Parameters:
    ///   - count: of the workers.
    ///   - durability: of the workers' journals; none does without.
    ///   - isLocked: everybody speaks CURVE.
    init(
        _ bench: ServiceBench, workers count: Int, _ durability: Durability,
        isLocked: Bool = false, in directory: URL, _ context: Context
    ) throws {
        self.bench = bench
        name = (isLocked ? "curve_" : "") + "routed_\(count)"
        let folder = directory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        data = try bench.dataDirectory(name, in: folder)
        // All workers of a deployment have one secret.
        let secret = folder.appendingPathComponent("secret")
        try "00112233445566778899aabbccddeeff\n".write(
            to: secret, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: secret.path)
        let keys = isLocked ? try Keys(in: folder) : nil

        var workers: [ChildProcess] = []
        var arguments = ["route", "--log-level", "error"]
        let partitions = max(Self.partitions, count)
        for number in 0..<count {
            let endpoint = try bench.endpoint("\(name)-worker\(number)", in: directory)
            let first = partitions * number / count
            let last = partitions * (number + 1) / count - 1
            var serve = [
                "serve", "--listen", endpoint, "--log-level", "error", "--partitions",
                "\(first)-\(last)/\(partitions)", "--secret-file", secret.path,
            ]
            if durability != .none {
                serve += [
                    "--data", data.appendingPathComponent("\(number)").path, "--durability",
                    durability.rawValue,
                ]
            }
            workers.append(try ChildProcess("sojourn", serve + (keys?.ofServer ?? [])))
            arguments += ["--worker", endpoint + (keys.map { "=\($0.publicKeyFile)" } ?? "")]
        }
        let endpoint = try bench.endpoint("\(name)-router", in: directory)
        self.workers = workers
        router = try ChildProcess(
            "sojourn", arguments + ["--listen", endpoint] + (keys?.ofServer ?? []))
        load = try bench.makeLoad(endpoint, context, curve: keys?.ofClient)
        let began = monotonicSeconds()
        while try load.gauge("workers_up") < count {
            guard monotonicSeconds() - began < 10 else {
                throw CommandFailure(.unavailable, "the router did not reach its workers")
            }
            usleep(50_000)
        }
        try load.fill()
        _ = try load.run(seconds: 0.5)
    }

    /// One pair of keys for all servers, and one for the client.
    private struct Keys {
        let publicKeyFile: String
        /// What a worker or a router is told.
        let ofServer: [String]
        let ofClient: SocketOption

        init(in folder: URL) throws {
            let file = folder.appendingPathComponent("server").path
            let clients = folder.appendingPathComponent("clients.yaml").path
            let serverKey = try CurveKeyFile.make(at: file)
            let keys = try Curve.generateKeyPair()
            let text = """
                clients:
                  - {name: router, key: '\(serverKey)', router: on}
                  - {name: bench, key: '\(keys.publicKey)', read: all, write: all, admin: all, \
                eventsPerSecond: off}
                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: clients))
            publicKeyFile = file + ".pub"
            ofServer = ["--curve-key-file", file, "--clients-file", clients]
            ofClient = .curveClient(serverKey: serverKey, keys: keys)
        }
    }

    func run(seconds: Double) throws {
        func used() -> (Double, Double) {
            (
                processorSeconds(of: router.identifier),
                workers.map { processorSeconds(of: $0.identifier) }.reduce(0, +)
            )
        }
        let before = used()
        rounds.append(try load.run(seconds: seconds))
        let after = used()
        routerSeconds += after.0 - before.0
        workerSeconds += after.1 - before.1
    }

    /// - Parameter others: batches per second of the rounds without a router.
    func report(to figures: inout Figures, beside others: [Double]) {
        let events = median(rounds.map(\.batchesPerSecond)) * Double(bench.batch)
        figures.add(
            "\(name)_events_per_second", events,
            "\(events.millions) through a router, \(workers.count) workers")
        for (figure, values) in [("p50_us", rounds.map(\.p50)), ("p99_us", rounds.map(\.p99))] {
            figures.add("\(name)_\(figure)", median(values), median(values).fixed(0))
        }
        let all = rounds.map { $0.batchesPerSecond * bench.seconds }.reduce(0, +)
        for (who, seconds) in [("router", routerSeconds), ("workers", workerSeconds)] {
            figures.add(
                "\(name)_\(who)_processor_us_per_batch", seconds / all * 1e6,
                (seconds / all * 1e6).fixed(0))
        }
        let ratios = zip(rounds, others).map { $0.batchesPerSecond / $1 }
        figures.add("\(name)_ratio", ratios: ratios, of: "the same service asked directly")
    }

    func stop() {
        router.stop()
        for worker in workers { worker.stop() }
        try? FileManager.default.removeItem(at: data)
    }
}
