package import SojournModel
import SojournRouter
package import SojournService

/// What one source says of a router's configuration; nil where it says nothing. Options stand over the
/// environment, and that over the file.
package struct RouterSettings: Sendable {
    package var listens: [String]?
    package var workers: [WorkerAddress]?
    package var deployment: DeploymentID?
    package var cluster = ClusterInput()
    /// Where the router's CURVE key is, or, from the environment alone, the key itself.
    package var curveKeyFile: String?
    package var curveKey: String?
    package var clientsFile: String?
    package var allowsInsecureListen: Bool?
    /// Where the admin port is, or `off`.
    package var admin: String?
    /// Where the token is that has to be shown there.
    package var adminTokenFile: String?
    /// Those of the workers, whose names the page of reports shows.
    package var properties: [ServiceProperty]?
    /// A level of swift-log; the command makes use of it.
    package var logLevel: String?
    /// By the key in the file.
    var limits: [String: Int]?

    package init() {}

    /// What this source says, and else the other.
    package func over(_ lower: RouterSettings) -> RouterSettings {
        var settings = self
        settings.listens = listens ?? lower.listens
        settings.workers = workers ?? lower.workers
        settings.deployment = deployment ?? lower.deployment
        settings.cluster = cluster.over(lower.cluster)
        if curveKeyFile == nil, curveKey == nil {
            settings.curveKeyFile = lower.curveKeyFile
            settings.curveKey = lower.curveKey
        }
        settings.clientsFile = clientsFile ?? lower.clientsFile
        settings.admin = admin ?? lower.admin
        settings.adminTokenFile = adminTokenFile ?? lower.adminTokenFile
        settings.properties = properties ?? lower.properties
        settings.allowsInsecureListen = allowsInsecureListen ?? lower.allowsInsecureListen
        settings.logLevel = logLevel ?? lower.logLevel
        settings.limits = limits ?? lower.limits
        return settings
    }

    /// The configuration, with defaults for what no source says.
    package func resolve() throws(ConfigurationError) -> RouterServerConfiguration {
        let cluster = try cluster.resolve()
        let workers = workers ?? []
        if cluster != nil, !workers.isEmpty {
            throw ConfigurationError(
                source: "workers", "the workers of a cluster are found there; leave out --worker")
        }
        if cluster == nil, workers.isEmpty {
            throw ConfigurationError(
                source: "workers",
                "a router needs workers to route to; name each with --worker tcp://ADDRESS:PORT, or "
                    + "their cluster with --cluster nats://HOST:PORT")
        }
        let endpoints = workers.map(\.endpoint)
        if let twice = endpoints.first(where: { name in endpoints.count { $0 == name } > 1 }) {
            throw ConfigurationError(source: "workers", "worker \(twice) is named twice")
        }
        var configuration = RouterServerConfiguration(
            listens: listens ?? [RouterServerConfiguration.defaultListen],
            router: RouterConfiguration(workers: endpoints, deployment: deployment))
        configuration.cluster = cluster
        configuration.allowsInsecureListen = allowsInsecureListen ?? false
        configuration.curve = try CurveSettings.resolve(
            keyFile: curveKeyFile, key: curveKey, clientsFile: clientsFile)
        if configuration.curve != nil {
            configuration.router.ownName = configuration.router.serverName
        }
        configuration.workerKeys = try keys(
            of: workers, hasOwnKey: configuration.curve != nil)
        configuration.admin = try AdminSettings.resolve(admin, tokenFile: adminTokenFile)
        if let properties { configuration.properties = properties }
        apply(to: &configuration)
        return configuration
    }

    /// The public keys of the workers that have one, by endpoint.
    private func keys(
        of workers: [WorkerAddress], hasOwnKey: Bool
    ) throws(ConfigurationError) -> [String: String] {
        var keys: [String: String] = [:]
        for worker in workers {
            if let file = worker.keyFile {
                guard hasOwnKey else {
                    throw ConfigurationError(
                        source: "workers",
                        "worker \(worker.endpoint) has a key, and the router has none to show to it; "
                            + "say which with --curve-key-file FILE")
                }
                keys[worker.endpoint] = try CurveKeyFile.publicKey(at: file)
            } else if hasOwnKey, !worker.isLocal {
                throw ConfigurationError(
                    source: "workers",
                    "worker \(worker.endpoint) is not on this machine, and its key is missing; "
                        + "\(WorkerAddress.form)")
            }
        }
        return keys
    }

    /// What may stand where.
    static let ranges: [String: ClosedRange<Int>] = [
        "credit": 1...Limits.creditMax,
        "connections": 1...1_000_000,
        "handshakeMilliseconds": 100...60_000,
        "clientQueueMessages": 1...1_000_000,
        "clientQueueBytes": (1 << 20)...(64 << 30),
        "workerParts": 1...1_000_000,
        "workerBytes": (1 << 20)...(64 << 30),
        "answerMilliseconds": 100...3_600_000,
        "silenceMilliseconds": 100...3_600_000,
    ]

    private func apply(to server: inout RouterServerConfiguration) {
        func set(_ key: String, _ set: (Int) -> Void) {
            if let value = limits?[key] { set(value) }
        }
        set("credit") { server.router.limits.credit = $0 }
        set("workerParts") { server.router.limits.workerPartsMax = $0 }
        set("workerBytes") { server.router.limits.workerBytesMax = $0 }
        set("answerMilliseconds") { server.router.limits.answerMilliseconds = UInt64($0) }
        set("silenceMilliseconds") { server.router.limits.silenceMilliseconds = UInt64($0) }
        set("connections") { server.connectionsMax = $0 }
        set("handshakeMilliseconds") { server.handshakeMilliseconds = $0 }
        set("clientQueueMessages") { server.clientMessagesMax = $0 }
        set("clientQueueBytes") { server.clientBytesMax = $0 }
    }
}

