import ArgumentParser
import SojournInput

/// `sojourn sample`: traffic of a shop, invented from a seed.
struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Write plausible shop traffic as CSV, invented from a seed.",
        discussion: """
            Visits with landing pages, channels, campaigns, purchases, pauses, late and doubled \
            events, and bots. The same options give the same bytes on every machine.
            """)

    @Option(help: "What the traffic is invented from.")
    var seed: UInt64 = 1

    @Option(help: "How many visitors there are.")
    var visitors = 300

    @Option(help: "Over how many days they come.")
    var days = 3

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where to write; - is standard output.", valueName: "file"))
    var out = "-"

    func validate() throws {
        guard (0...10_000_000).contains(visitors) else {
            throw ValidationError("--visitors must be from 0 to 10,000,000.")
        }
        guard (1...3_650).contains(days) else {
            throw ValidationError("--days must be from 1 to 3,650.")
        }
    }

    func run() throws {
        var sink = try OutputSink(path: out)
        try SampleTraffic(seed: seed, visitors: visitors, days: days).write(to: &sink)
    }
}
