import ArgumentParser

/// `sojourn bench`: how fast, how small, and how near to the transport's own limit.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the engine, the service, the wire format and reports.",
        subcommands: [EngineBench.self, ServiceBench.self, WireBench.self, ReportBench.self])
}
