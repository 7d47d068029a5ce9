import Foundation

/// A NATS server, workers that share partitions over it, and a router before them: processes in a folder of their
/// own, ended by force with the last reference.
package final class ElasticService: Sendable {
    private static let partitions = 4

    package let folder: String
    private let servers: NATSServers
    private let nats: ServerProcess
    private let options: [String]

    /// - Parameters:
    ///   - configuration: of the workers, but for what is needed to find one another soon.
    ///   - options: of the workers.
    package init(configuration: String = "", options: [String] = []) throws {
        folder = "/tmp/sojourn-test-\(UInt64.random(in: 0 ... .max))"
        self.options = options
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        try TestSecret.write(to: "\(folder)/secret")
        let cluster = "cluster: {deadMilliseconds: 1000, snapshotBytes: 65536}"
        try Data("\(cluster)\n\(configuration)\n".utf8).write(
            to: URL(fileURLWithPath: "\(folder)/workers.yaml"))
        servers = try NATSServers(1, in: "\(folder)/nats")
        nats = try ServerProcess(servers.commands[0], log: "\(folder)/nats.log")
    }

    deinit {
        nats.kill()
        _ = try? FileManager.default.removeItem(atPath: folder)
    }

    /// Lets the log acknowledge nothing, or lets it again.
    package func freezeLog(_ isFrozen: Bool) { nats.signal(isFrozen ? SIGSTOP : SIGCONT) }

    package var endpoint: String { "ipc://\(folder)/router" }

    /// Starts a worker, which takes partitions when it can.
    package func worker(_ name: String, options more: [String] = []) throws -> ServerProcess {
        try ServerProcess(
            [
                ServerProcess.executable.path, "serve", "--cluster", servers.addresses,
                "--worker-name", name, "--listen", "ipc://\(folder)/\(name)", "--replicas", "1",
                "--cluster-partitions", "\(Self.partitions)", "--config",
                "\(folder)/workers.yaml", "--secret-file", "\(folder)/secret",
            ] + options + more, log: "\(folder)/\(name).log")
    }

    package func router(options: [String] = []) throws -> ServerProcess {
        try ServerProcess(
            [
                ServerProcess.executable.path, "route", "--cluster", servers.addresses,
                "--listen", endpoint,
            ] + options, log: "\(folder)/router.log")
    }
}