// MARK: - Sources

extension RouterSettings {
    /// Reads the variables that begin with `SOJOURN_`.
    package init(environment: [String: String]) throws(ConfigurationError) {
        self.init()
        // Those that a server has as well mean the same.
        let shared = try ServerSettings(environment: environment)
        listens = shared.listens
        deployment = shared.deployment
        allowsInsecureListen = shared.allowsInsecureListen
        logLevel = shared.logLevel
        cluster = shared.cluster
        curveKeyFile = shared.curveKeyFile
        curveKey = shared.curveKey
        clientsFile = shared.clientsFile
        admin = shared.admin
        adminTokenFile = shared.adminTokenFile
        guard let names = environment["SOJOURN_WORKERS"] else { return }
        var workers: [WorkerAddress] = []
        for name in names.split(separator: ",") {
            do throws(ServerError) { workers.append(try WorkerAddress(String(name))) } catch {
                throw ConfigurationError(
                    source: "environment", key: "SOJOURN_WORKERS", "\(error)")
            }
        }
        self.workers = workers
    }

    /// Reads a configuration file.
    package init(file path: String) throws(ConfigurationError) {
        try self.init(yaml: try ServerSettings.text(ofFile: path), file: path)
    }

    /// Reads the text of a configuration file. An empty one says nothing.
    package init(yaml text: String, file: String) throws(ConfigurationError) {
        self.init()
        guard let root = try ConfigurationNode.parse(text, file: file) else { return }
        let entries = try root.entries(allowed: [
            "listen", "workers", "deployment", "curveKeyFile", "clientsFile", "insecureListen",
            "admin", "adminTokenFile", "properties", "logLevel", "limits", "cluster",
        ])
        if let node = entries["listen"] { listens = try ServerSettings.listens(node) }
        if let node = entries["workers"] { workers = try Self.workers(node) }
        if let node = entries["deployment"] { deployment = try ServerSettings.deployment(node) }
        if let node = entries["cluster"] { cluster = try ClusterInput(node) }
        curveKeyFile = try entries["curveKeyFile"]?.text()
        clientsFile = try entries["clientsFile"]?.text()
        allowsInsecureListen = try entries["insecureListen"]?.flag()
        if let node = entries["admin"] { admin = try ServerSettings.admin(node) }
        adminTokenFile = try entries["adminTokenFile"]?.text()
        // The same list as that of the workers, so that one text serves all.
        if let node = entries["properties"] { properties = try ServerSettings.properties(node) }
        if let node = entries["logLevel"] { logLevel = try ServerSettings.logLevel(node) }
        if let node = entries["limits"] { limits = try Self.limits(node) }
    }

    /// A worker is an endpoint, or a mapping of `endpoint` and `keyFile`.
    private static func workers(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> [WorkerAddress] {
        var workers: [WorkerAddress] = []
        for element in try node.elements(of: "workers") {
            var keyFile: String?
            var endpoint = element
            if element.isMapping {
                let entries = try element.entries(allowed: ["endpoint", "keyFile"])
                guard let node = entries["endpoint"] else {
                    throw element.error("the endpoint is missing")
                }
                endpoint = node
                keyFile = try entries["keyFile"]?.text()
            }
            let text = try endpoint.text()
            do throws(ServerError) {
                workers.append(try WorkerAddress(endpoint: text, keyFile: keyFile))
            } catch { throw endpoint.error("\(error)") }
        }
        return workers
    }

    private static func limits(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> [String: Int] {
        var limits: [String: Int] = [:]
        let entries = try node.entries(allowed: ranges.keys.sorted())
        for key in entries.keys.sorted() {
            guard let range = ranges[key] else { continue }
            limits[key] = try entries[key]?.integer(in: range)
        }
        return limits
    }
}
