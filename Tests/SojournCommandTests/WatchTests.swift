import Foundation
import SojournTestKit
import Testing

/// `sojourn watch` with processes that are watched.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WatchTests {
    /// A line of JSON that it writes.
    private struct Line: Decodable {
        struct Count: Decodable {
            var perSecond: Double?
            var total: Int
        }
        struct Worker: Decodable { var up: Bool }

        var noAnswer: String?
        var seconds: Double?
        var restarted: Bool?
        var figures: [String: Double]?
        var outcomes: [String: Count]?
        var refusals: [String: Count]?
        var workers: [Worker]?
    }

    /// The command while it runs, and what it has written so far.
    private final class Watching: Sendable {
        private let process: Process
        private let folder: TemporaryFolder

        init(_ endpoint: String) throws {
            folder = try TemporaryFolder()
            process = Process()
            process.executableURL = CommandRun.executable
            process.arguments = [
                "watch", "--connect", endpoint, "--interval", "100ms", "--output", "json",
            ]
            process.standardOutput = try FileHandle(
                forWritingTo: folder.file("output", ""))
            process.standardError = FileHandle.nullDevice
            try process.start()
        }

        deinit { if process.isRunning { process.terminate() } }

        var lines: [Line] {
            get throws {
                let text = try String(contentsOfFile: folder.path("output"), encoding: .utf8)
                // The last one may be half there.
                let whole = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                return try whole.map { try decoder.decode(Line.self, from: Data($0.utf8)) }
            }
        }

        /// Waits for a line like this behind the first `start`; the suite's limit of time bounds it.
        /// - Returns: how many lines there are up to it.
        func until(from start: Int = 0, _ isMeant: (Line) -> Bool) async throws -> Int {
            while true {
                let lines = try lines
                if let found = lines.dropFirst(start).firstIndex(where: isMeant) {
                    return found + 1
                }
                try #require(process.isRunning, "it ended after \(lines.count) lines")
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        /// What Ctrl-C does.
        func interrupt() async throws -> Int32 {
            process.interrupt()
            while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
            return process.terminationStatus
        }
    }

    @Test func `events show in the intervals in which they come`() async throws {
        let folder = try TemporaryFolder()
        let service = try ServiceProcess(in: folder)
        let watching = try Watching(service.endpoint)
        _ = try await watching.until { $0.figures != nil }
        let sent = try await CommandRun.sojourn(
            "assign", Place.sample, "--connect", service.endpoint, "--out", "/dev/null")
        #expect(sent.status == 0)
        let refused = try await CommandRun.sojourn(
            "assign", Place.sample, "--connect", service.endpoint, "--property", "9", "--out",
            "/dev/null")
        #expect(refused.status == 78)
        _ = try await watching.until { $0.refusals?["unknown_property"] != nil }
        #expect(try await watching.interrupt() == 0)

        let lines = try watching.lines
        let events = lines.reduce(0) {
            $0 + ($1.figures?["events_per_second"] ?? 0) * ($1.seconds ?? 0)
        }
        #expect(Int(events.rounded()) == 1_686)
        let last = try #require(lines.last)
        #expect(last.outcomes?["new"]?.total == 287)
        #expect(last.outcomes?.values.reduce(0) { $0 + $1.total } == 1_686)
        #expect(lines.contains { ($0.figures?["p99_microseconds"] ?? 0) > 0 })
        #expect(lines.contains { ($0.refusals?["unknown_property"]?.perSecond ?? 0) > 0 })
    }

    @Test func `a service that goes away is said to, and seen when it is there again`() async throws
    {
        let folder = try TemporaryFolder()
        let first = try ServiceProcess(in: folder)
        let watching = try Watching(first.endpoint)
        let seen = try await watching.until { $0.figures != nil }
        first.stop()
        let gone = try await watching.until(from: seen) { $0.noAnswer != nil }
        // Another deployment, with a secret that it made up.
        let second = try ServiceProcess(in: folder)
        let back = try await watching.until(from: gone) { $0.noAnswer == nil }
        _ = try await watching.until(from: back) { $0.seconds != nil }
        #expect(try watching.lines[back - 1].restarted == true)
        #expect(try await watching.interrupt() == 0)
        second.stop()
    }

    @Test func `a router is watched with its workers`() async throws {
        let folder = try TemporaryFolder()
        let worker = try ServiceProcess(in: folder)
        let router = try ServiceProcess(
            in: folder, socket: "r", ["route", "--worker", worker.endpoint])
        let watching = try Watching(router.endpoint)
        _ = try await watching.until { $0.figures?["workers_up"] == 1 }
        #expect(try watching.lines.last?.workers?.map(\.up) == [true])
        worker.stop()
        _ = try await watching.until { $0.workers?.map(\.up) == [false] }
        #expect(try await watching.interrupt() == 0)
    }

    @Test func `lines are as many as were asked for`() async throws {
        let folder = try TemporaryFolder()
        let service = try ServiceProcess(in: folder)
        let run = try await CommandRun.sojourn(
            "watch", "--connect", service.endpoint, "--interval", "100ms", "--count", "2")
        #expect(run.status == 0)
        #expect(run.lines.count == 3)
        #expect(run.lines[0].contains("events/s"))
        #expect(!run.output.contains("\u{1B}"))
        #expect(run.errors.isEmpty)
    }

    @Test func `a reader that goes away ends it`() async throws {
        let folder = try TemporaryFolder()
        let service = try ServiceProcess(in: folder)
        let run = try await CommandRun.bash(
            "set -o pipefail; \"$SOJOURN\" watch --connect \(service.endpoint) --interval 100ms | head -2"
        )
        #expect(run.status == 0)
        #expect(run.lines.count == 2)
    }

    @Test func `on a terminal it draws in place until Ctrl-C`() async throws {
        let folder = try TemporaryFolder()
        let service = try ServiceProcess(in: folder)
        let screen = folder.path("screen")
        // script gives it a terminal; the second picture moves up over the first one.
        let run = try await CommandRun.bash(
            """
            export TERM=xterm; mkfifo '\(folder.path("keys"))'
            script -qefc "$SOJOURN watch --connect \(service.endpoint) --interval 100ms" '\(screen)' \
                < '\(folder.path("keys"))' > /dev/null &
            exec 3> '\(folder.path("keys"))'
            until grep -q $'\\e\\[[0-9]*A' '\(screen)' || ! kill -0 $!; do sleep 0.05; done
            printf '\\003' >&3
            wait $!
            """)
        #expect(run.status == 0, "\(run.errors)")
        let drawn = try String(contentsOfFile: screen, encoding: .utf8)
        #expect(drawn.contains("events/s"))
        #expect(drawn.contains("▁"))
        #expect(!drawn.contains("time (UTC)"))
    }
}
