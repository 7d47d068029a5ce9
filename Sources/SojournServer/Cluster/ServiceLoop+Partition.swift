import Logging
import SojournModel
import SojournService
import ZeroMQ

/// The loop of a partition of a cluster: its journal is a log that others may write, too, one day.
extension ServiceLoop {
    /// Requests that came before a hand-over may take so long to be taken over.
    private static let takeOverMilliseconds: UInt64 = 100
    /// They are answered, and the partition is let go, within this; else the log's silence ends it.
    private static let handOverMilliseconds: UInt64 = 4_000

    /// Listens, then claims the partition and makes its state anew: requests that come meanwhile wait in the socket.
    static func start(
        _ seat: PartitionSeat, _ configuration: ServerConfiguration, _ state: ServerState,
        _ context: Context, _ doorkeeper: Doorkeeper
    ) throws(ServerError) -> ServiceLoop {
        let peers: PeerSocket
        do { peers = try Self.peers(configuration, context) } catch {
            throw ServerError(error)
        }
        let listeners = try Listeners(configuration, peers.socket)
        let endpoint = ClusterEndpoint.advertised(
            listeners.endpoints[0], as: seat.link.settings.advertise)
        let partition = PartitionKeeper(seat, at: endpoint, state)
        let core = partition.open {
            ServiceCore(
                configuration.service, startedAt: ServerClock.wallMilliseconds(),
                isJournaled: true, isArchived: seat.database != nil)
        }
        guard let core else { throw .notOwner("\(partition.end.map { "\($0)" } ?? "stopped")") }
        var archive: ArchiveKeeper?
        var questions: QuestionBoard?
        if let database = seat.database, let settings = configuration.archive {
            archive = .share(
                database, settings, epoch: partition.epoch, core, wakeUp: state.wakeUp,
                log: state.log)
            // Of the partitions of a process each answers one question at a time.
            questions = QuestionBoard(
                ReportDesk(
                    threads: 1, queueMax: settings.reportQueueMax, wakeUp: state.wakeUp), settings)
        }
        var loop = ServiceLoop(
            configuration, state, listeners, peers, core, nil, archive, questions, nil, doorkeeper)
        loop.partition = partition
        return loop
    }

    /// Has records written, and lets go of the replies whose records the log has.
    mutating func tendPartition(_ partition: PartitionKeeper) {
        let unarchived = archive?.oldestUnarchived(core) ?? .max
        let progress = partition.tend(&core, oldestUnarchived: unarchived)
        // A deposed one answers nothing that is not answered yet.
        if partition.end != nil { return }
        release(progress)
    }

    /// Hands the partition over: answers what was received, and lets go. What comes later is left in the socket,
    /// for routers send it again to the next owner.
    mutating func handOver(_ partition: PartitionKeeper) throws(ZeroMQError) {
        let began = ServerClock.steadyMilliseconds()
        while try takeRequest() {
            if ServerClock.steadyMilliseconds() - began > Self.takeOverMilliseconds { break }
        }
        var isReleased = false
        while partition.end == nil {
            _ = try answerSome()
            // Questions that are not answered by now are asked the next owner.
            if !isReleased, unanswered == openQuestions, core.journal.waitingBytes == 0 {
                partition.release()
                isReleased = true
            }
            if ServerClock.steadyMilliseconds() - began > Self.handOverMilliseconds {
                state.log.warning(
                    """
                    partition \(partition.seat.partition): ended with \(unanswered) requests \
                    unanswered; the log does not take what they rest on
                    """)
                return
            }
            if waiting.isEmpty { try wait(atMost: 5) }
        }
    }
}
