import Foundation
import SojournClient
import SojournTestKit

/// Kills a server under load again and again, and compares in the end all that was answered with the
/// definition of sessions.
///
///     crash-test FOLDER KILLS SEED [cluster|elastic]
///
/// With `cluster` there are two workers behind two routers, with `elastic` three that share their partitions
/// over NATS; any of them is killed, or stopped for a while.
///
/// `SOJOURN_CRASH_WITHOUT=sync` runs the server with `--durability os`, and cuts off what was written
/// last after each kill, as a power cut would; `SOJOURN_CRASH_WITHOUT=dedupe` gives what is sent
/// again a new number. With either the test must fail, or it would prove nothing.
@main struct CrashTest {
    enum Omission: String { case sync, dedupe }
    private enum Subject: String { case server, cluster, elastic }

    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 || arguments.count == 5, let kills = Int(arguments[2]),
            let seed = UInt64(arguments[3]),
            let subject = Subject(rawValue: arguments.count == 5 ? arguments[4] : "server")
        else {
            say("usage: crash-test FOLDER KILLS SEED [cluster|elastic]")
            exit(64)
        }
        let without = ProcessInfo.processInfo.environment["SOJOURN_CRASH_WITHOUT"]
        let omission = without.flatMap(Omission.init(rawValue:))
        if without != nil, omission == nil {
            say("SOJOURN_CRASH_WITHOUT is sync or dedupe")
            exit(64)
        }
        do {
            let folder = arguments[1]
            let faults: [Fault]
            switch subject {
            case .server:
                faults = try await CrashRun(
                    in: folder, kills: kills, seed: seed, without: omission
                ).run()
            case .cluster:
                faults = try await ClusterRun(
                    FixedCluster(in: folder, without: omission), kills: kills, seed: seed,
                    without: omission
                ).run()
            case .elastic:
                faults = try await ClusterRun(
                    ElasticCluster(in: folder), kills: kills, seed: seed, without: omission
                ).run()
            }
            for kind in Fault.Kind.allCases {
                let found = faults.filter { $0.kind == kind }
                if let first = found.first {
                    say("\(kind.rawValue): \(found.count) faults, such as: \(first.text)")
                }
            }
            say(faults.isEmpty ? "verdict: good" : "verdict: \(faults.count) FAULTS")
            exit(faults.isEmpty ? 0 : 1)
        } catch {
            say("verdict: FAILED, \(error)")
            exit(1)
        }
    }
}

/// Prints a line at once.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
