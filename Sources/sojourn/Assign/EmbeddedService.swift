import ArgumentParser
import Foundation
import Logging
import SojournModel
import SojournServer
import SojournService

/// The policy of a service that runs inside the command.
struct EmbeddedOptions: ParsableArguments {
    @Flag(
        name: .customLong("embedded"),
        help: "Run the service inside this command; nothing else is needed.")
    var isEmbedded = false

    @Option(
        help: ArgumentHelp(
            "With --embedded: a visit ends after so much silence, such as 30m.",
            valueName: "duration"))
    var timeout: String?

    @Option(
        help: ArgumentHelp(
            "With --embedded: how late an event may come.", valueName: "duration"))
    var lateness: String?

    @Option(
        help: ArgumentHelp(
            "With --embedded: how long a session may be, or off.", valueName: "duration"))
    var maxDuration: String?

    @Option(
        help: ArgumentHelp(
            "With --embedded: a configuration file as for `sojourn serve`.", valueName: "file"))
    var config: String?

    func validate() throws {
        let hasPolicy = [timeout, lateness, maxDuration, config].contains { $0 != nil }
        if hasPolicy, !isEmbedded {
            throw ValidationError(
                "--timeout, --lateness, --max-duration and --config need --embedded; "
                    + "a running service has its own policy.")
        }
        do { _ = try policy() } catch {
            throw ValidationError("\(error.key ?? ""): \(error.reason)")
        }
    }

    private func policy() throws(ConfigurationError) -> PolicyOverride {
        try PolicyOverride(
            timeout: timeout, lateness: lateness, maxDuration: maxDuration,
            source: "command line", names: ("--timeout", "--lateness", "--max-duration"))
    }

    /// The configuration of the service: the options over the file.
    ///
    /// A service that was given no secret has always the same one here, so that the same input gives
    /// the same ids.
    fileprivate func configuration() throws(ConfigurationError) -> ServerConfiguration {
        var settings = ServerSettings()
        settings.policy = try policy()
        settings.policySource = "command line"
        if let config { settings = settings.over(try ServerSettings(file: config)) }
        settings.listens = ["tcp://127.0.0.1:*"]
        var (configuration, _) = try settings.resolve()
        if configuration.secretSource == nil {
            configuration.service.secret = DeploymentSecret(
                Bits128(high: 0x736F_6A6F_7572_6E20, low: 0x656D_6265_6464_6564))
        }
        return configuration
    }
}

/// A service inside the command.
struct EmbeddedService {
    let server: SojournServer
    /// Where it listens.
    var endpoint: String { server.endpoints[0] }

    init(_ options: EmbeddedOptions) throws {
        var log = Logger(label: "sojourn") { StreamLogHandler.standardError(label: $0) }
        log.logLevel = .error
        server = try SojournServer(try options.configuration(), log: log)
    }

    /// Returns when it has stopped.
    func stop() async {
        let server = server
        // It waits for threads, so not on one that tasks share.
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                server.stop()
                continuation.resume()
            }
        }
    }
}
