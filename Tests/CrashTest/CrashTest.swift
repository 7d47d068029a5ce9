import Foundation
import SojournClient
import SojournTestKit

/// Kills a server under load again and again, and compares in the end all that was answered with the
/// definition of sessions.
///
///     crash-test FOLDER KILLS SEED [cluster]
///
/// With `cluster` there are two workers behind two routers, and any of them is killed, or stopped for a
/// while.
///
/// `SOJOURN_CRASH_WITHOUT=sync` runs the server with `--durability os`, and cuts off what was written
/// last after each kill, as a power cut would; `SOJOURN_CRASH_WITHOUT=dedupe` gives what is sent
/// again a new number. With either the test must fail, or it would prove nothing.
@main struct CrashTest {
    enum Omission: String { case sync, dedupe }

    static func main() async {
        let arguments = CommandLine.arguments
        let isCluster = arguments.count == 5 && arguments[4] == "cluster"
        guard arguments.count == 4 || isCluster, let kills = Int(arguments[2]),
            let seed = UInt64(arguments[3])
        else {
            say("usage: crash-test FOLDER KILLS SEED [cluster]")
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
            let faults =
                isCluster
                ? try await ClusterRun(in: folder, kills: kills, seed: seed, without: omission)
                    .run()
                : try await CrashRun(in: folder, kills: kills, seed: seed, without: omission).run()
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
