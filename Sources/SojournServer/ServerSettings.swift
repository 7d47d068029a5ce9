package import SojournChannels
package import SojournJournal
package import SojournModel
import SojournPostgres
package import SojournService

/// What one source says of the configuration; nil where it says nothing. Options stand over the
/// environment, and that over the file.
package struct ServerSettings: Sendable {
    package var listens: [String]?
    package var deployment: DeploymentID?
    package var secretFile: String?
    /// Where the server's CURVE key is, or, from the environment alone, the key itself.
    package var curveKeyFile: String?
    package var curveKey: String?
    package var clientsFile: String?
    /// The data directory.
    package var data: String?
    package var durability: Durability?
    /// Those that this server is to have.
    package var partitions: PartitionRange?
    /// The file of the archive, the address of a PostgreSQL database, or `off`.
    package var archive: String?
    /// How long finished sessions are kept; the outer nil says nothing, the inner one says `off`.
    package var archiveKeepMilliseconds: Int64??
    package var allowsInsecureListen: Bool?
    package var cluster = ClusterInput()
    /// Where the feed is; none, or the word `off`, for nowhere.
    package var feed: [String]?
    /// Where the admin port is, or `off`.
    package var admin: String?
    /// Where the token is that has to be shown there.
    package var adminTokenFile: String?
    /// A level of swift-log; the command makes use of it.
    package var logLevel: String?
    package var properties: [ServiceProperty]?
    package var policy = PolicyOverride()
    package var limits = LimitSettings()
    package var channels: ChannelGrouping?
    /// Where the policy override comes from, for messages.
    package var policySource = ""

    package init() {}

    /// What this source says, and else the other.
    package func over(_ lower: ServerSettings) -> ServerSettings {
        var settings = self
        settings.listens = listens ?? lower.listens
        settings.deployment = deployment ?? lower.deployment
        settings.secretFile = secretFile ?? lower.secretFile
        if curveKeyFile == nil, curveKey == nil {
            settings.curveKeyFile = lower.curveKeyFile
            settings.curveKey = lower.curveKey
        }
        settings.clientsFile = clientsFile ?? lower.clientsFile
        settings.data = data ?? lower.data
        settings.durability = durability ?? lower.durability
        settings.partitions = partitions ?? lower.partitions
        settings.archive = archive ?? lower.archive
        settings.archiveKeepMilliseconds = archiveKeepMilliseconds ?? lower.archiveKeepMilliseconds
        settings.allowsInsecureListen = allowsInsecureListen ?? lower.allowsInsecureListen
        settings.cluster = cluster.over(lower.cluster)
        settings.feed = feed ?? lower.feed
        settings.admin = admin ?? lower.admin
        settings.adminTokenFile = adminTokenFile ?? lower.adminTokenFile
        settings.logLevel = logLevel ?? lower.logLevel
        settings.properties = properties ?? lower.properties
        settings.policy = policy.over(lower.policy)
        if policy.isEmpty { settings.policySource = lower.policySource }
        settings.channels = channels ?? lower.channels
        // Only the file has limits.
        if limits == LimitSettings() { settings.limits = lower.limits }
        return settings
    }

    /// The configuration, with defaults for what no source says.
    ///
    /// Reads the secret's file. Without one, the data directory has a secret, made at its first use;
    /// without that as well a secret is made up, so that all ids are others after a restart.
    ///
    /// - Returns: the configuration, and what an operator should be warned of.
    package func resolve() throws(ConfigurationError) -> (ServerConfiguration, warnings: [String]) {
        let cluster = try resolvedCluster()
        // Before a secret is made.
        let admin = try AdminSettings.resolve(admin, tokenFile: adminTokenFile)
        var warnings: [String] = []
        var secret = DeploymentSecret.random()
        if let secretFile {
            let file = try SecretFile(path: secretFile)
            secret = file.secret
            if let warning = file.warning { warnings.append(warning) }
        } else if let data {
            secret = try SecretFile(inDataDirectory: data).secret
        }
        var service = ServiceConfiguration(
            properties: try resolvedProperties(), secret: secret, deployment: deployment)
        service.partitions = partitions ?? .whole
        if let channels { service.channels = channels }
        var configuration = ServerConfiguration(service: service)
        limits.apply(to: &service, &configuration.queue)
        configuration.service = service
        configuration.cluster = cluster
        configuration.listens =
            listens
            ?? [cluster == nil ? ServerConfiguration.defaultListen : ClusterEndpoint.defaultListen]
        configuration.allowsInsecureListen = allowsInsecureListen ?? false
        configuration.curve = try CurveSettings.resolve(
            keyFile: curveKeyFile, key: curveKey, clientsFile: clientsFile)
        limits.apply(to: &configuration)
        configuration.admin = admin
        configuration.secretSource = secretFile ?? data.map(SecretFile.path(inDataDirectory:))
        if let data {
            var journal = JournalSettings(directory: data, durability: durability ?? .disk)
            limits.apply(to: &journal)
            configuration.journal = journal
        } else if durability ?? .none != .none {
            throw ConfigurationError(
                source: "durability",
                "there is nothing to keep durable without a data directory; "
                    + "say where with --data DIR")
        }
        if let path = archive ?? data.map({ "\($0)/archive.db" }), path != "off" {
            var archive = ArchiveSettings(try Self.store(path))
            if let keep = archiveKeepMilliseconds { archive.keepMilliseconds = keep }
            limits.apply(to: &archive)
            configuration.archive = archive
        }
        if let feed, feed != ["off"], !feed.isEmpty {
            var settings = FeedSettings(listens: feed)
            limits.apply(to: &settings)
            configuration.feed = settings
        }
        return (configuration, warnings)
    }

    /// The cluster that the server is a worker of; nil when no source speaks of it.
    private func resolvedCluster() throws(ConfigurationError) -> ClusterSettings? {
        guard let cluster = try cluster.resolve() else { return nil }
        func conflict(_ reason: String) -> ConfigurationError {
            ConfigurationError(source: "cluster", reason)
        }
        if data != nil || durability != nil {
            throw conflict(
                "a worker keeps its journal in the cluster, which acknowledges what is answered; leave "
                    + "out --data and --durability")
        }
        if partitions != nil {
            throw conflict(
                "the cluster gives a worker its partitions; leave out --partitions, or say how many "
                    + "there are in all with --cluster-partitions")
        }
        if let archive, archive != "off", !PostgresAddress.isMeant(by: archive) {
            throw conflict(
                "a partition goes from worker to worker, and a file would stay behind with its finished "
                    + "sessions; leave out --archive, or name a PostgreSQL database that all workers "
                    + "share: postgresql://USER@HOST/DATABASE")
        }
        guard secretFile != nil else {
            throw conflict(
                "all workers need the same secret, from which ids are derived; give each the same file "
                    + "with --secret-file FILE")
        }
        let isOpen = (listens ?? []).contains { listen in
            listen.hasPrefix("tcp://0.0.0.0:") || listen.hasPrefix("tcp://*:")
                || listen.hasPrefix("tcp://[::]:")
        }
        if isOpen, cluster.advertise == nil {
            throw conflict(
                "routers cannot reach a worker at the address for all addresses; say what they are to "
                    + "use with --advertise HOST")
        }
        return cluster
    }

    private static func store(_ text: String) throws(ConfigurationError) -> ArchiveSettings.Store {
        guard PostgresAddress.isMeant(by: text) else { return .file(text) }
        let (address, fault) = PostgresAddress.parse(text)
        guard let address else {
            // Without what stands there: it may hold a password.
            throw ConfigurationError(
                source: "archive", "this is no address of a PostgreSQL database: \(fault)")
        }
        return .postgres(address)
    }

    /// The properties, with the override on the default one.
    private func resolvedProperties() throws(ConfigurationError) -> [ServiceProperty] {
        var properties = self.properties ?? [.default]
        guard !policy.isEmpty else { return properties }
        let id = ServiceProperty.default.id
        guard let row = properties.firstIndex(where: { $0.id == id }) else {
            throw ConfigurationError(
                source: policySource,
                "a policy outside the file is that of property \(id.rawValue), which the file does "
                    + "not have; write it there instead")
        }
        policy.apply(to: &properties[row].policy)
        if let fault = properties[row].policy.fault {
            throw ConfigurationError(source: policySource, fault)
        }
        return properties
    }
}

/// Parts of a policy that stand outside the file.
package struct PolicyOverride: Equatable, Sendable {
    package var timeoutMilliseconds: Int64?
    package var latenessMilliseconds: Int64?
    /// The outer nil says nothing, the inner one says `off`.
    package var maxDurationMilliseconds: Int64??

    package init() {}

    var isEmpty: Bool { self == PolicyOverride() }

    func over(_ lower: PolicyOverride) -> PolicyOverride {
        var policy = self
        policy.timeoutMilliseconds = timeoutMilliseconds ?? lower.timeoutMilliseconds
        policy.latenessMilliseconds = latenessMilliseconds ?? lower.latenessMilliseconds
        policy.maxDurationMilliseconds = maxDurationMilliseconds ?? lower.maxDurationMilliseconds
        return policy
    }

    func apply(to policy: inout SessionPolicy) {
        if let timeoutMilliseconds { policy.timeoutMilliseconds = timeoutMilliseconds }
        if let latenessMilliseconds { policy.latenessMilliseconds = latenessMilliseconds }
        if let maxDurationMilliseconds { policy.maxDurationMilliseconds = maxDurationMilliseconds }
    }
}
