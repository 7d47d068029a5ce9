import Foundation
import SojournTestKit

/// One of the processes of a cluster, and how it is started again.
final class Member {
    let name: String
    private let command: [String]
    private let log: String
    private let endSignal: Int32
    private(set) var process: ServerProcess?

    /// - Parameter endSignal: ends it with exit code 0.
    init(_ name: String, _ command: [String], log: String, endSignal: Int32 = SIGTERM) {
        self.name = name
        self.command = command
        self.log = log
        self.endSignal = endSignal
    }

    func start() throws { process = try ServerProcess(command, log: log) }

    func restart() throws {
        process?.kill()
        try start()
    }

    /// - Returns: what is wrong with how it ended; nil for nothing.
    func terminate() -> Fault? {
        guard let end = process?.terminate(by: endSignal), end != .exited(0) else { return nil }
        return Fault(.server, "\(name) ended with \(end) when it was asked to")
    }
}
