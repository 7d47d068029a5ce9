import ArgumentParser
import Foundation
import SojournInput

/// `sojourn`: the service, and what goes with it.
@main
struct Sojourn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sojourn",
        abstract: "One sessionizer for every service: events in, session assignments out.",
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, RouteCommand.self, ClusterCommand.self, AssignCommand.self,
            LookupCommand.self,
            StatusCommand.self, WatchCommand.self, ReportCommand.self, JourneysCommand.self,
            FunnelCommand.self,
            ExportCommand.self, ForgetCommand.self, CheckCommand.self, KeygenCommand.self,
            SampleCommand.self,
            BenchCommand.self, VectorsCommand.self,
        ])

    static func main() async {
        // A reader that goes away (`| head`) ends the output, not the process.
        OutputSink.ignoreBrokenPipes()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard let failure = CommandFailure(error) else { exit(withError: error) }
            Console.standardError.show(progress: "")
            Console.standardError.say("sojourn: \(failure.message)")
            Foundation.exit(failure.status.rawValue)
        }
    }
}
