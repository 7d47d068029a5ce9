import Logging
import SojournArchive
import SojournJournal
import SojournModel
import SojournPostgres
import SojournService
import SojournWire
import ZeroMQ

/// The service thread's side of the archive: hands finished sessions over once their records are in the
/// journal, and knows which are not archived yet.
struct ArchiveKeeper: ~Copyable {
    /// What is finished is handed over after so long, or when there is a list that should not grow any more.
    private static let sealMilliseconds: UInt64 = 200
    /// Where many partitions of a process share one database.
    private static let sharedSealMilliseconds: UInt64 = 1_000
    private static let sealBytes = 1 << 20

    let archive: any Archive
    private let writer: ArchiveWriter
    private let sealMilliseconds: UInt64
    private var nextSeal: UInt64 = 0
    /// Not archived, as far as is known, in order. Those from `handedOver` on wait for the journal.
    private(set) var pending: [PackedGroup] = []
    /// When each of them was sealed, in steady milliseconds.
    private var sealedAt: [UInt64] = []
    private var handedOver = 0
    private var pendingBytes = 0
    /// For the feed, since it last asked.
    private var unfed: [PackedGroup] = []

    /// Opens the archive.
    ///
    /// - Parameter core: has no state yet; what the archive has is not archived again.
    static func open(
        _ settings: ArchiveSettings, _ core: inout ServiceCore, wakeUp: WakeUp, log: Logger
    ) throws(ServerError) -> ArchiveKeeper {
        do throws(ArchiveError) {
            let archive = try open(settings.store, core.configuration)
            let archived = try archive.archived()
            if core.journal.isOn {
                core.finished.skip(upTo: archived)
            } else {
                core.finished.resume(behind: archived)
            }
            return ArchiveKeeper(
                archive: archive,
                writer: ArchiveWriter(
                    archive, keepMilliseconds: settings.keepMilliseconds,
                    hurryBytes: hurryBytes(core.configuration), wakeUp: wakeUp, log: log))
        } catch { throw ServerError(error) }
    }

    /// Half of the room that there is for sessions that wait.
    private static func hurryBytes(_ service: ServiceConfiguration) -> Int {
        service.finishedBytesMax / 2
    }

    private static func open(
        _ store: ArchiveSettings.Store, _ service: ServiceConfiguration
    ) throws(ArchiveError) -> any Archive {
        switch store {
        case .file(let path):
            return try SQLiteArchive(path: path, deployment: service.deployment)
        case .postgres(let address):
            return try PostgresArchive(
                address, deployment: service.deployment, partitions: "\(service.partitions)")
        }
    }

    /// The archive of one partition of a cluster. It is looked for when something is archived or asked, so that a
    /// partition is served while the database is away: what was finished behind its snapshot is handed over again,
    /// and the archive leaves out what it has.
    ///
    /// - Parameters:
    ///   - epoch: of the claim of the partition.
    ///   - core: has its state.
    static func share(
        _ pool: PostgresPool, _ settings: ArchiveSettings, epoch: UInt64,
        _ core: borrowing ServiceCore, wakeUp: WakeUp, log: Logger
    ) -> ArchiveKeeper {
        let service = core.configuration
        let archive = PostgresArchive(
            pool,
            of: .init(
                service.deployment, partitions: "\(service.partitions)", epoch: epoch,
                journalEnd: FeedPlace(position: core.journal.last.rawValue, index: .max)))
        return ArchiveKeeper(
            archive: archive,
            writer: ArchiveWriter(
                archive, keepMilliseconds: settings.keepMilliseconds,
                hurryBytes: hurryBytes(service), wakeUp: wakeUp, log: log),
            sealMilliseconds: sharedSealMilliseconds)
    }

    private init(
        archive: any Archive, writer: ArchiveWriter, sealMilliseconds: UInt64 = sealMilliseconds
    ) {
        self.archive = archive
        self.writer = writer
        self.sealMilliseconds = sealMilliseconds
    }

    /// After a replay: an archive that is ahead of the journal, which lost its end in a power cut, goes back
    /// to it. What it loses will be finished again.
    func align(with core: inout ServiceCore, log: Logger) throws(ServerError) {
        guard core.journal.isOn else { return }
        do throws(ArchiveError) {
            let last = FeedPlace(position: core.journal.durable.rawValue, index: .max)
            guard try archive.archived() > last else { return }
            log.warning(
                "the archive is ahead of the journal, which ends at \(last.position): it goes back")
            try archive.rewind(to: last)
            core.finished.skip(upTo: last)
        } catch { throw ServerError(error) }
    }

    /// Takes what is finished, and hands over what the journal has.
    ///
    /// - Parameter written: every record up to here is in the journal.
    /// - Returns: the group that was sealed, if one was.
    mutating func tend(
        _ core: inout ServiceCore, written: UInt64, at now: UInt64
    ) -> PackedGroup? {
        let done = writer.takeWritten()
        if done > 0 {
            pendingBytes -= pending[..<done].reduce(0) { $0 + $1.list.byteCount }
            pending.removeFirst(done)
            sealedAt.removeFirst(done)
            handedOver -= done
        }
        var sealed: PackedGroup?
        if now >= nextSeal || core.finished.waitingBytes >= Self.sealBytes {
            sealed = seal(&core, at: now)
        }
        core.finished.takenBytes = pendingBytes
        var end = handedOver
        while end < pending.count, pending[end].list.lastPosition <= written { end += 1 }
        if end > handedOver {
            writer.write(Array(pending[handedOver..<end]))
            handedOver = end
        }
        return sealed
    }

    /// Makes a group of what is finished so far.
    mutating func seal(_ core: inout ServiceCore, at now: UInt64) -> PackedGroup? {
        nextSeal = now + sealMilliseconds
        guard let list = core.finished.take() else { return nil }
        let group = PackedGroup(list)
        pending.append(group)
        sealedAt.append(now)
        pendingBytes += group.list.byteCount
        if !core.finished.feed.properties.isEmpty { unfed.append(group) }
        core.finished.takenBytes = pendingBytes
        return group
    }

    /// What was sealed since the last time, if somebody reads the feed.
    mutating func takeUnfed() -> [PackedGroup] {
        defer { unfed.removeAll() }
        return unfed
    }

    /// Everything that records before this position brought about is archived.
    func oldestUnarchived(_ core: borrowing ServiceCore) -> UInt64 {
        pending.first?.list.firstPosition ?? core.finished.firstWaiting ?? .max
    }

    /// Archives what the journal has, if the archive can be written, and ends.
    mutating func stop(_ core: inout ServiceCore, written: UInt64) {
        nextSeal = 0
        _ = tend(&core, written: written, at: ServerClock.steadyMilliseconds())
        writer.stop()
    }

    /// How long the oldest session that is finished and not archived has waited, about.
    private var lagMilliseconds: UInt64 {
        guard let oldest = sealedAt.first else { return 0 }
        let now = ServerClock.steadyMilliseconds()
        return now - min(now, oldest)
    }

    var gauges: [Gauge] {
        let counters = writer.counters
        return [
            Gauge("archive_writable", writer.isAvailable ? 1 : 0 as UInt64),
            Gauge("archive_sessions_total", counters.sessions),
            Gauge("archive_lag_milliseconds", lagMilliseconds),
            Gauge("archive_transactions_total", counters.transactions),
            Gauge("archive_refusals_total", counters.refusals),
            Gauge("archive_expired_sessions_total", counters.expired),
            Gauge("archive_longest_transaction_milliseconds", counters.longestMilliseconds),
        ]
    }
}
