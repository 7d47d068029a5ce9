import ArgumentParser
import Foundation
import Logging
import SojournAdmin
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
            SOJOURN_CONFIG, SOJOURN_INSECURE_LISTEN, SOJOURN_ADMIN, SOJOURN_ADMIN_TOKEN_FILE, \
            SOJOURN_LOG_LEVEL, SOJOURN_CURVE_KEY_FILE or SOJOURN_CURVE_KEY, SOJOURN_CLIENTS_FILE), and that over the file.

            With a key of its own it lets in authorized clients only, as a service does, and shows that key to \
            its workers, in whose files of clients it is marked as a router. SIGHUP reads the file of \
            clients and that of the admin port's token again; connections stay.

            The page of the admin port shows the figures of all workers. The names of properties it takes from \
            properties of its own file, the same list as theirs; sessions are cut, and days counted, as the \
            workers' files say.

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
            "A worker's address; once for each of them. ENDPOINT=FILE names the file of its public key.",
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
            "A YAML file: listen, workers, deployment, curveKeyFile, clientsFile, admin, adminTokenFile, properties, limits.",
            valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "The deployment that the workers must be of; else that of the first one.",
            valueName: "id"))
    var deployment: String?

    @Option(
        help: ArgumentHelp(
            "A file with the router's CURVE key: encrypts, and lets in authorized clients only.",
            valueName: "file"))
    var curveKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "A YAML file of the authorized clients: keys, names and rights.", valueName: "file"))
    var clientsFile: String?

    @OptionGroup var admin: AdminOptions

    @OptionGroup var cluster: ClusterOptions

    @Flag(help: "Listen at addresses that others can reach, though traffic is not encrypted.")
    var insecureListen = false

    @OptionGroup var logging: LogOptions

    func validate() throws {
        if let deployment, DeploymentID(configuration: deployment) == nil {
            throw ValidationError(
                "--deployment \(deployment) \(DeploymentID.configurationForm)")
        }
        for text in worker {
            if let fault = WorkerAddress.fault(of: text) {
                throw ValidationError("--worker \(text): \(fault)")
            }
        }
    }

    func run() async throws {
        let settings = try settings(ProcessInfo.processInfo.environment)
        let log = LogOptions.log(settings.logLevel)
        let configuration = try settings.resolve()

        ServerResources.claim()
        // Before anybody can know of the router and ask it to stop.
        let signals = ServerSignals(log)
        var port: AdminPort?
        if let settings = configuration.admin {
            port = try await AdminPort.start(
                settings, AdminSubject(configuration), log: log)
        }
        guard let server = try await Self.start(configuration, signals, log) else {
            await port?.stop()
            return log.info("stopped")
        }
        port?.serve(server)
        signals.serve(server, port)
        await server.untilStopped()
        await port?.stop()
        withExtendedLifetime(signals) {}
        if server.hasFailed {
            throw CommandFailure(.software, "the router stopped for a fault of its own")
        }
        log.info("stopped")
    }

    /// Starts, which may have to wait until there is a cluster.
    ///
    /// - Returns: nil when it was asked to stop before.
    private static func start(
        _ configuration: RouterServerConfiguration, _ signals: ServerSignals, _ log: Logger
    ) async throws -> RouterServer? {
        let isStopping = signals.isStopping
        do {
            return try await OwnThread.run {
                try RouterServer(configuration, isStopping: isStopping, log: log)
            }
        } catch {
            if isStopping() { return nil }
            throw error
        }
    }

    /// Options over the environment over the file.
    private func settings(
        _ environment: [String: String]
    ) throws -> RouterSettings {
        var options = RouterSettings()
        options.listens = listen.isEmpty ? nil : listen
        options.workers = worker.isEmpty ? nil : try worker.map { try WorkerAddress($0) }
        options.curveKeyFile = curveKeyFile
        options.clientsFile = clientsFile
        options.admin = admin.admin
        options.adminTokenFile = admin.adminTokenFile
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
