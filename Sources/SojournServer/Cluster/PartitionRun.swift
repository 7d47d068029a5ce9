import Foundation
import Logging
import SojournCluster
import SojournService
import Synchronization

/// A partition while a worker has it, or tries to: its server, from the claim to the end.
final class PartitionRun: Sendable {
    private struct Contents {
        var server: SojournServer?
        var isStopping = false
    }

    let seat: PartitionSeat
    private let contents = Mutex(Contents())

    /// Milliseconds before the next attempt, when this process lacks something.
    private static let systemPause: UInt64 = 2_000

    init(_ seat: PartitionSeat) { self.seat = seat }

    /// nil while it is claimed, and when it is over.
    var server: SojournServer? { contents.withLock { $0.server } }

    /// Claims the partition and serves it, on a thread of its own.
    ///
    /// - Parameter ended: is called once, with how long to wait before the next attempt.
    func start(
        _ configuration: ServerConfiguration, log: Logger,
        ended: @escaping @Sendable (UInt64) -> Void
    ) {
        let thread = Thread { [self] in ended(run(configuration, log)) }
        thread.name = "sojourn-partition-\(seat.partition)"
        thread.start()
    }

    /// Somebody else is said to have claimed the partition; does not wait.
    func giveUp(_ claim: PartitionClaim) { seat.order { $0.claim = claim } }

    /// Asks it to let go; does not wait.
    func stop() {
        seat.order { $0.isStopping = true }
        let server = contents.withLock { contents in
            contents.isStopping = true
            return contents.server
        }
        server?.requestStop()
    }

    private func run(_ configuration: ServerConfiguration, _ log: Logger) -> UInt64 {
        do throws(ServerError) {
            let server = try SojournServer(try configuration.seated(at: seat), log: log)
            let isStopping = contents.withLock { contents in
                contents.server = server
                return contents.isStopping
            }
            if isStopping { server.requestStop() }
            server.waitUntilStopped()
            contents.withLock { $0.server = nil }
        } catch {
            guard case .notOwner = error else {
                log.error("partition \(seat.partition): \(error)")
                return Self.systemPause
            }
        }
        return OwnerEnd.pauseMilliseconds(after: seat.report.end)
    }
}

extension ServerConfiguration {
    /// In a cluster, questions are answered behind a record of the log that is at most this old.
    static let confirmMilliseconds: Int64 = 1_000
    /// What each partition may have waiting for the archive at least.
    private static let finishedBytesMin = 4 << 20

    /// That of the server of one partition.
    fileprivate func seated(at seat: PartitionSeat) throws(ServerError) -> ServerConfiguration {
        var configuration = self
        configuration.cluster = nil
        configuration.seat = seat
        configuration.service.partitions = seat.range
        configuration.service.confirmMilliseconds = Self.confirmMilliseconds
        // What a process may have waiting is shared out.
        configuration.service.finishedBytesMax = max(
            Self.finishedBytesMin, service.finishedBytesMax / seat.cluster.partitions)
        configuration.listens = []
        for listen in listens {
            configuration.listens.append(
                try ClusterEndpoint.listen(listen, partition: seat.partition))
        }
        return configuration
    }
}
