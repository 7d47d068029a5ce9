import Foundation
import SojournModel
import SojournTestKit

/// The processes that a `ClusterRun` is about.
protocol Cluster: AnyObject {
    /// What it consists of.
    var title: String { get }
    /// Where clients find it.
    var routers: [String] { get }
    /// All of them.
    var members: [Member] { get }
    /// Those who keep sessions.
    var workers: [Member] { get }
    /// Something happens to somebody.
    func hit(_ random: inout SplitMix64, during course: Course) async throws
    /// What happened.
    var hits: [String] { get }
    /// Where each of those that count events is asked.
    func counters() throws -> [String]
}

extension Cluster {
    /// In any order: who comes first waits for the others.
    func start() throws { for member in members.reversed() { try member.start() } }

    /// - Returns: what is wrong with how they ended.
    func stop() -> [Fault] { members.reversed().compactMap { $0.terminate() } }

    func kill() { for member in members { member.process?.kill() } }
}

/// The files that every worker is started with.
struct WorkerFiles {
    let configuration: String
    let secret: String

    /// - Parameter lines: of the configuration, beside the properties.
    init(in folder: String, lines: String) throws {
        configuration = "\(folder)/sojourn.yaml"
        secret = "\(folder)/secret"
        try Data("\(Workload.yaml)\(lines)\n".utf8).write(
            to: URL(fileURLWithPath: configuration))
        try TestSecret.write(to: secret)
    }
}
