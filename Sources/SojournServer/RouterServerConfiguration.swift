import SojournCluster
import SojournModel
package import SojournRouter

/// All that a `RouterServer` is started with. The names of the router's workers are their endpoints.
package struct RouterServerConfiguration: Sendable {
    /// Where it listens when nothing else was said: where clients look for a service.
    package static let defaultListen = ServerConfiguration.defaultListen

    package var listens: [String]
    package var router: RouterConfiguration
    /// The cluster whose partitions are routed to; nil for workers with fixed addresses.
    package var cluster: ClusterSettings?
    /// Listen at addresses that others can reach, though traffic is not encrypted.
    package var allowsInsecureListen = false

    package init(listens: [String] = [defaultListen], router: RouterConfiguration) {
        self.listens = listens
        self.router = router
    }

    /// Everything that matters, in one line.
    func summary(_ endpoints: [String]) -> String {
        let limits = router.limits
        let deployment =
            router.deployment.map { "deployment \($0.bits.hexadecimal)" }
            ?? "the deployment of its workers"
        return "\(router.serverName) \(router.serverVersion) listens at "
            + "\(endpoints.joined(separator: " ")); \(deployment); "
            + (cluster.map { "cluster \($0.names.cluster) on \($0.servers.joined(separator: ","))" }
                ?? "workers: \(router.workers.joined(separator: " "))") + "; for each at most "
            + "\(limits.workerPartsMax) parts and \(limits.workerBytesMax) bytes queued"
    }
}
