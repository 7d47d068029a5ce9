import Foundation
import SojournCluster

/// What one source says of a cluster; nil where it says nothing.
package struct ClusterInput: Equatable, Sendable {
    /// URLs of NATS servers.
    package var servers: String?
    package var name: String?
    package var worker: String?
    package var replicas: Int?
    package var partitions: Int?
    package var advertise: String?
    var logMessages: Int?
    var snapshotBytes: Int?
    var deadMilliseconds: Int?

    package init() {}

    /// What this source says, and else the other.
    func over(_ lower: ClusterInput) -> ClusterInput {
        var input = self
        input.servers = servers ?? lower.servers
        input.name = name ?? lower.name
        input.worker = worker ?? lower.worker
        input.replicas = replicas ?? lower.replicas
        input.partitions = partitions ?? lower.partitions
        input.advertise = advertise ?? lower.advertise
        input.logMessages = logMessages ?? lower.logMessages
        input.snapshotBytes = snapshotBytes ?? lower.snapshotBytes
        input.deadMilliseconds = deadMilliseconds ?? lower.deadMilliseconds
        return input
    }

    private static let source = "cluster"
    private static let nameDefault = "sojourn"
    static let snapshotBytesRange = (64 << 10)...(1 << 40)
    static let deadMillisecondsRange = 500...600_000
    private static let replicasRange = 1...5

    /// The settings; nil when no source names servers.
    package func resolve() throws(ConfigurationError) -> ClusterSettings? {
        guard let text = servers else {
            if self == ClusterInput() { return nil }
            throw Self.error(
                "there is something of a cluster, and not where it is; say so with --cluster "
                    + "nats://HOST:PORT")
        }
        guard let servers = ClusterSettings.servers(text) else {
            throw Self.error("\"\(text)\" \(ClusterSettings.serversForm)")
        }
        let name = name ?? Self.nameDefault
        guard let names = ClusterNames(name) else {
            throw Self.error("\"\(name)\" \(ClusterNames.form)")
        }
        let worker = worker ?? Self.workerDefault
        guard (1...128).contains(worker.utf8.count), !worker.contains(" ") else {
            throw Self.error("\"\(worker)\" is no name for a worker; use 1 to 128 bytes, no spaces")
        }
        var settings = ClusterSettings(servers: servers, names: names, worker: worker)
        if let replicas {
            settings.replicas = try Self.checked(replicas, Self.replicasRange, "replicas")
        }
        if let partitions {
            settings.partitions = try Self.checked(
                partitions, 1...ClusterDescription.partitionsMax, "partitions")
        }
        settings.advertise = advertise
        if let logMessages { settings.logMessages = logMessages }
        if let snapshotBytes { settings.snapshots.bytes = snapshotBytes }
        if let deadMilliseconds {
            let limits = Membership.Limits()
            settings.plan.membership.heartbeatMilliseconds = max(
                50, UInt64(deadMilliseconds) / limits.missedMax)
        }
        return settings
    }

    /// Where no source names the worker: one name for each process, so that none is taken for another.
    private static var workerDefault: String {
        var name = [CChar](repeating: 0, count: 256)
        // So many bytes of ours are written at most; the last one stays zero.
        let status = unsafe name.withUnsafeMutableBufferPointer {
            unsafe gethostname($0.baseAddress!, $0.count - 1)
        }
        let host = String(
            decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(status == 0 ? host : "worker")-\(getpid())"
    }

    private static func checked(
        _ value: Int, _ range: ClosedRange<Int>, _ what: String
    ) throws(ConfigurationError) -> Int {
        guard range.contains(value) else {
            throw error(
                "\(what) are \(value), and may be \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func error(_ reason: String) -> ConfigurationError {
        ConfigurationError(source: source, reason)
    }
}

// MARK: - Sources

extension ClusterInput {
    /// Reads the variables that begin with `SOJOURN_CLUSTER`.
    init(environment: [String: String]) throws(ConfigurationError) {
        self.init()
        servers = environment["SOJOURN_CLUSTER"]
        name = environment["SOJOURN_CLUSTER_NAME"]
        worker = environment["SOJOURN_CLUSTER_WORKER"]
        advertise = environment["SOJOURN_CLUSTER_ADVERTISE"]
        replicas = try Self.number("SOJOURN_CLUSTER_REPLICAS", environment)
        partitions = try Self.number("SOJOURN_CLUSTER_PARTITIONS", environment)
    }

    private static func number(
        _ name: String, _ environment: [String: String]
    ) throws(ConfigurationError) -> Int? {
        guard let text = environment[name] else { return nil }
        guard let number = Int(text) else {
            throw ConfigurationError(source: "environment", key: name, "\"\(text)\" is no number")
        }
        return number
    }

    /// Reads `cluster:` of a configuration file: the servers alone, or a table.
    init(_ node: ConfigurationNode) throws(ConfigurationError) {
        self.init()
        let entries = try node.entries(allowed: [
            "servers", "name", "worker", "replicas", "partitions", "advertise", "logMessages",
            "snapshotBytes", "deadMilliseconds",
        ])
        servers = try entries["servers"]?.text()
        name = try entries["name"]?.text()
        worker = try entries["worker"]?.text()
        advertise = try entries["advertise"]?.text()
        replicas = try entries["replicas"]?.integer(in: Self.replicasRange)
        partitions = try entries["partitions"]?.integer(in: 1...ClusterDescription.partitionsMax)
        logMessages = try entries["logMessages"]?.integer(in: ClusterDescription.logMessagesRange)
        snapshotBytes = try entries["snapshotBytes"]?.integer(in: Self.snapshotBytesRange)
        deadMilliseconds = try entries["deadMilliseconds"]?.integer(in: Self.deadMillisecondsRange)
    }
}
