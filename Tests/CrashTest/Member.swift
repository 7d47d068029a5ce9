import SojournTestKit

/// One of the processes of a cluster, and how it is started again.
final class Member {
    let name: String
    private let command: [String]
    private let log: String
    private(set) var process: ServerProcess?

    init(_ name: String, _ command: [String], log: String) {
        self.name = name
        self.command = command
        self.log = log
    }

    func start() throws { process = try ServerProcess(command, log: log) }

    func restart() throws {
        process?.kill()
        try start()
    }

    /// - Returns: what is wrong with how it ended; nil for nothing.
    func terminate() -> Fault? {
        guard let end = process?.terminate(), end != .exited(0) else { return nil }
        return Fault(.server, "\(name) ended with \(end) when it was asked to")
    }
}
