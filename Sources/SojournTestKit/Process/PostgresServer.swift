import Foundation
import Synchronization

/// A PostgreSQL of its own in a temporary folder, which listens at a socket there and asks for a password.
///
/// PostgreSQL refuses to run as root: then it runs as its own user. Ended with the last reference.
package final class PostgresServer: Sendable {
    /// One for all tests of a process that do not stop it; started when it is first asked for.
    package static let shared: Result<PostgresServer, any Error> = Result {
        let server = try PostgresServer()
        // What is static has no end of its own.
        atexit { if case .success(let server) = PostgresServer.shared { server.erase() } }
        return server
    }

    package let folder: String
    private let data: String
    private let process = Mutex<ServerProcess?>(nil)

    /// As `--archive` takes it: the password is in a file.
    package var address: String {
        "postgresql://sojourn@/postgres?host=\(folder)&passfile=\(folder)/pass"
    }

    /// How commands are run by who may run the server.
    private static let user: [String] =
        geteuid() == 0
        ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] : []

    /// The folder of the newest version's programs.
    private static func programs() throws -> String {
        let parent = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        guard let version = versions.compactMap({ Int($0) }).max() else {
            throw ServerProcess.Failure(
                "there is no PostgreSQL in \(parent): Scripts/install-dependencies test installs it"
            )
        }
        return "\(parent)/\(version)/bin"
    }

    package init() throws {
        folder = "/tmp/sojourn-postgres-\(UInt64.random(in: 0 ... .max))"
        data = "\(folder)/data"
        let secret = "secret\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
        for (name, text) in [("password", secret), ("pass", "*:*:*:*:\(secret)\n")] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            try FileManager.default.setAttributes(
                [.posixPermissions: name == "pass" ? 0o600 : 0o644],
                ofItemAtPath: "\(folder)/\(name)")
        }
        if !Self.user.isEmpty { try run("chown", "postgres", folder) }
        try run(
            Self.user + [
                "\(Self.programs())/initdb", "-D", data, "-U", "sojourn", "-A", "scram-sha-256",
                "--pwfile=\(folder)/password", "--no-sync", "--encoding=UTF8", "--locale=C",
            ])
        try start()
    }

    deinit { erase() }

    private func erase() {
        stop()
        _ = try? FileManager.default.removeItem(atPath: folder)
    }

    package func start() throws {
        let command =
            Self.user + [
                "\(try Self.programs())/postgres", "-D", data, "-k", folder, "-c",
                "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60",
            ]
        let server = try ServerProcess(command, log: "\(folder)/log")
        let began = ContinuousClock.now
        while !server.log.contains("ready to accept connections") {
            guard server.isRunning, .now - began < .seconds(30) else {
                throw ServerProcess.Failure("PostgreSQL does not start: \(server.log)")
            }
            usleep(10_000)
        }
        process.withLock { $0 = server }
    }

    /// Ends it at once: connections are cut, and what is committed stays.
    package func stop() {
        guard let server = process.withLock({ $0.take() }) else { return }
        server.signal(SIGQUIT)
        // A test that ends with an error may have left it frozen.
        freeze(server, false)
        _ = server.waitForEnd()
    }

    /// Stops it in the middle of what it does, or lets it go on.
    package func freeze(_ isFrozen: Bool) {
        guard let server = process.withLock({ $0 }) else { return }
        freeze(server, isFrozen)
    }

    private func freeze(_ server: ServerProcess, _ isFrozen: Bool) {
        let children =
            (try? String(
                contentsOfFile: "/proc/\(server.pid)/task/\(server.pid)/children",
                encoding: .utf8)) ?? ""
        for child in children.split(separator: " ").compactMap({ Int32($0) }) {
            _ = kill(child, isFrozen ? SIGSTOP : SIGCONT)
        }
        server.signal(isFrozen ? SIGSTOP : SIGCONT)
    }

    /// Runs SQL, and returns its rows, columns apart by `|`.
    package func query(_ sql: String) throws -> [String] {
        let log = "\(folder)/query-\(UInt64.random(in: 0 ... .max))"
        let command = ["psql", address, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]
        let process = try ServerProcess(command, log: log)
        defer { _ = try? FileManager.default.removeItem(atPath: log) }
        guard try process.code() == 0 else { throw ServerProcess.Failure(process.log) }
        return process.log.split(separator: "\n").map(String.init)
    }

    private func run(_ command: String...) throws { try run(command) }

    private func run(_ command: [String]) throws {
        let process = try ServerProcess(command, log: "\(folder)/commands")
        guard try process.code() == 0 else { throw ServerProcess.Failure(process.log) }
    }
}
