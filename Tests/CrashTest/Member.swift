import Foundation
import SojournTestKit

/// One of the processes of a cluster, and how it is started again.
final class Member {
    let name: String
    private let command: [String]
    private let log: String
    private let endSignal: Int32
    private let end: ServerProcess.End
    private(set) var process: ServerProcess?

    /// - Parameters:
    ///   - endSignal: tells it to end.
    ///   - end: how it ends then.
    init(
        _ name: String, _ command: [String], log: String, endSignal: Int32 = SIGTERM,
        end: ServerProcess.End = .exited(0)
    ) {
        self.name = name
        self.command = command
        self.log = log
        self.endSignal = endSignal
        self.end = end
    }

    func start() throws { process = try ServerProcess(command, log: log) }

    func restart() throws {
        process?.kill()
        try start()
    }

    /// - Returns: what is wrong with how it ended; nil for nothing.
    func terminate() -> Fault? {
        guard let found = process?.terminate(by: endSignal), found != end else { return nil }
        return Fault(.server, "\(name) ended with \(found) when it was asked to")
    }
}
