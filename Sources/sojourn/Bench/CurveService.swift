import Foundation
import SojournServer
import ZeroMQ

/// The same service, and the same yardstick, with CURVE, for `sojourn bench service --curve`: what encryption
/// costs the service stands beside what it costs libzmq alone.
struct CurveService: ~Copyable {
    private let bench: ServiceBench
    private let server: ChildProcess
    private let echo: ChildProcess
    private let yardstick: [String]
    private var load: ServiceLoad
    private var rounds: [ServiceLoad.Round] = []
    private var echoes: [YardstickRound] = []

    /// Makes the keys, starts both servers, and lets every visitor arrive.
    ///
    /// - Parameter messageBytes: of a request and a reply of the service without CURVE.
    static func start(
        _ bench: ServiceBench, in directory: URL, _ context: Context,
        messageBytes: (request: Int, reply: Int)
    ) throws -> CurveService {
        let keyFile = directory.appendingPathComponent("server").path
        let serverKey = try CurveKeyFile.make(at: keyFile)
        let keys = try Curve.generateKeyPair()
        let clients = directory.appendingPathComponent("clients.yaml")
        let text =
            "clients: [{name: bench, key: '\(keys.publicKey)', read: all, write: all, admin: all, "
            + "eventsPerSecond: off}]"
        try Data(text.utf8).write(to: clients)
        let endpoint = try bench.endpoint("curve", in: directory)
        let server = try ChildProcess(
            "sojourn",
            [
                "serve", "--listen", endpoint, "--log-level", "error", "--curve-key-file", keyFile,
                "--clients-file", clients.path,
            ])
        let load = try bench.makeLoad(
            endpoint, context, curve: .curveClient(serverKey: serverKey, keys: keys))
        let echoEndpoint = try bench.endpoint("curve-echo", in: directory)
        let echo = try ChildProcess(
            "sojourn-yardstick", ["server", echoEndpoint, "\(messageBytes.reply)", "--curve"])
        let yardstick = [
            "client", echoEndpoint, "\(messageBytes.request)", "\(messageBytes.reply)",
            "\(bench.depth)", "\(bench.seconds)", "--curve",
        ]
        var service = CurveService(bench, server, echo, yardstick, load)
        try service.load.greet(within: 10)
        try service.load.fill()
        _ = try service.load.run(seconds: 0.5)
        return service
    }

    private init(
        _ bench: ServiceBench, _ server: ChildProcess, _ echo: ChildProcess,
        _ yardstick: [String], _ load: consuming ServiceLoad
    ) {
        self.bench = bench
        self.server = server
        self.echo = echo
        self.yardstick = yardstick
        self.load = load
    }

    var batchesPerSecond: [Double] { rounds.map(\.batchesPerSecond) }

    mutating func run(seconds: Double) throws {
        rounds.append(try load.run(seconds: seconds))
        let output = try ChildProcess.output(of: "sojourn-yardstick", yardstick)
        echoes.append(try JSONDecoder().decode(YardstickRound.self, from: output))
    }

    /// - Parameters:
    ///   - plain: batches per second of the rounds without CURVE.
    ///   - plainEchoes: the same of the yardstick.
    func report(
        to figures: inout Figures, beside plain: [Double], _ plainEchoes: [Double]
    ) {
        let events = median(rounds.map(\.batchesPerSecond)) * Double(bench.batch)
        figures.add("curve_events_per_second", events, events.millions)
        for (name, values) in [
            ("curve_p50_us", rounds.map(\.p50)), ("curve_p99_us", rounds.map(\.p99)),
        ] {
            figures.add(name, median(values), median(values).fixed(0))
        }
        let ratios = zip(rounds, plain).map { $0.batchesPerSecond / $1 }
        figures.add("curve_ratio", ratios: ratios, of: "the service without CURVE")
        let echoRatios = zip(echoes, plainEchoes).map { $0.messagesPerSecond / $1 }
        figures.add(
            "yardstick_curve_ratio", ratios: echoRatios, of: "the yardstick without CURVE")
        let both = zip(rounds, echoes).map { $0.batchesPerSecond / $1.messagesPerSecond }
        figures.add(
            "curve_ratio_to_yardstick", median(both),
            "\(median(both).fixed(2)) of the yardstick with CURVE")
    }

    func stop() {
        server.stop()
        echo.stop()
    }
}
