import Foundation
import SojournModel
import SojournTestKit

/// Two workers, each with a data directory and half of the partitions, behind two routers that keep
/// nothing.
final class FixedCluster: Cluster {
    private static let workerCount = 2
    private static let routerCount = 2
    private static let partitions = 64

    let workers: [Member]
    let members: [Member]
    let routers: [String]
    private let endpoints: [String]
    private var counts: [String: Int] = [:]

    init(in folder: String, without omission: CrashTest.Omission?) throws {
        let files = try WorkerFiles(
            in: folder, lines: "limits: {segmentBytes: 256KiB, snapshotBytes: 64KiB}")
        let program = ServerProcess.executable.path
        let endpoints = (0..<Self.workerCount).map { "ipc://\(folder)/worker\($0)" }
        self.endpoints = endpoints
        workers = endpoints.enumerated().map { number, endpoint in
            let first = Self.partitions * number / Self.workerCount
            let last = Self.partitions * (number + 1) / Self.workerCount - 1
            return Member(
                "worker \(number)",
                [
                    program, "serve", "--listen", endpoint, "--config", files.configuration,
                    "--data", "\(folder)/data\(number)", "--secret-file", files.secret,
                    "--partitions", "\(first)-\(last)/\(Self.partitions)",
                    "--durability", omission == .sync ? "none" : "os",
                ], log: "\(folder)/log")
        }
        routers = (0..<Self.routerCount).map { "ipc://\(folder)/router\($0)" }
        members =
            workers
            + routers.enumerated().map { number, endpoint in
                Member(
                    "router \(number)",
                    [program, "route", "--listen", endpoint]
                        + endpoints.flatMap { ["--worker", $0] }, log: "\(folder)/log")
            }
    }

    var title: String { "two workers and two routers" }

    /// Anybody is killed and started again; a worker is stopped for a while, too, so that it answers nothing
    /// and does not know it.
    func hit(_ random: inout SplitMix64, during course: Course) async throws {
        let row = random.number(0...members.count - 1)
        let member = members[row]
        if row < workers.count, random.once(in: 6) {
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

    var hits: [String] { counts.keys.sorted().map { "\($0) \(counts[$0] ?? 0)" } }

    func counters() -> [String] { endpoints }
}
