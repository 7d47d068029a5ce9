import ArgumentParser
import Foundation
import Logging
import SojournAdmin
import SojournJournal
import SojournModel
import SojournPostgres
import SojournServer

/// `sojourn serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the service: events in, session assignments out.",
        discussion: """
            Options stand over the environment (SOJOURN_LISTEN, SOJOURN_CONFIG, SOJOURN_TIMEOUT, \
            SOJOURN_LATENESS, SOJOURN_MAX_DURATION, SOJOURN_DATA, SOJOURN_DURABILITY, \
            SOJOURN_ARCHIVE, SOJOURN_PARTITIONS, SOJOURN_SECRET_FILE, SOJOURN_DEPLOYMENT, \
            SOJOURN_INSECURE_LISTEN, SOJOURN_FEED, SOJOURN_ADMIN, SOJOURN_ADMIN_TOKEN_FILE, \
            SOJOURN_LOG_LEVEL, SOJOURN_CURVE_KEY_FILE or SOJOURN_CURVE_KEY, SOJOURN_CLIENTS_FILE), and that over the file.

            SIGHUP reads the file of clients and that of the admin port's token again; connections stay.

            SIGTERM and SIGINT answer what was received, refuse what still comes, and end within \
            5 seconds; a second signal ends at once.

            Exit codes: 0 stopped when asked to, \(ExitStatus.usage.rawValue) bad usage, \
            \(ExitStatus.unavailable.rawValue) address in use, \
            \(ExitStatus.badInput.rawValue) damaged data directory, \
            \(ExitStatus.temporary.rawValue) data directory in use, \
            \(ExitStatus.inputOutput.rawValue) refused by the disk, \
            \(ExitStatus.software.rawValue) fault of its own, \
            \(ExitStatus.system.rawValue) refused by the system, \
            \(ExitStatus.noPermission.rawValue) no permission, \
            \(ExitStatus.badConfiguration.rawValue) bad configuration.
            """)

    @Option(
        help: ArgumentHelp(
            "Where to listen; given again, there as well.",
            discussion: "ipc:///PATH too. (default: \(ServerConfiguration.defaultListen))",
            valueName: "endpoint"))
    var listen: [String] = []

    @Option(
        help: ArgumentHelp(
            "A YAML file: listen, feed, admin, adminTokenFile, deployment, secretFile, properties, channels, archive, limits.",
            valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Quiet time that ends a session: 30m.", valueName: "duration"))
    var timeout: String?

    @Option(
        help: ArgumentHelp(
            "How long a session stays open to late events beyond its timeout: 10m.",
            valueName: "duration"))
    var lateness: String?

    @Option(help: ArgumentHelp("Longest session: 24h, or off.", valueName: "duration"))
    var maxDuration: String?

    @Option(
        help: ArgumentHelp(
            "A directory for journal and snapshots, so that nothing is lost at a restart.",
            valueName: "dir"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "How far a batch goes before its answer leaves: none, os, disk. (default: disk)",
            valueName: "level"))
    var durability: Durability?

    @Option(
        help: ArgumentHelp(
            "The partitions of the visitors that this service has, as one of several behind a router: "
                + "0-31/64.", valueName: "range"))
    var partitions: String?

    @Option(
        help: ArgumentHelp(
            "Where finished sessions are kept: a file, or off. (default: archive.db in the data directory)",
            discussion:
                "Or postgresql://USER@HOST/DATABASE, with the password in PGPASSFILE or ~/.pgpass.",
            valueName: "file"))
    var archive: String?

    @Option(
        help: ArgumentHelp(
            "A file with 32 hexadecimal digits, from which session ids are derived.",
            valueName: "file"))
    var secretFile: String?

    @Option(
        help: ArgumentHelp(
            "A file with the server's CURVE key: encrypts, and lets in authorized clients only.",
            valueName: "file"))
    var curveKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "A YAML file of the authorized clients: keys, names and rights.", valueName: "file"))
    var clientsFile: String?

    @Flag(help: "Listen at addresses that others can reach, though traffic is not encrypted.")
    var insecureListen = false

    @OptionGroup var admin: AdminOptions

    @Option(
        help: ArgumentHelp(
            "Where the feed of opened, revised and finished sessions is published; given again, there as well.",
            discussion: "tcp://127.0.0.1:5572, or off. (default: off)", valueName: "endpoint"))
    var feed: [String] = []

    @OptionGroup var cluster: ClusterOptions

    @Option(
        help: ArgumentHelp(
            "What this worker is called in the cluster; the same after a restart.",
            discussion: "(default: the machine's name and the process's number)",
            valueName: "name"))
    var workerName: String?

    @Option(
        help: ArgumentHelp(
            "Copies that the cluster keeps of everything, when it is made. (default: 3)",
            valueName: "number"))
    var replicas: Int?

    @Option(
        help: ArgumentHelp(
            "Partitions of the cluster, when it is made. (default: 16)", valueName: "number"))
    var clusterPartitions: Int?

    @Option(
        help: ArgumentHelp(
            "The host that routers reach this worker at, where that is not the one it listens at.",
            valueName: "host"))
    var advertise: String?

    @OptionGroup var logging: LogOptions

    func validate() throws {
        if let partitions, PartitionRange(partitions) == nil {
            throw ValidationError("--partitions \(partitions) \(PartitionRange.form)")
        }
        if let archive, PostgresAddress.isMeant(by: archive),
            PostgresAddress.parse(archive).address?.hasPassword == true
        {
            throw ValidationError(
                "--archive: a password on the command line can be read by everybody on this machine; "
                    + "write it to a file that PGPASSFILE names, or to ~/.pgpass")
        }
        do { _ = try policy() } catch {
            throw ValidationError("\(error.key ?? ""): \(error.reason)")
        }
    }

    func run() async throws {
        let settings = try settings(ProcessInfo.processInfo.environment)
        let log = LogOptions.log(settings.logLevel)
        let (configuration, warnings) = try settings.resolve()
        for warning in warnings { log.warning("\(warning)") }

        // A file beyond a limit of sizes is an error of the write, and not the end of the process.
        _ = signal(SIGXFSZ, SIG_IGN)
        ServerResources.claim()
        // Before anybody can know of the server and ask it to stop.
        let signals = ServerSignals(log)
        var port: AdminPort?
        if let settings = configuration.admin {
            // Before the server, so that whoever asks learns that it is about to be there.
            port = try await AdminPort.start(
                settings, AdminSubject(configuration.service), log: log)
        }
        if configuration.cluster != nil {
            return try await work(configuration, port, signals, log)
        }
        // Recovery takes its time.
        let server = try await OwnThread.run { try SojournServer(configuration, log: log) }
        port?.serve(server)
        signals.serve(server, port)
        await server.untilStopped()
        await port?.stop()
        withExtendedLifetime(signals) {}
        if server.hasFailed {
            throw CommandFailure(.software, "the service stopped for a fault of its own")
        }
        log.info("stopped")
    }

    /// Is a worker of a cluster until it is told to stop.
    private func work(
        _ configuration: ServerConfiguration, _ port: AdminPort?, _ signals: ServerSignals,
        _ log: Logger
    ) async throws {
        let worker = ClusterWorker(configuration, log: log)
        port?.serve(worker)
        signals.serve(worker, port)
        await worker.untilStopped()
        await port?.stop()
        withExtendedLifetime(signals) {}
        if let failure = worker.failure { throw CommandFailure(failure) }
        log.info("stopped")
    }

    /// Options over the environment over the file.
    private func settings(
        _ environment: [String: String]
    ) throws(ConfigurationError) -> ServerSettings {
        var options = ServerSettings()
        options.listens = listen.isEmpty ? nil : listen
        options.feed = feed.isEmpty ? nil : feed
        options.secretFile = secretFile
        options.curveKeyFile = curveKeyFile
        options.clientsFile = clientsFile
        options.data = data
        options.durability = durability
        options.partitions = partitions.flatMap { PartitionRange($0) }
        options.archive = archive
        options.allowsInsecureListen = insecureListen ? true : nil
        options.cluster = cluster.input
        options.cluster.worker = workerName
        options.cluster.replicas = replicas
        options.cluster.partitions = clusterPartitions
        options.cluster.advertise = advertise
        options.admin = admin.admin
        options.adminTokenFile = admin.adminTokenFile
        options.logLevel = logging.level
        options.policy = try policy()
        options.policySource = "command line"
        let surroundings = try ServerSettings(environment: environment)
        guard let path = config ?? environment["SOJOURN_CONFIG"] else {
            return options.over(surroundings)
        }
        return options.over(surroundings).over(try ServerSettings(file: path))
    }

    private func policy() throws(ConfigurationError) -> PolicyOverride {
        try PolicyOverride(
            timeout: timeout, lateness: lateness, maxDuration: maxDuration,
            source: "command line", names: ("--timeout", "--lateness", "--max-duration"))
    }
}

extension Durability: ExpressibleByArgument {}
