import Foundation

/// Workers and routers, each a process of its own, in a folder of their own; with CURVE, also the keys and
/// the files of clients of all of them.
package final class RouterCluster: Sendable {
    /// Who may do what, with routers and workers.
    package struct Client: Sendable {
        package var name: String
        /// As in a file of clients: `read: [1], write: [1]`.
        package var rights: String
        /// Names of its keys.
        package var keys: [String]

        package init(_ name: String, _ rights: String, keys: [String]? = nil) {
            self.name = name
            self.rights = rights
            self.keys = keys ?? [name]
        }
    }

    private static let partitions = 64
    /// Who may ask everything of everybody, workers too.
    package static let overseer = "overseer"
    private static let overseeing = Client(overseer, "read: all, write: all, admin: all")

    package let folder: String
    package let workers: [ServerProcess]
    package let routers: [ServerProcess]
    /// What each worker is started with.
    private let workerArguments: [[String]]

    /// Starts all, and waits until they listen.
    ///
    /// - Parameters:
    ///   - clients: of the routers; nil for plain text.
    ///   - unmarked: a router that the workers take for another client, by its number.
    ///   - keepsData: workers have a directory each, with journal and archive.
    ///   - configuration: of the workers.
    ///   - options: of the routers.
    package init(
        workers: Int = 2, routers: Int = 1, clients: [Client]? = nil, unmarked: Int? = nil,
        keepsData: Bool = false, configuration: String = "properties: [{id: 1}, {id: 2}]",
        routerOptions: [String] = []
    ) throws {
        let folder = "/tmp/sojourn-test-\(UInt64.random(in: 0 ... .max))"
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        try TestSecret.write(to: "\(folder)/secret")
        try Data("\(configuration)\n".utf8).write(
            to: URL(fileURLWithPath: "\(folder)/workers.yaml"))
        if let clients {
            let servers =
                (0..<workers).map { "worker\($0)" } + (0..<routers).map { "router\($0)" }
            for key in servers + [Self.overseer] { try Self.makeKey(key, in: folder) }
            for key in clients.flatMap(\.keys) { try Self.makeKey(key, in: folder) }
            try Self.write(clients + [Self.overseeing], to: "routers", in: folder)
            let known = (0..<routers).map { number in
                Client(
                    "router\(number)", number == unmarked ? "admin: all" : "router: on")
            }
            try Self.write(known + [Self.overseeing], to: "workers", in: folder)
        }
        func curve(_ name: String, _ file: String) -> [String] {
            clients == nil
                ? []
                : [
                    "--curve-key-file", "\(folder)/\(name)", "--clients-file",
                    "\(folder)/clients-of-\(file).yaml",
                ]
        }
        workerArguments = (0..<workers).map { number in
            let first = Self.partitions * number / workers
            let last = Self.partitions * (number + 1) / workers - 1
            return [
                "--listen", "ipc://\(folder)/worker\(number).socket", "--config",
                "\(folder)/workers.yaml", "--secret-file", "\(folder)/secret",
                "--partitions", "\(first)-\(last)/\(Self.partitions)",
            ] + (keepsData ? ["--data", "\(folder)/data\(number)"] : [])
                + curve("worker\(number)", "workers")
        }
        self.workers = try workerArguments.enumerated().map { number, arguments in
            try ServerProcess(serve: arguments, log: "\(folder)/worker\(number).log")
        }
        let addresses = (0..<workers).flatMap { number in
            let key = clients == nil ? "" : "=\(folder)/worker\(number).pub"
            return ["--worker", "ipc://\(folder)/worker\(number).socket\(key)"]
        }
        self.routers = try (0..<routers).map { number in
            try ServerProcess(
                [
                    ServerProcess.executable.path, "route", "--listen",
                    "ipc://\(folder)/router\(number).socket",
                ] + addresses + curve("router\(number)", "routers") + routerOptions,
                log: "\(folder)/router\(number).log")
        }
        for process in self.workers + self.routers { try process.waitUntilListening() }
    }

    deinit {
        for process in workers + routers where process.isRunning { process.kill() }
        _ = try? FileManager.default.removeItem(atPath: folder)
    }

    /// Starts a worker again that has ended, with the data that it had. It ends with the last reference.
    package func restart(worker number: Int) throws -> ServerProcess {
        let process = try ServerProcess(
            serve: workerArguments[number], log: "\(folder)/worker\(number).log")
        try process.waitUntilListening()
        return process
    }

    package func worker(_ number: Int) -> String { "ipc://\(folder)/worker\(number).socket" }
    package func router(_ number: Int = 0) -> String { "ipc://\(folder)/router\(number).socket" }

    // MARK: Keys and files of clients

    private static func makeKey(_ name: String, in folder: String) throws {
        let process = try ServerProcess(
            [ServerProcess.executable.path, "keygen", "\(folder)/\(name)"],
            log: "\(folder)/keygen.log")
        guard try process.code() == 0 else { throw ServerProcess.Failure(process.log) }
    }

    /// Makes a pair of keys that nobody knows yet.
    package func makeKey(_ name: String) throws { try Self.makeKey(name, in: folder) }

    package func publicKey(_ name: String) throws -> String {
        try Self.key(at: "\(folder)/\(name).pub")
    }

    package func secretKey(_ name: String) throws -> String {
        try Self.key(at: "\(folder)/\(name)")
    }

    private static func key(at path: String) throws -> String {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let key = text.split(separator: "\n").first(where: { !$0.hasPrefix("#") }) else {
            throw ServerProcess.Failure("there is no key in \(path)")
        }
        return String(key)
    }

    private static func write(_ clients: [Client], to name: String, in folder: String) throws {
        var text = "clients:\n"
        for client in clients {
            let keys = try client.keys.map { "'\(try key(at: "\(folder)/\($0).pub"))'" }
            text +=
                "  - {name: \(client.name), keys: [\(keys.joined(separator: ", "))], "
                + "\(client.rights)}\n"
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/clients-of-\(name).yaml"))
    }

    /// Writes the routers' file of clients anew, and has it read.
    package func authorize(_ clients: [Client]) throws {
        try Self.write(clients + [Self.overseeing], to: "routers", in: folder)
        for router in routers {
            let before = router.log
            router.signal(SIGHUP)
            try router.waitUntilLogged("was read again", behind: before.count)
        }
    }
}

extension ServerProcess {
    /// Waits until it has said something.
    ///
    /// - Parameter start: characters that it had said before.
    package func waitUntilLogged(_ words: String, behind start: Int = 0) throws {
        let began = ContinuousClock.now
        while !log.dropFirst(start).contains(words) {
            guard .now - began < .seconds(20) else {
                throw Failure("the process does not say \"\(words)\": \(log)")
            }
            usleep(2_000)
        }
    }
}
