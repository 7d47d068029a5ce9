import Logging
import SojournJournal
import SojournModel
import SojournService
import SojournWire
import ZeroMQ

/// The service thread's side of the journal: opens it, has records written, and takes snapshots.
struct JournalKeeper: ~Copyable {
    let settings: JournalSettings
    /// Locked as long as this lives.
    private let directory: DataDirectory
    private let deployment: DeploymentID
    private let writer: JournalWriter
    private let log: Logger

    private var snapshot: SnapshotChild?
    /// Bytes of journal behind the last snapshot.
    private var bytesBehind: Int
    /// Bytes of the last snapshot.
    private var snapshotBytes = 0
    /// The longest that the service stood still for a snapshot.
    private var longestPauseMicroseconds: UInt64 = 0
    /// Steady milliseconds before which no snapshot is begun, after one that failed.
    private var nextSnapshot: UInt64 = 0
    private var snapshotFailures: UInt64 = 0
    private static let snapshotRetryMilliseconds: UInt64 = 10_000

    /// Opens a data directory, and keeps other processes from it.
    static func lock(
        _ settings: JournalSettings, _ deployment: DeploymentID
    ) throws(ServerError) -> DataDirectory {
        do throws(JournalError) {
            return try DataDirectory(settings.directory, deployment: deployment)
        } catch { throw ServerError(RecoveryError.journal(error)) }
    }

    /// Makes the state anew that a data directory holds.
    ///
    /// - Parameter core: is journaled and has no state.
    static func open(
        _ settings: JournalSettings, _ directory: consuming DataDirectory,
        _ core: inout ServiceCore, wakeUp: WakeUp, log: Logger
    ) throws(ServerError) -> JournalKeeper {
        let began = ServerClock.steadyMilliseconds()
        let deployment = core.configuration.deployment
        do throws(RecoveryError) {
            let options = JournalOptions(
                deployment: deployment, durability: settings.durability,
                segmentBytes: settings.segmentBytes,
                saltSeed: UInt64.random(in: .min ... .max))
            let storage = directory.storage
            var journal = try RecoveryError.wrapping { () throws(JournalError) in
                try FileJournal(storage, options)
            }
            let recovery = try core.recover(from: &journal)
            for line in journal.recovery.lines { log.notice("\(line)") }
            for damage in journal.damagedSnapshots {
                log.warning("\(damage); the snapshot before it was used")
            }
            let took = ServerClock.steadyMilliseconds() - began
            log.info(
                """
                \(settings.directory): \(core.liveVisitors) live visitors from the snapshot at \
                \(recovery.snapshot) and \(recovery.records) records behind it, in \(took) ms
                """)
            return JournalKeeper(
                settings: settings, directory: directory, deployment: deployment,
                writer: JournalWriter(journal, wakeUp: wakeUp, log: log), log: log,
                bytesBehind: recovery.bytes)
        } catch { throw ServerError(error) }
    }

    private init(
        settings: JournalSettings, directory: consuming DataDirectory, deployment: DeploymentID,
        writer: JournalWriter, log: Logger, bytesBehind: Int
    ) {
        self.settings = settings
        self.directory = directory
        self.deployment = deployment
        self.writer = writer
        self.log = log
        self.bytesBehind = bytesBehind
    }

    // MARK: Records

    /// What the thread that writes has come to.
    var report: JournalWriter.Report { writer.report }

    /// Has the records written that wait, unless others are being written.
    mutating func write(from core: inout ServiceCore) {
        guard core.journal.waitingBytes > 0, var group = writer.idleGroup() else { return }
        _ = core.journal.take(&group)
        bytesBehind += group.byteCount
        writer.append(group)
    }

    /// Writes what waits, if the disk takes it, and ends the thread that writes.
    mutating func stop() {
        snapshot = nil
        writer.stop()
    }

    // MARK: Snapshots

    /// Bytes of journal after which a snapshot is due.
    private var bytesBetween: Int { max(settings.snapshotBytes, 4 * snapshotBytes) }

    /// Begins a snapshot when it is time, and puts one into place that is written.
    ///
    /// - Parameter oldestUnarchived: what records before it have finished is in the archive.
    mutating func tendSnapshot(
        of core: borrowing ServiceCore, at now: UInt64, oldestUnarchived: UInt64
    ) {
        if snapshot != nil {
            finishSnapshot(at: now, oldestUnarchived: oldestUnarchived)
        } else if bytesBehind >= bytesBetween, now >= nextSnapshot, core.journal.isAvailable {
            beginSnapshot(of: core, at: now)
        }
    }

    private mutating func beginSnapshot(of core: borrowing ServiceCore, at now: UInt64) {
        let began = ServerClock.steadyMicroseconds()
        do throws(JournalError) {
            let draft = core.snapshot()
            let bytes = draft.byteCount
            snapshot = try SnapshotChild.start(
                draft, deployment: deployment, in: directory.storage)
            bytesBehind = 0
            snapshotBytes = bytes
        } catch { failSnapshot(error, at: now) }
        let took = ServerClock.steadyMicroseconds() - began
        longestPauseMicroseconds = max(longestPauseMicroseconds, took)
        log.debug("snapshot of \(snapshotBytes) bytes begun; requests waited for \(took) us")
    }

    private mutating func finishSnapshot(at now: UInt64, oldestUnarchived: UInt64) {
        do throws(JournalError) {
            guard var child = snapshot.take() else { return }
            // Not in place before the journal has what the snapshot has, and the archive what was
            // finished before it: a replay from there on would not come to that again.
            if try child.poll(), report.progress.written >= child.position,
                oldestUnarchived > child.position.rawValue
            {
                writer.install(child)
            } else {
                snapshot = consume child
            }
        } catch { failSnapshot(error, at: now) }
    }

    private mutating func failSnapshot(_ error: JournalError, at now: UInt64) {
        snapshotFailures += 1
        nextSnapshot = now + Self.snapshotRetryMilliseconds
        // So that the next one is due at that time.
        bytesBehind = bytesBetween
        log.error("no snapshot was made, and the journal grows: \(error)")
    }

    var gauges: [Gauge] {
        let report = report
        return [
            Gauge("journal_written_position", report.progress.written.rawValue),
            Gauge("journal_groups_total", report.counters.groups),
            Gauge("journal_bytes_total", report.counters.bytes),
            Gauge("journal_refusals_total", report.counters.refusals),
            Gauge("snapshots_total", report.counters.snapshots),
            Gauge("snapshot_failures_total", snapshotFailures + report.counters.snapshotRefusals),
            Gauge("snapshot_bytes", UInt64(snapshotBytes)),
            Gauge("snapshot_longest_pause_microseconds", longestPauseMicroseconds),
        ]
    }
}

extension JournalRecovery {
    /// What an operator should know of it.
    fileprivate var lines: [String] {
        var lines: [String] = []
        if let tornTail {
            lines.append(
                "\(tornTail.file) ended within record \(tornTail.position), which nobody was told of: "
                    + "it was cut off at byte \(tornTail.offset)")
        }
        if rewrittenRecords > 0 {
            lines.append("\(rewrittenRecords) records at the end of the journal were written anew")
        }
        for name in removedFiles { lines.append("removed \(name), which was never finished") }
        return lines
    }
}
