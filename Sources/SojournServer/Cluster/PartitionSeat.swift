import SojournCluster
import SojournModel
import SojournPostgres
import Synchronization

/// One partition that a worker takes: what its server is given, and what it tells the worker.
package final class PartitionSeat: Sendable {
    /// What others are told of it.
    struct Report: Sendable {
        var holding: Heartbeat.Holding?
        var end: OwnerEnd?
    }

    let link: ClusterLink
    let partition: Int
    let cluster: ClusterDescription
    /// Where its finished sessions are kept; nil keeps none.
    let database: PostgresPool?
    private let shared = Mutex(Report())
    private let told = Mutex(Order())

    /// What the worker tells its server.
    struct Order: Sendable {
        var isStopping = false
        /// Somebody else's, that is said to be in the log.
        var claim: PartitionClaim?
    }

    init(
        _ link: ClusterLink, _ partition: Int, of cluster: ClusterDescription,
        archivedIn database: PostgresPool?
    ) {
        self.database = database
        self.link = link
        self.partition = partition
        self.cluster = cluster
    }

    var report: Report { shared.withLock { $0 } }
    func tell(_ change: (inout Report) -> Void) { shared.withLock { change(&$0) } }

    var order: Order { told.withLock { $0 } }
    func order(_ change: (inout Order) -> Void) { told.withLock { change(&$0) } }

    /// The visitors that fall to it.
    var range: PartitionRange {
        guard
            let range = PartitionRange(
                first: partition, last: partition, count: cluster.partitions)
        else { preconditionFailure("a cluster has partition \(partition)") }
        return range
    }
}
