import Foundation
import SojournClient
import SojournModel
import SojournTestKit
import Synchronization

/// One run of the test: a server on one data directory, producers, and a series of kills.
final class CrashRun {
    /// Batches in flight of each producer; who has one at a time may send `start` and `end`.
    private static let depths = [16, 16, 8, 4, 1]
    /// Batches that are answered between two kills, at most.
    private static let batchesBetweenKills = 260

    private let folder: String
    private let kills: Int
    private let seed: UInt64
    private let omission: CrashTest.Omission?
    private let workload: Workload
    private let course = Course()
    private let producers: [Producer]
    private let endpoint: String
    private var random: SplitMix64
    private var server: ServerProcess?

    private var startTimes: [Duration] = []
    private var killsWhileStarting = 0
    private var tornTails = 0
    private var rewritings = 0
    private var snapshotStarts = 0
    private var cutBytes = 0

    init(
        in folder: String, kills: Int, seed: UInt64, without omission: CrashTest.Omission?
    ) throws {
        self.folder = folder
        self.kills = kills
        self.seed = seed
        self.omission = omission
        workload = Workload(seed: seed)
        endpoint = "ipc://\(folder)/socket"
        random = SplitMix64(seed: ~seed)
        producers = Self.depths.enumerated().map {
            [workload, course, endpoint] index, depth in
            Producer(
                index, depth: depth, at: endpoint, workload, course,
                usesFreshSequences: omission == .dedupe)
        }
        // Small, so that segments end and snapshots are written all the time. A snapshot syncs what
        // is before it, so there are none where nothing is to be synced.
        let snapshotBytes = omission == .sync ? "1GiB" : "64KiB"
        let limits = "limits: {segmentBytes: 256KiB, snapshotBytes: \(snapshotBytes)}\n"
        try Data((Workload.yaml + limits).utf8).write(to: URL(fileURLWithPath: configuration))
    }

    private var configuration: String { "\(folder)/sojourn.yaml" }
    private var data: String { "\(folder)/data" }
    private var log: String { "\(folder)/log" }

    /// - Returns: what is wrong.
    func run() async throws -> [Fault] {
        say(
            "seed \(seed), \(kills) kills"
                + (omission.map { ", WITHOUT \($0.rawValue)" } ?? ""))
        let began = ContinuousClock.now
        startServer()
        try await ready()
        let sending = Sending(producers)
        do {
            for kill in 1...kills {
                try await killOnce(kill)
                if !course.faults.isEmpty { break }
            }
        } catch {
            // Whoever still sends would wait for a server that is not there.
            server?.kill()
            throw error
        }
        let took = ContinuousClock.now - began
        course.finish()
        await sending.end()
        report(after: took)
        if !course.faults.isEmpty { return course.faults }
        return try await judge()
    }

    // MARK: Killing

    private func startServer() {
        let arguments = [
            "--listen", endpoint, "--config", configuration, "--data", data,
            "--durability", omission == .sync ? "os" : "disk",
        ]
        do { server = try ServerProcess(serve: arguments, log: log) } catch {
            course.fail(.server, "\(error)")
        }
    }

