import Logging
import NATS
import SojournCluster
import SojournModel
import SojournRouter

extension RouterServerConfiguration {
    /// Finds out what the cluster is, and makes each of its partitions a worker of the router. Waits until there is a
    /// cluster, and says so.
    ///
    /// - Returns: nil where there is none to be.
    mutating func join(
        _ state: ServerState, isStopping: () -> Bool
    ) throws(ServerError) -> ClusterWatch? {
        guard let cluster else { return nil }
        guard let link = ClusterLink.open(cluster, log: state.log, isStopping: isStopping),
            let description = link.awaitDescription(isStopping: isStopping)
        else { throw .notOwner("stopped before there was a cluster") }
        if let deployment = router.deployment, deployment != description.deployment {
            throw .dataTaken(
                "cluster \(cluster.names.cluster) belongs to deployment "
                    + "\(description.deployment.bits.hexadecimal), not to "
                    + deployment.bits.hexadecimal)
        }
        router.deployment = description.deployment
        router.workers = (0..<description.partitions).map { "nobody for partition \($0)" }
        router.ranges = (0..<description.partitions).compactMap {
            PartitionRange(first: $0, last: $0, count: description.partitions)
        }
        do throws(NATSError) {
            return try ClusterWatch(link, description, wakeUp: state.wakeUp)
        } catch { throw .system("\(error)") }
    }
}
