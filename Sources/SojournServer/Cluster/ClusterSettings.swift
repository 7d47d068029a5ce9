package import SojournCluster

/// Which cluster a worker or a router is part of, and how it takes part.
package struct ClusterSettings: Equatable, Sendable {
    /// Of NATS servers: `nats://host:4222`.
    package var servers: [String]
    package var names: ClusterNames
    /// Of this worker; the same after a restart, so that it gets the same partitions.
    package var worker: String
    /// Of a worker that has just started: another one each time.
    package var incarnation = UInt64.random(in: 1 ... .max)
    /// Of each stream, when the cluster is made. 3 survives the loss of a server.
    package var replicas = 3
    /// Of the cluster, when it is made; nil takes what it has.
    package var partitions: Int?
    /// That each log keeps, when the cluster is made.
    package var logMessages = ClusterDescription.logMessagesDefault
    /// What routers are told instead of the address that a partition listens at.
    package var advertise: String?
    package var snapshots = SnapshotPlan.Limits()
    package var plan = WorkerPlan.Limits()
    package var owner = OwnerLimits()

    package init(servers: [String], names: ClusterNames, worker: String) {
        self.servers = servers
        self.names = names
        self.worker = worker
    }

    package var identity: OwnerIdentity {
        OwnerIdentity(name: worker, incarnation: incarnation)
    }

    /// Reads `nats://h1:4222,h2,h3`.
    ///
    /// - Returns: nil when it names no server.
    package static func servers(_ text: String) -> [String]? {
        let scheme = "nats://"
        let hosts = text.split(separator: ",", omittingEmptySubsequences: false).map {
            $0.hasPrefix(scheme) ? String($0.dropFirst(scheme.count)) : String($0)
        }
        let areWhole = hosts.allSatisfy { host in
            !host.isEmpty && !host.contains("/") && !host.contains(" ")
        }
        return areWhole ? hosts.map { scheme + $0 } : nil
    }

    package static let serversForm =
        "names no NATS servers; write nats://HOST:PORT, and more hosts behind commas"
}
