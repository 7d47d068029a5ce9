import Foundation
import SojournClient
import SojournTestKit

/// `sojourn serve` as a process of its own, at a free port; or several of them behind a router, which a
/// client cannot tell from one. JeroMQ knows no ipc.
final class ServiceProcess {
    /// Where clients find it.
    let endpoint: String
    /// Where the services themselves listen.
    let services: [String]
    private let processes: [Process]
    private let folder: URL

    /// The policy by which `Oracle` cuts. Nothing is late for as long as a test may take.
    static var policy: SessionPolicy {
        var policy = SessionPolicy()
        policy.timeoutMilliseconds = 30 * 60_000
        policy.latenessMilliseconds = 6 * 86_400_000
        policy.maxDurationMilliseconds = nil
        policy.maxEvents = nil
        return policy
    }

    private static let configuration = """
        properties:
          - id: 1
            name: shop
            timeout: 30m
            lateness: 6d
            maxDuration: off
            maxEvents: off
        """

    /// - Parameter workers: more than one stand behind a router.
    init(workers: Int = 1) throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("sojourn-clients-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("sojourn.yaml")
        try Data(Self.configuration.utf8).write(to: file)
        let secret = folder.appendingPathComponent("secret")
        try TestSecret.write(to: secret.path)
        var processes: [Process] = []
        services = try (0..<workers).map { worker in
            let range = "\(64 * worker / workers)-\(64 * (worker + 1) / workers - 1)/64"
            return try Self.start(
                [
                    "serve", "--config", file.path, "--secret-file", secret.path, "--partitions",
                    range,
                ], &processes)
        }
        endpoint =
            workers == 1
            ? services[0]
            : try Self.start(["route"] + services.flatMap { ["--worker", $0] }, &processes)
        self.processes = processes
    }

    /// - Returns: where it listens.
    private static func start(
        _ arguments: [String], _ processes: inout [Process]
    ) throws -> String {
        let process = Process()
        process.executableURL = Place.product("sojourn")
        process.arguments = arguments + ["--listen", "tcp://127.0.0.1:*"]
        let log = Pipe()
        process.standardError = log
        process.standardOutput = FileHandle.nullDevice
        try process.start()
        processes.append(process)
        let endpoint = try Self.endpoint(toldIn: log.fileHandleForReading)
        // Nobody reads on; what it still writes must not fill the pipe.
        log.fileHandleForReading.readabilityHandler = { handle in
            if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        }
        return endpoint
    }

    deinit {
        for process in processes.reversed() {
            process.terminate()
            process.waitUntilExit()
        }
        _ = try? FileManager.default.removeItem(at: folder)
    }

    /// The first line of the log says where the service listens.
    private static func endpoint(toldIn log: FileHandle) throws -> String {
        var text = ""
        while true {
            let data = log.availableData
            guard !data.isEmpty else { throw ClientFault("the service did not start: \(text)") }
            text += String(decoding: data, as: UTF8.self)
            if let match = text.firstMatch(of: /listens at (tcp:\/\/127\.0\.0\.1:[0-9]+)/) {
                return String(match.1)
            }
        }
    }
}

/// What a service or a client did that it must not.
struct ClientFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
