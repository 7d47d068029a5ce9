import SojournCluster
import SojournModel
package import SojournRouter
package import SojournService

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

    /// Whom the router lets in, and who it is to its workers; nil speaks plain text with anybody.
    package var curve: CurveSettings?
    /// The public keys of the workers that speak CURVE, by their endpoints.
    package var workerKeys: [String: String] = [:]
    /// Connections at one time, with CURVE.
    package var connectionsMax = 4_096
    /// A connection that has not greeted by then is dropped.
    package var handshakeMilliseconds = ServerConfiguration.defaultHandshakeMilliseconds
    /// Requests of one client that are not answered yet; without CURVE, of one connection.
    package var clientMessagesMax = 512
    /// Bytes of those.
    package var clientBytesMax = 32 << 20
    /// Where metrics, health and the page of reports are; nil for nowhere.
    package var admin: AdminSettings?
    /// Those that the page tells of, by their names. All else of them is the workers' affair, whose time zones
    /// count.
    package var properties = [ServiceProperty.default]

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
        let door =
            curve.map {
                "encrypts, public key \($0.publicKey), \($0.clients.count) authorized keys; "
            }
            ?? ""
        return "\(router.serverName) \(router.serverVersion) listens at "
            + "\(endpoints.joined(separator: " ")); \(deployment); \(door)"
            + (cluster.map { "cluster \($0.names.cluster) on \($0.servers.joined(separator: ","))" }
                ?? "workers: \(router.workers.joined(separator: " "))") + "; for each at most "
            + "\(limits.workerPartsMax) parts and \(limits.workerBytesMax) bytes queued"
    }
}
