import Foundation
import Logging
import NATS
package import SojournCluster
import SojournModel
import Synchronization

/// What an operator wants to know of a cluster: read from its streams, and heard from its workers.
package struct ClusterStatus: Sendable {
    package struct Partition: Sendable {
        package var partition: Int
        /// The last claim or release; nil before the first.
        package var claim: PartitionClaim?
        /// Its owner was heard of.
        package var isServed: Bool
        /// Of the last message of the log; nil while the servers do not say.
        package var lastSequence: UInt64?
        /// Messages behind the newest snapshot: what a take-over reads.
        package var lag: UInt64?
        /// nil for none.
        package var snapshot: SnapshotManifest?
        /// Bytes of records that the owner has and the log is not known to have.
        package var waitingBytes: UInt64?
        package var replicas: Int
        /// Of them, those that have everything.
        package var currentReplicas: Int
    }

    package var name: String
    package var description: ClusterDescription
    package var servers: String
    package var partitions: [Partition]
    /// In the order of their names.
    package var workers: [Heartbeat]
}

/// What can be asked of a cluster, and told it, without being a part of it. Everything here waits.
package final class ClusterOffice: Sendable {
    private static let patience: TimeInterval = 3
    private let link: ClusterLink
    private let description: ClusterDescription
    private let heard = Mutex<[String: Heartbeat]>([:])
    private let subscription = Mutex<NATSSubscription?>(nil)

    /// Connects; tries for a few seconds.
    package init(_ settings: ClusterSettings) throws(ServerError) {
        let log = Logger(label: "sojourn") { _ in SwiftLogNoOpLogHandler() }
        let end = Date().addingTimeInterval(Self.patience)
        guard
            let link = ClusterLink.open(settings, log: log, isStopping: { Date() > end })
        else {
            throw .system(
                "no NATS server answers at \(settings.servers.joined(separator: ", "))")
        }
        self.link = link
        do throws(NATSError) {
            guard let description = try link.describe() else {
                throw NATSError(unanswered: "find cluster \(settings.names.cluster)")
            }
            self.description = description
        } catch {
            throw .system(
                "there is no cluster \(settings.names.cluster) at these servers: \(error)")
        }
        do throws(NATSError) {
            let listening = try link.connection.subscribe(link.names.heartbeatSubject) {
                [weak self] in
                // Safe: bytes have no padding.
                guard let beat = Heartbeat(unsafe $0.span.bytes) else { return }
                self?.hear(beat)
            }
            subscription.withLock { $0 = listening }
        } catch { throw .system("\(error)") }
    }

    private func hear(_ beat: Heartbeat) {
        heard.withLock { $0[beat.worker.name] = beat.isLeaving ? nil : beat }
    }

    /// Workers that were heard of.
    private var workers: [Heartbeat] {
        heard.withLock { heard in heard.keys.sorted().compactMap { heard[$0] } }
    }

    /// Reads everything; listens for a second.
    package func status() throws(ServerError) -> ClusterStatus {
        let limits = link.settings.plan.membership
        Thread.sleep(forTimeInterval: Double(3 * limits.heartbeatMilliseconds) / 1_000)
        let workers = workers
        var partitions: [ClusterStatus.Partition] = []
        do throws(NATSError) {
            for number in 0..<description.partitions {
                partitions.append(try partition(number, workers))
            }
        } catch { throw .system("\(error)") }
        return ClusterStatus(
            name: link.names.cluster, description: description, servers: link.connection.url,
            partitions: partitions, workers: workers)
    }

    private func partition(
        _ number: Int, _ workers: [Heartbeat]
    ) throws(NATSError) -> ClusterStatus.Partition {
        let stream = try link.jetStream.state(of: link.names.logStream(number))
        let claim = try link.lastClaim(of: number)
        let snapshot = try link.newestManifest(of: number)
        let owner = workers.first { $0.worker == claim?.owner }
        let holding = owner?.holdings.first { $0.partition == number }
        return ClusterStatus.Partition(
            partition: number, claim: claim, isServed: holding != nil,
            lastSequence: stream?.last,
            lag: stream.map { $0.last - min($0.last, snapshot?.sequence ?? 0) },
            snapshot: snapshot, waitingBytes: holding?.waitingBytes,
            replicas: stream?.replicas ?? 0, currentReplicas: stream?.current ?? 0)
    }

    /// Tells a worker to hand everything over and to take nothing, or to take partitions again. Returns when it has
    /// done so, or when the time is over.
    ///
    /// - Returns: how many partitions it has then; nil when nobody has heard of it.
    package func tell(
        _ worker: String, isDraining: Bool, seconds: Double
    ) throws(ServerError) -> Int? {
        let end = Date().addingTimeInterval(seconds)
        let known = Date().addingTimeInterval(Self.patience)
        let order = WorkerOrder(worker: worker, isDraining: isDraining)
        while true {
            // Again and again: it costs nothing, and a message on a plain subject may be lost.
            do throws(NATSError) {
                try link.connection.publish(order.bytes, to: link.names.commandSubject)
            } catch { throw .system("\(error)") }
            Thread.sleep(forTimeInterval: 0.2)
            let found = workers.first { $0.worker.name == worker }
            guard let found else {
                if Date() > known { return nil }
                continue
            }
            let isDone =
                found.isDraining == isDraining && (!isDraining || found.holdings.isEmpty)
            if isDone || Date() > end { return found.holdings.count }
        }
    }

    /// Those that were heard of, by name.
    package var workerNames: [String] { workers.map(\.worker.name) }
}
