import Foundation
import SojournClient
import SojournModel
import SojournTestKit

/// One run of the test with several processes: workers, each with a data directory, behind routers that
/// keep nothing. Any of them is killed under load and started again; a worker is stopped for a while,
/// too, so that it answers nothing and does not know it.
final class ClusterRun {
    private static let workerCount = 2
    private static let routerCount = 2
    private static let partitions = 64

    /// One of the processes, and how it is started again.
    private final class Member {
        let name: String
        let isWorker: Bool
        let arguments: [String]
        let log: String
        var process: ServerProcess?

        init(_ name: String, isWorker: Bool, _ arguments: [String], log: String) {
            self.name = name
            self.isWorker = isWorker
            self.arguments = arguments
            self.log = log
        }

        func start() throws {
            process = try ServerProcess([ServerProcess.executable.path] + arguments, log: log)
        }
    }

    private let folder: String
    private let kills: Int
    private let seed: UInt64
    private let workload: Workload
    private let course = Course()
    private let members: [Member]
    private let producers: [Producer]
    private var random: SplitMix64
    private var counts: [String: Int] = [:]

    init(
        in folder: String, kills: Int, seed: UInt64, without omission: CrashTest.Omission?
    ) throws {
        self.folder = folder
        self.kills = kills
        self.seed = seed
        workload = Workload(seed: seed)
        random = SplitMix64(seed: ~seed)
        let configuration = "\(folder)/sojourn.yaml"
        let limits = "limits: {segmentBytes: 256KiB, snapshotBytes: 64KiB}\n"
        try Data((Workload.yaml + limits).utf8).write(to: URL(fileURLWithPath: configuration))
        let secret = "\(folder)/secret"
        try Data("00112233445566778899aabbccddeeff\n".utf8).write(
            to: URL(fileURLWithPath: secret))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)

        var members: [Member] = []
        for number in 0..<Self.workerCount {
            let first = Self.partitions * number / Self.workerCount
            let last = Self.partitions * (number + 1) / Self.workerCount - 1
            members.append(
                Member(
                    "worker \(number)", isWorker: true,
                    [
                        "serve", "--listen", Self.worker(number, in: folder), "--config",
                        configuration, "--data", "\(folder)/data\(number)", "--secret-file",
                        secret, "--partitions", "\(first)-\(last)/\(Self.partitions)",
                        "--durability", omission == .sync ? "none" : "os",
                    ], log: "\(folder)/log"))
        }
        let workers = (0..<Self.workerCount).flatMap {
            ["--worker", Self.worker($0, in: folder)]
        }
        for number in 0..<Self.routerCount {
            members.append(
                Member(
                    "router \(number)", isWorker: false,
                    ["route", "--listen", Self.router(number, in: folder)] + workers,
                    log: "\(folder)/log"))
        }
        self.members = members
        producers = CrashRun.depths.enumerated().map { [workload, course] index, depth in
            // Everybody knows all routers; half of them begin with the other one.
            let routers = (0..<Self.routerCount).map {
                Self.router(($0 + index) % Self.routerCount, in: folder)
            }
            return Producer(
                index, depth: depth, at: routers, workload, course,
                usesFreshSequences: omission == .dedupe)
        }
    }

    private static func worker(_ number: Int, in folder: String) -> String {
        "ipc://\(folder)/worker\(number)"
    }

    private static func router(_ number: Int, in folder: String) -> String {
        "ipc://\(folder)/router\(number)"
    }

    /// - Returns: what is wrong.
    func run() async throws -> [Fault] {
        say("seed \(seed), \(kills) kills in a cluster")
        let began = ContinuousClock.now
        // In any order: who comes first waits for the others.
        for member in members.reversed() { try member.start() }
        let sending = Sending(producers)
        do {
            for _ in 1...max(kills, 1) {
                try await hitOne()
                if !course.faults.isEmpty { break }
            }
        } catch {
            for member in members { member.process?.kill() }
            throw error
        }
        course.finish()
        await sending.end()
        report(after: .now - began)
        if !course.faults.isEmpty { return course.faults }
        return try await judge()
    }

    // MARK: Hitting

    /// After some answers, and then a little later, something happens to somebody.
    private func hitOne() async throws {
        let began = ContinuousClock.now
        let answered = course.answered + random.number(0...200)
        while course.answered < answered, .now - began < .milliseconds(1_500) {
            try await Task.sleep(for: .milliseconds(1))
        }
        try await Task.sleep(for: .microseconds(random.number(0...4_000)))
        let member = members[random.number(0...members.count - 1)]
        if member.isWorker, random.once(in: 6) {
            counts["stops", default: 0] += 1
            member.process?.signal(SIGSTOP)
            try await Task.sleep(for: .milliseconds(random.number(100...3_000)))
            member.process?.signal(SIGCONT)
            return
        }
        counts[member.name, default: 0] += 1
        member.process?.kill()
        try await Task.sleep(for: .milliseconds(random.number(0...200)))
        try member.start()
    }

    // MARK: Judging

    private func report(after took: Duration) {
        let hits = counts.keys.sorted().map { "\($0) \(counts[$0] ?? 0)" }.joined(separator: ", ")
        let seconds = max(took / .seconds(1), 0.001)
        say(
            """
            \(course.answered) batches with \(course.events) events in \(Int(seconds)) s; kills: \(hits)
            \(course.unknownOutcomes) batches given up and sent again, \(course.reconnections) \
            reconnections
            """)
    }

    /// Once more from the disks alone: everything that was answered is there, once.
    private func judge() async throws -> [Fault] {
        for member in members where member.isWorker {
            member.process?.kill()
            try member.start()
        }
        var judgement = Judgement(course.settled, workload)
        var repeated = 0
        for producer in producers { repeated += try await producer.compareRepetitions() }
        var sums: [String: Int64] = [:]
        for number in 0..<Self.workerCount {
            let client = try await connect(to: Self.worker(number, in: folder))
            for gauge in try await client.status().gauges {
                sums[gauge.name, default: 0] += gauge.value
            }
            await client.close()
        }
        judgement.compare { sums[$0] }
        for number in 0..<Self.routerCount {
            let client = try await connect(to: Self.router(number, in: folder))
            for visitor in Workload.visitorNames {
                judgement.compare(
                    try await client.lookup(visitor: visitor, property: Workload.property),
                    of: visitor)
            }
            await client.close()
        }
        for member in members.reversed() {
            if let end = member.process?.terminate(), end != .exited(0) {
                course.fail(.server, "\(member.name) ended with \(end) when it was asked to")
            }
        }
        say(
            """
            \(judgement.accepted) events in \(judgement.sessionCount) sessions, \
            \(judgement.revisionCount) revisions; \(repeated) batches sent again at the end; \
            look-ups of \(Workload.visitorNames.count) visitors through both routers
            """)
        return course.faults + judgement.faults
    }

    private func connect(to endpoint: String) async throws -> SojournClient {
        var options = SojournClient.Options()
        options.connectTimeout = .seconds(30)
        return try await SojournClient.connect(to: endpoint, options: options)
    }
}
