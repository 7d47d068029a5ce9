import ArgumentParser
import Foundation
import SojournClient
import SojournServer

/// `sojourn watch`: how a service, or a router, is doing at this moment.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Watch a service or a router: events, sessions, outcomes, latency, queue.",
        discussion: """
            On a terminal the figures stay in their place, each with its last minute; into a pipe or a file, or with \
            --count, a line is written for each interval. Rates are of the interval, by the server's clock; p50 \
            and p99 are reckoned from how many replies stayed within each of the bounds that STATUS tells, \
            and the question of this command is one of them. A server that goes away is said to, and watched \
            for; Ctrl-C ends.
            """)

    @Option(help: ArgumentHelp("Time between two looks: 1s, 500ms.", valueName: "duration"))
    var interval = "1s"

    @Option(help: ArgumentHelp("Write this many lines, and end.", valueName: "lines"))
    var count: Int?

    @Option(help: "Of lines: text or json.")
    var output = DisplayFormat.text

    @OptionGroup var connection: ConnectionOptions

    /// An hour.
    private static let intervalRange: ClosedRange<Int64> = 100...3_600_000

    func validate() throws {
        guard let milliseconds = ConfigurationText.duration(interval),
            Self.intervalRange.contains(milliseconds)
        else {
            throw ValidationError(
                "--interval \(interval) is not from 100ms to 1h; \(ConfigurationText.durationForm)")
        }
        if let count, count < 1 { throw ValidationError("--count \(count) must be at least 1") }
    }

    func run() async throws {
        let (interval, count, output, connection) = (interval, count, output, connection)
        let isInPlace = count == nil && output == .text && TerminalPage.isThere
        let work = Task {
            var watch = try Watch(
                connection: connection,
                intervalMilliseconds: ConfigurationText.duration(interval) ?? 1_000,
                output: isInPlace ? .page(TerminalPage()) : .lines(output), linesLeft: count)
            try await watch.run()
        }
        let signals = EndSignals { work.cancel() }
        do { try await work.value } catch {
            // What it was doing when it was told to end did not come to an end, and need not.
            guard work.isCancelled else { throw error }
        }
        signals.cancel()
    }
}
