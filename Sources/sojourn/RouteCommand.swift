import ArgumentParser
import Foundation
import Logging
import SojournModel
import SojournServer

/// `sojourn route`
struct RouteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route",
        abstract: "Run a router: batches in, split over workers, answers merged.",
        discussion: """
            Clients speak to a router as to a service. It keeps nothing, so any number of them may stand \
            before the same workers, which are started with sojourn serve --partitions. It waits for \
            workers that are not there yet, and says for which.

            Options stand over the environment (SOJOURN_LISTEN, SOJOURN_WORKERS, SOJOURN_DEPLOYMENT, \
            SOJOURN_CONFIG, SOJOURN_INSECURE_LISTEN, SOJOURN_LOG_LEVEL), and that over the file.

            SIGTERM and SIGINT answer what was received, refuse what still comes, and end within \
            5 seconds; a second signal ends at once.

            Exit codes: 0 stopped when asked to, \(ExitStatus.usage.rawValue) bad usage, \
            \(ExitStatus.unavailable.rawValue) address in use, \
            \(ExitStatus.software.rawValue) fault of its own, \
            \(ExitStatus.system.rawValue) refused by the system, \
            \(ExitStatus.noPermission.rawValue) no permission, \
            \(ExitStatus.badConfiguration.rawValue) bad configuration.
            """)

    @Option(
        help: ArgumentHelp(
            "A worker's address; once for each of them.",
            discussion: "Together they must have every partition, and each only once.",
            valueName: "endpoint"))
    var worker: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where to listen; given again, there as well.",
            discussion: "ipc:///PATH too. (default: \(RouterServerConfiguration.defaultListen))",
            valueName: "endpoint"))
    var listen: [String] = []

    @Option(
        help: ArgumentHelp(
            "A YAML file: listen, workers, deployment, limits.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "The deployment that the workers must be of; else that of the first one.",
            valueName: "id"))
    var deployment: String?

    @OptionGroup var cluster: ClusterOptions

    @Flag(help: "Listen at addresses that others can reach, though traffic is not encrypted.")
    var insecureListen = false

    @OptionGroup var logging: LogOptions

    func validate() throws {
        if let deployment, DeploymentID(configuration: deployment) == nil {
            throw ValidationError(
                "--deployment \(deployment) \(DeploymentID.configurationForm)")
        }
    }

    func run() async throws {
        let settings = try settings(ProcessInfo.processInfo.environment)
        let log = LogOptions.log(settings.logLevel)
        let configuration = try settings.resolve()

        // Before anybody can know of the router and ask it to stop.
        let signals = ServerSignals(log)
        let server = try await Self.start(configuration, signals, log)
        guard let server else { return log.info("stopped") }
        signals.serve(server)
        await server.untilStopped()
        withExtendedLifetime(signals) {}
        if server.hasFailed {
            throw CommandFailure(.software, "the router stopped for a fault of its own")
        }
        log.info("stopped")
    }

    /// Starts on a thread of its own, for a router waits until there is a cluster.
    ///
    /// - Returns: nil when it was asked to stop before.
    private static func start(
        _ configuration: RouterServerConfiguration, _ signals: ServerSignals, _ log: Logger
    ) async throws -> RouterServer? {
        let isStopping = signals.isStopping
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                let result = Result {
                    try RouterServer(configuration, isStopping: isStopping, log: log)
                }
                if isStopping(), case .failure = result {
                    return continuation.resume(returning: nil)
                }
                continuation.resume(with: result.map(Optional.some))
            }
        }
    }

    /// Options over the environment over the file.
    private func settings(
        _ environment: [String: String]
    ) throws(ConfigurationError) -> RouterSettings {
        var options = RouterSettings()
        options.listens = listen.isEmpty ? nil : listen
        options.workers = worker.isEmpty ? nil : worker
        options.cluster = cluster.input
        options.deployment = deployment.flatMap(DeploymentID.init(configuration:))
        options.allowsInsecureListen = insecureListen ? true : nil
        options.logLevel = logging.level
        let surroundings = try RouterSettings(environment: environment)
        guard let path = config ?? environment["SOJOURN_CONFIG"] else {
            return options.over(surroundings)
        }
        return options.over(surroundings).over(try RouterSettings(file: path))
    }
}
