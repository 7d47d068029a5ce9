package import SojournModel
import SojournRouter

/// What one source says of a router's configuration; nil where it says nothing. Options stand over the
/// environment, and that over the file.
package struct RouterSettings: Sendable {
    package var listens: [String]?
    /// Endpoints.
    package var workers: [String]?
    package var deployment: DeploymentID?
    package var cluster = ClusterInput()
    package var allowsInsecureListen: Bool?
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
        if let twice = workers.first(where: { name in workers.count { $0 == name } > 1 }) {
            throw ConfigurationError(source: "workers", "worker \(twice) is named twice")
        }
        for worker in workers {
            do throws(ServerError) { _ = try Endpoint(worker: worker) } catch {
                throw ConfigurationError(source: "workers", "\(error)")
            }
        }
        var configuration = RouterServerConfiguration(
            listens: listens ?? [RouterServerConfiguration.defaultListen],
            router: RouterConfiguration(workers: workers, deployment: deployment))
        configuration.cluster = cluster
        configuration.allowsInsecureListen = allowsInsecureListen ?? false
        apply(to: &configuration.router.limits)
        return configuration
    }

    /// What may stand where.
    static let ranges: [String: ClosedRange<Int>] = [
        "credit": 1...Limits.creditMax,
        "workerParts": 1...1_000_000,
        "workerBytes": (1 << 20)...(64 << 30),
        "answerMilliseconds": 100...3_600_000,
        "silenceMilliseconds": 100...3_600_000,
    ]

    private func apply(to router: inout RouterLimits) {
        if let value = limits?["credit"] { router.credit = value }
        if let value = limits?["workerParts"] { router.workerPartsMax = value }
        if let value = limits?["workerBytes"] { router.workerBytesMax = value }
        if let value = limits?["answerMilliseconds"] { router.answerMilliseconds = UInt64(value) }
        if let value = limits?["silenceMilliseconds"] { router.silenceMilliseconds = UInt64(value) }
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
        workers = environment["SOJOURN_WORKERS"]?.split(separator: ",").map(String.init)
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
            "listen", "workers", "deployment", "insecureListen", "logLevel", "limits", "cluster",
        ])
        if let node = entries["listen"] { listens = try ServerSettings.listens(node) }
        if let node = entries["workers"] { workers = try Self.workers(node) }
        if let node = entries["deployment"] { deployment = try ServerSettings.deployment(node) }
        if let node = entries["cluster"] { cluster = try ClusterInput(node) }
        allowsInsecureListen = try entries["insecureListen"]?.flag()
        if let node = entries["logLevel"] { logLevel = try ServerSettings.logLevel(node) }
        if let node = entries["limits"] { limits = try Self.limits(node) }
    }

    private static func workers(_ node: ConfigurationNode) throws(ConfigurationError) -> [String] {
        var workers: [String] = []
        for element in try node.elements(of: "endpoints") {
            let text = try element.text()
            do throws(ServerError) { _ = try Endpoint(worker: text) } catch {
                throw element.error("\(error)")
            }
            workers.append(text)
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
