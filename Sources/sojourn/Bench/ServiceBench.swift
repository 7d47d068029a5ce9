import ArgumentParser
import Foundation
import Glibc
import SojournJournal
import SojournModel
import SojournWire
import ZeroMQ

/// `sojourn bench service`: a server process of its own under load, and the yardstick in the same
/// run: a plain libzmq echo of as many bytes.
struct ServiceBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Events per second of a whole server over a socket.",
        discussion: """
            Service and yardstick take turns, so that a machine that changes its speed does so for \
            both; figures are medians over the rounds. The yardstick is a C program that answers \
            requests of the same size with replies of the same size and does nothing else.

            With --router the same batches go through a router and its workers as well, in turns with \
            the service that is asked directly, and journaled or encrypted as that is; --workers 1,2 \
            compares one worker with two.

            With --durability os or disk a second server that journals takes turns as well, and a \
            third one at the level none, whose answers do not wait for the journal. The second is \
            compared with the first and the third; in the end it is killed and started again.

            With --curve a second server and a second yardstick that encrypt take turns as well.

            With --archive only two servers take turns, one with an archive of finished sessions and one \
            without. Visits begin and end, so that sessions finish as fast as they are opened. --feed does the \
            same with a feed and one reader.
            """)

    enum Transport: String, ExpressibleByArgument, CaseIterable { case tcp, ipc }

    @Option(help: "tcp (loopback) or ipc.") var transport = Transport.tcp
    @Option(help: "Events per batch, 1 to 65,535.") var batch = 1_000
    @Option(help: "Requests in flight.") var depth = 16
    @Option(help: "Live visitors.") var visitors = 100_000
    @Option(help: "Events of one visitor in a batch, on average.") var eventsPerVisitor = 4
    @Option(help: "none, os or disk.") var durability = Durability.none
    @Option(help: "Where the journal is kept during the bench; a fresh folder in it is used.")
    var data: String?
    @Flag(help: "Send batches through a router as well.") var router = false
    @Option(help: "Workers behind the router; several numbers are measured in turns: 1,2.")
    var workers = "1"
    @Flag(help: "Measure service and yardstick with CURVE besides.") var curve = false
    @Flag(help: "Measure what the archive of finished sessions costs, and nothing else.")
    var archive = false
    @Flag(help: "Measure what the feed costs when it has one reader, and nothing else.")
    var feed = false
    @Flag(help: "Visits begin and end, as with --archive and --feed; without it visitors stay.")
    var visits = false
    @Option(help: "Events of a visit that ends.") var eventsPerSession = 20
    @Option(help: "Seconds per round.") var seconds = 2.0
    @Option(help: "Rounds of service and yardstick.") var rounds = 5
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard (1...Limits.batchEventsMax).contains(batch), (1...1_000).contains(depth),
            visitors > 0, eventsPerVisitor > 0, seconds > 0, rounds > 0,
            !workerCounts.isEmpty, eventsPerSession > 0
        else {
            throw ValidationError(
                "--batch must be 1 to 65535, --depth 1 to 1000, the others positive")
        }
        guard batch >= eventsPerSession || !(visits || archive || feed) else {
            throw ValidationError("--batch must have room for the events of a session")
        }
    }

    /// Of the routed services; empty for a text that makes no sense.
    private var workerCounts: [Int] {
        let counts = workers.split(separator: ",").map { Int($0) ?? 0 }
        return counts.allSatisfy { (1...Limits.partitionsMax).contains($0) } ? counts : []
    }

    func run() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "sojourn-bench-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }

        let context = try Context()
        if archive {
            var service = try ArchivedService.start(self, in: directory, context)
            defer { service.stop() }
            try service.run()
            try service.report().show(asJSON: json)
            return
        }
        if feed {
            var service = try FedService.start(self, in: directory, context)
            defer { service.stop() }
            try service.run()
            try service.report().show(asJSON: json)
            return
        }
        let serviceEndpoint = try endpoint("service", in: directory)
        let server = try ChildProcess(
            "sojourn", ["serve", "--listen", serviceEndpoint, "--log-level", "error"])
        defer { server.stop() }
        var load = try makeLoad(serviceEndpoint, context)
        try load.greet(within: 10)
        let before = residentBytes(of: String(server.identifier))
        try load.fill()
        let live = try load.gauge("live_visitors")
        let bytes = Double(residentBytes(of: String(server.identifier)) - before) / Double(live)
        _ = try load.run(seconds: 0.5)
        var journaled: JournaledService?
        var unwaiting: JournaledService?
        if durability != .none {
            journaled = try JournaledService.start(self, durability, in: directory, context)
            unwaiting = try JournaledService.start(self, .none, in: directory, context)
        }
        defer {
            journaled?.stop()
            unwaiting?.stop()
        }
        var routed: [RoutedService] = []
        defer { for service in routed { service.stop() } }
        for count in router ? workerCounts : [] {
            routed.append(
                try RoutedService(self, workers: count, durability, in: directory, context))
        }
        var encrypted: CurveService?
        if curve {
            encrypted = try CurveService.start(
                self, in: directory, context, messageBytes: (load.requestBytes, load.replyBytes))
        }
        defer { encrypted?.stop() }
        var locked: [RoutedService] = []
        defer { for service in locked { service.stop() } }
        for count in router && curve ? workerCounts : [] {
            locked.append(
                try RoutedService(
                    self, workers: count, .none, isLocked: true, in: directory, context))
        }

        let echoEndpoint = try endpoint("echo", in: directory)
        let echo = try ChildProcess(
            "sojourn-yardstick", ["server", echoEndpoint, "\(load.replyBytes)"])
        defer { echo.stop() }
        let yardstick = [
            "client", echoEndpoint, "\(load.requestBytes)", "\(load.replyBytes)", "\(depth)",
            "\(seconds)",
        ]

        var service: [ServiceLoad.Round] = []
        var echoes: [YardstickRound] = []
        var processor = 0.0
        for _ in 0..<rounds {
            let before = processorSeconds(of: server.identifier)
            service.append(try load.run(seconds: seconds))
            processor += processorSeconds(of: server.identifier) - before
            try journaled?.run(seconds: seconds)
            try unwaiting?.run(seconds: seconds)
            for service in routed { try service.run(seconds: seconds) }
            let output = try ChildProcess.output(of: "sojourn-yardstick", yardstick)
            echoes.append(try JSONDecoder().decode(YardstickRound.self, from: output))
            try encrypted?.run(seconds: seconds)
            for service in locked { try service.run(seconds: seconds) }
        }
        let batches = service.map { $0.batchesPerSecond * seconds }.reduce(0, +)
        var figures = report(
            load, service, echoes, bytesPerVisitor: bytes,
            processorMicroseconds: processor / batches * 1e6)
        try journaled?.report(
            to: &figures, beside: service.map(\.batchesPerSecond),
            unwaiting?.batchesPerSecond ?? [])
        let direct = journaled?.batchesPerSecond ?? service.map(\.batchesPerSecond)
        for service in routed { service.report(to: &figures, beside: direct) }
        encrypted?.report(
            to: &figures, beside: service.map(\.batchesPerSecond),
            echoes.map(\.messagesPerSecond))
        for service in locked {
            service.report(to: &figures, beside: encrypted?.batchesPerSecond ?? [])
        }
        try figures.show(asJSON: json)
    }

    private func report(
        _ load: borrowing ServiceLoad, _ service: [ServiceLoad.Round], _ echoes: [YardstickRound],
        bytesPerVisitor: Double, processorMicroseconds: Double
    ) -> Figures {
        var figures = Figures()
        let messageBytes = Double(load.requestBytes + load.replyBytes)
        let batches = median(service.map(\.batchesPerSecond))
        let events = batches * Double(batch)
        figures.add("events_per_second", events, events.millions)
        figures.add(
            "megabytes_per_second", batches * messageBytes / 1e6,
            (batches * messageBytes / 1e6).fixed(0))
        figures.add(
            "request_bytes", Double(load.requestBytes),
            "\(load.requestBytes) (\((Double(load.requestBytes) / Double(batch)).fixed(1)) an event)"
        )
        figures.add(
            "reply_bytes", Double(load.replyBytes),
            "\(load.replyBytes) (\((Double(load.replyBytes) / Double(batch)).fixed(1)) an event)")
        for (name, values) in [
            ("p50_us", service.map(\.p50)), ("p99_us", service.map(\.p99)),
            ("p999_us", service.map(\.p999)),
        ] {
            figures.add(name, median(values), median(values).fixed(0))
        }
        figures.add("bytes_per_live_visitor", bytesPerVisitor, bytesPerVisitor.fixed(0))
        figures.add(
            "processor_us_per_batch", processorMicroseconds,
            processorMicroseconds.fixed(0) + " (all threads of the server)")
        let echoEvents = median(echoes.map(\.messagesPerSecond)) * Double(batch)
        figures.add("yardstick_events_per_second", echoEvents, echoEvents.millions)
        figures.add(
            "yardstick_p50_us", median(echoes.map(\.p50)), median(echoes.map(\.p50)).fixed(0))
        figures.add(
            "yardstick_p99_us", median(echoes.map(\.p99)), median(echoes.map(\.p99)).fixed(0))
        let ratios = zip(service, echoes).map { $0.batchesPerSecond / $1.messagesPerSecond }
        figures.add("ratio", ratios: ratios, of: "the yardstick")
        return figures
    }

    /// A client of a server, with batches of its own.
    ///
    /// - Parameter ofVisits: they begin and end; nil goes by the options.
    func makeLoad(
        _ endpoint: String, _ context: Context, curve: SocketOption? = nil, ofVisits: Bool? = nil
    ) throws -> ServiceLoad {
        let source: any BatchSource =
            ofVisits ?? visits
            ? try VisitBatches(
                visitors: visitors, batch: batch, eventsPerSession: eventsPerSession)
            : try RepeatedBatches(
                visitors: visitors, batch: batch, eventsPerVisitor: eventsPerVisitor)
        return try ServiceLoad(endpoint: endpoint, in: context, source, depth: depth, curve: curve)
    }

    /// Makes a fresh folder for data directories.
    func dataDirectory(_ name: String, in directory: URL) throws -> URL {
        let parent = data.map { URL(fileURLWithPath: $0) } ?? directory
        let folder = parent.appendingPathComponent(
            "sojourn-bench-\(name)-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// An endpoint that nobody uses now.
    func endpoint(_ name: String, in directory: URL) throws -> String {
        switch transport {
        case .ipc: return "ipc://\(directory.path)/\(name)"
        case .tcp:
            // A context of its own, which ends when the socket is closed for good.
            let probe = try Socket(.router, in: try Context())
            try probe.bind("tcp://127.0.0.1:*")
            return try probe.lastEndpoint
        }
    }
}

/// What the yardstick prints.
struct YardstickRound: Decodable {
    let messagesPerSecond: Double
    let p50: Double
    let p99: Double

    private enum CodingKeys: String, CodingKey {
        case messagesPerSecond = "messages_per_second"
        case p50 = "p50_us"
        case p99 = "p99_us"
    }
}

/// A program from the folder that this one is in.
final class ChildProcess {
    private let process = Process()

    var identifier: Int32 { process.processIdentifier }

    init(_ program: String, _ arguments: [String]) throws {
        process.executableURL = try Self.location(of: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
    }

    /// Ends the program as a power cut would, but for the disk.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks the program to end, and waits until it has; after 6 seconds it is made to.
    func stop() {
        if process.isRunning { process.terminate() }
        let end = monotonicSeconds() + 6
        while process.isRunning, monotonicSeconds() < end { usleep(10_000) }
        if process.isRunning { kill() }
        process.waitUntilExit()
    }

    /// Runs a program to its end and returns what it printed.
    static func output(of program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = try location(of: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailure(
                .software, "\(program) ended with status \(process.terminationStatus)")
        }
        return data
    }

    private static func location(of program: String) throws -> URL {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let location = own.deletingLastPathComponent().appendingPathComponent(program)
        guard FileManager.default.isExecutableFile(atPath: location.path) else {
            throw CommandFailure(
                .unavailable, "\(location.path) is missing: build it with 'swift build -c release'")
        }
        return location
    }
}