    private func ready() async throws {
        let began = ContinuousClock.now
        while try server?.endpoint() == nil {
            guard .now - began < .seconds(60) else {
                throw ServerProcess.Failure("the server does not start")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        startTimes.append(.now - began)
        let log = server?.log ?? ""
        if log.contains("it was cut off at byte") { tornTails += 1 }
        if log.contains("were written anew") { rewritings += 1 }
        if !log.contains("snapshot at 0 ") { snapshotStarts += 1 }
    }

    /// Kills the server at a moment that is not chosen, and starts it again.
    private func killOnce(_ kill: Int) async throws {
        if kill > 1, random.once(in: 4) {
            // While it starts: opens, replays, writes anew what is not known to be on disk.
            killsWhileStarting += 1
            let longest = startTimes.suffix(5).max() ?? .milliseconds(100)
            let share = Double(random.number(0...100)) / 100
            try await Task.sleep(for: longest * share)
        } else {
            try await ready()
            try await killMoment()
        }
        server?.kill()
        if omission == .sync { cutBytes += try TornSegment.cutLast(in: data, &random) }
        startServer()
        if kill == kills { try await ready() }
    }

    /// After some answers, and then a little later; a snapshot begins soon after the start.
    private func killMoment() async throws {
        let began = ContinuousClock.now
        let answered = course.answered + random.number(0...Self.batchesBetweenKills)
        while course.answered < answered, .now - began < .milliseconds(900) {
            try await Task.sleep(for: .milliseconds(1))
        }
        try await Task.sleep(for: .microseconds(random.number(0...4_000)))
    }

    // MARK: Judging

    private func report(after took: Duration) {
        let seconds = took / .seconds(1)
        let starts = startTimes.sorted()
        say(
            """
            \(course.answered) batches with \(course.events) events in \(Int(seconds)) s, \
            \(Int(Double(course.events) / seconds)) events/s
            \(killsWhileStarting) kills while it started, \(snapshotStarts) of \(starts.count) starts \
            from a snapshot, \(tornTails) torn tails cut, \(rewritings) ends written anew
            start: median \(starts[starts.count / 2].milliseconds) ms, longest \
            \(starts[starts.count - 1].milliseconds) ms
            \(course.unknownOutcomes) batches given up and sent again, \(course.reconnections) \
            reconnections
            """)
        if cutBytes > 0 { say("\(cutBytes) bytes cut off as by power cuts") }
    }

    /// Once more from the disk alone: everything that was answered is there.
    private func judge() async throws -> [Fault] {
        server?.kill()
        startServer()
        try await ready()
        var judgement = Judgement(course.settled, workload)
        var repeated = 0
        for producer in producers { repeated += try await producer.compareRepetitions() }
        try await compareLookups(&judgement)
        // And after an end in good order.
        if let end = server?.terminate(), end != .exited(0) {
            course.fail(.server, "the server ended with \(end) when it was asked to")
        }
        let check = try ServerProcess(
            [ServerProcess.executable.path, "check", "--data", data], log: "\(folder)/check")
        if try check.end(within: .seconds(60)) != .exited(0) {
            course.fail(.server, "the data directory is not whole: \(check.log)")
        }
        startServer()
        try await ready()
        try await compareLookups(&judgement)
        _ = server?.terminate()
        say(
            """
            \(judgement.accepted) events in \(judgement.sessionCount) sessions, \
            \(judgement.revisionCount) revisions; \(repeated) batches sent again at the end; \
            look-ups of \(Workload.visitorNames.count) visitors, twice
            """)
        return course.faults + judgement.faults
    }

    private func compareLookups(_ judgement: inout Judgement) async throws {
        let client = try await SojournClient.connect(to: endpoint)
        judgement.compare(try await client.status())
        for visitor in Workload.visitorNames {
            judgement.compare(
                try await client.lookup(visitor: visitor, property: Workload.property),
                of: visitor)
        }
        await client.close()
    }
}

/// The producers at work.
private struct Sending {
    private let tasks: [Task<Void, Never>]

    init(_ producers: [Producer]) {
        tasks = producers.map { producer in Task { await producer.run() } }
    }

    func end() async {
        for task in tasks { await task.value }
    }
}

/// The journal's last segment, and what a power cut does to it when nothing was synced.
enum TornSegment {
    /// - Returns: how many bytes of records were cut off.
    static func cutLast(in directory: String, _ random: inout SplitMix64) throws -> Int {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        guard let name = names.filter({ $0.hasSuffix(".seg") }).max() else { return 0 }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: "\(directory)/\(name)"))
        defer { _ = try? file.close() }
        let bytes = try file.readToEnd() ?? Data()
        // Behind the records there are zeros, up to the room that the segment was made with.
        let end = (bytes.lastIndex { $0 != 0 } ?? -1) + 1
        let cut = max(64, end - random.number(1...8 << 10))
        guard cut < end else { return 0 }
        try file.truncate(atOffset: UInt64(cut))
        return end - cut
    }
}

/// Prints a line at once.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

extension Duration {
    fileprivate var milliseconds: Int { Int(self / .milliseconds(1)) }
}
