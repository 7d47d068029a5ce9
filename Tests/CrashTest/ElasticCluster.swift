import Foundation
import SojournModel
import SojournTestKit

/// Three workers that share out their partitions by themselves, two routers, and the three NATS servers that
/// have the log. The first worker reaches them through a proxy, which can be cut.
final class ElasticCluster: Cluster {
    private static let workerCount = 3
    private static let routerCount = 2
    /// What happens to somebody. After each the pause is measured: until more batches were answered than were on
    /// their way when it happened, which is a little longer than it took the partitions to be served again.
    private enum Hit: String, CaseIterable {
        case workerKill = "worker killed"
        case workerStop = "worker frozen, and thawed when others have its partitions"
        case workerEnd = "worker told to end"
        case workerDrain = "worker drained, and resumed"
        case workerCut = "worker cut off from the NATS servers, and connected again"
        case serverKill = "NATS server killed"
        case serverStop = "NATS server frozen, and thawed"
        case routerKill = "router killed"
    }
    private static let odds: [Hit] = [
        .workerKill, .workerKill, .workerKill, .workerStop, .workerEnd, .workerDrain, .workerCut,
        .serverKill, .serverStop, .routerKill,
    ]
    private static let pauseMax: Duration = .seconds(120)

    let servers: NATSServers
    let workers: [Member]
    let routers: [String]
    let members: [Member]
    private let natsMembers: [Member]
    private let proxy: Member
    private let routerMembers: [Member]
    private let folder: String
    private var pauses: [Hit: [Duration]] = [:]

