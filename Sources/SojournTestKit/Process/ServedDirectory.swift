package import Foundation

/// A data directory and a configuration of its own, and the processes that serve it, one after the
/// other.
package final class ServedDirectory: Sendable {
    package let folder: String
    /// A user's number that the service runs as; nil for this one's.
    private let user: UInt32?

    package init(user: UInt32? = nil) throws {
        self.user = user
        folder = "/tmp/sojourn-test-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        try configure("")
        if let user { try run("chown", "\(user)", folder) }
    }

    deinit { _ = try? FileManager.default.removeItem(atPath: folder) }

    package var data: String { "\(folder)/data" }
    package var endpoint: String { "ipc://\(folder)/socket" }
    private var configuration: String { "\(folder)/sojourn.yaml" }

    /// Replaces the configuration file.
    package func configure(_ yaml: String) throws {
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: configuration))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: configuration)
    }

    /// Starts a server, which may fail to come up.
    package func launch(_ arguments: String...) throws -> ServerProcess {
        let serve = [
            "serve", "--listen", endpoint, "--config", configuration, "--data", data,
        ]
        var command = [ServerProcess.executable.path] + serve + arguments
        if let user {
            command =
                ["setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups"] + command
        }
        return try ServerProcess(command, log: "\(folder)/log")
    }

    /// Starts a server and waits until it listens.
    package func serve(
        durability: String = "disk", timeout: String? = nil
    ) throws -> ServerProcess {
        let server =
            if let timeout {
                try launch("--durability", durability, "--timeout", timeout)
            } else {
                try launch("--durability", durability)
            }
        try server.waitUntilListening()
        return server
    }

    /// Starts a server that is to refuse to.
    ///
    /// - Returns: its exit code, and what it said.
    package func refusal(_ arguments: String...) throws -> (code: Int32, words: String) {
        let server =
            arguments.isEmpty ? try launch() : try launch(arguments[0], arguments[1])
        return (try server.code(), server.log)
    }

    /// Runs `sojourn check` on the directory.
    package func check(repair: Bool = false) throws -> (code: Int32, words: String) {
        let check = try ServerProcess(
            [ServerProcess.executable.path, "check", "--data", data]
                + (repair ? ["--repair"] : []), log: "\(folder)/check")
        return (try check.code(), check.log)
    }

    /// Runs another command, which is to succeed.
    package func run(_ command: String...) throws {
        let process = try ServerProcess(command, log: "\(folder)/commands")
        guard try process.code() == 0 else { throw ServerProcess.Failure(process.log) }
    }

    // MARK: Files

    /// The path of the journal's last segment.
    package func lastSegment() throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: data)
        guard let name = names.filter({ $0.hasSuffix(".seg") }).max() else {
            throw ServerProcess.Failure("there is no segment")
        }
        return "\(data)/\(name)"
    }

    /// Changes a file's bytes.
    package func edit(_ path: String, _ change: (inout Data) -> Void) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        change(&bytes)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: bytes)
        try file.close()
    }
}