    init(in folder: String) throws {
        self.folder = folder
        let files = try WorkerFiles(in: folder, lines: "cluster: {snapshotBytes: 64KiB}")
        let program = ServerProcess.executable.path
        let servers = try NATSServers(3, in: "\(folder)/nats")
        self.servers = servers
        natsMembers = servers.commands.enumerated().map { number, command in
            Member(
                "NATS server \(number)", command, log: "\(folder)/nats.log", endSignal: SIGINT)
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("proxy.py").path
        proxy = Member(
            "proxy",
            ["python3", script] + zip(servers.freePorts, servers.ports).map { "\($0):\($1)" },
            log: "\(folder)/proxy.log", endSignal: SIGKILL, end: .signalled(SIGKILL))
        workers = (0..<Self.workerCount).map { number in
            let addresses =
                number == 0 ? NATSServers.addresses(servers.freePorts) : servers.addresses
            return Member(
                "worker \(number)",
                [
                    program, "serve", "--cluster", addresses, "--worker-name",
                    Self.name(ofWorker: number), "--listen", "ipc://\(folder)/worker\(number)",
                    "--config", files.configuration, "--secret-file", files.secret,
                ], log: "\(folder)/log")
        }
        routers = (0..<Self.routerCount).map { "ipc://\(folder)/router\($0)" }
        routerMembers = routers.enumerated().map { number, endpoint in
            Member(
                "router \(number)",
                [program, "route", "--cluster", servers.addresses, "--listen", endpoint],
                log: "\(folder)/log")
        }
        members = natsMembers + [proxy] + workers + routerMembers
    }

    private static func name(ofWorker number: Int) -> String { "worker\(number)" }

    var title: String { "three workers, two routers and three NATS servers" }

    func hit(_ random: inout SplitMix64, during course: Course) async throws {
        let hit = random.pick(Self.odds)
        let number = random.number(0...workers.count - 1)
        let worker = workers[number]
        switch hit {
        case .workerKill:
            worker.process?.kill()
            try await settle(hit, course)
            try worker.start()
        case .workerEnd:
            worker.process?.signal(SIGTERM)
            try await settle(hit, course)
            if let fault = worker.terminate() { course.fail(fault.kind, fault.text) }
            try worker.start()
        case .workerStop:
            worker.process?.signal(SIGSTOP)
            try await settle(hit, course)
            worker.process?.signal(SIGCONT)
        case .workerDrain:
            try tell("drain", number, course)
            try await settle(hit, course)
            try tell("resume", number, course)
        case .workerCut:
            proxy.process?.kill()
            try await settle(hit, course)
            try await Task.sleep(for: .milliseconds(random.number(0...4_000)))
            try proxy.start()
        case .serverKill:
            let server = random.pick(natsMembers)
            server.process?.kill()
            try await settle(hit, course)
            try server.start()
            try await catchUp(course)
        case .serverStop:
            let server = random.pick(natsMembers)
            server.process?.signal(SIGSTOP)
            try await settle(hit, course)
            server.process?.signal(SIGCONT)
            try await catchUp(course)
        case .routerKill:
            let router = random.pick(routerMembers)
            router.process?.kill()
            try await settle(hit, course)
            try router.start()
        }
        // Long enough, now and then, for a worker that came back to have partitions again.
        try await Task.sleep(for: .milliseconds(random.number(0...4_000)))
    }

    /// Tells a worker something, as an operator does.
    private func tell(_ order: String, _ worker: Int, _ course: Course) throws {
        let process = try ServerProcess(
            [
                ServerProcess.executable.path, "cluster", order, Self.name(ofWorker: worker),
                "--cluster", servers.addresses,
            ], log: "\(folder)/orders")
        let code = try process.code()
        if code != 0 { course.fail(.server, "cluster \(order) ended with \(code): \(process.log)") }
    }

    private func settle(_ hit: Hit, _ course: Course) async throws {
        let began = ContinuousClock.now
        let answered = course.answered + CrashRun.depths.reduce(0, +)
        while course.answered <= answered {
            if .now - began > Self.pauseMax {
                course.fail(
                    .server, "\(hit.rawValue): nothing was answered for \(Self.pauseMax)")
            }
            if course.isOver { return }
            try await Task.sleep(for: .milliseconds(1))
        }
        let pause = ContinuousClock.now - began
        pauses[hit, default: []].append(pause)
        say("\(Date().formatted(.iso8601)) \(hit.rawValue): \(Self.seconds(pause)) s")
    }

    /// Waits until each log is on all NATS servers again: it survives the loss of one, not of two.
    private func catchUp(_ course: Course) async throws {
        let began = ContinuousClock.now
        while true {
            if let status = try? status(),
                status.partitions.allSatisfy({ $0.currentReplicas == $0.replicas })
            {
                return
            }
            if .now - began > .seconds(60) {
                course.fail(.server, "a NATS server did not catch up in a minute")
            }
            if course.isOver { return }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    var hits: [String] {
        Hit.allCases.compactMap { hit in
            guard let sorted = pauses[hit]?.sorted(), let last = sorted.last else { return nil }
            return "\n  \(hit.rawValue) \(sorted.count) times; pause "
                + "\(Self.seconds(sorted[sorted.count / 2])) s, \(Self.seconds(last)) s at most"
        }
    }

    private static func seconds(_ pause: Duration) -> String {
        String(format: "%.2f", pause / .seconds(1))
    }

    /// Every partition counts for itself.
    func counters() throws -> [String] { try status().partitions.compactMap(\.address) }

    /// What `sojourn cluster status` says.
    private struct Status: Decodable {
        struct Partition: Decodable {
            var address: String?
            var replicas: Int
            var currentReplicas: Int
        }
        var partitions: [Partition]
    }

    private func status() throws -> Status {
        let log = "\(folder)/status"
        _ = try? FileManager.default.removeItem(atPath: log)
        let process = try ServerProcess(
            [
                ServerProcess.executable.path, "cluster", "status", "--output", "json",
                "--cluster", servers.addresses,
            ], log: log)
        guard try process.code() == 0 else { throw ServerProcess.Failure(process.log) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Status.self, from: Data(process.log.utf8))
    }
}
