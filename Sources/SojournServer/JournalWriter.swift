import Dispatch
import Foundation
import Logging
import SojournJournal
import SojournModel
import SojournService
import Synchronization
import ZeroMQ

/// The thread that waits for the disk: appends groups of records, one at a time, and puts snapshots into
/// place. While a group is written the service goes on, and what it makes meanwhile is the next group:
/// all batches that wait share one sync.
///
/// When the disk refuses a group it is tried again, in a new segment, until the disk takes it; `report`
/// tells of both.
final class JournalWriter: Sendable {
    private static let retrySeconds = 0.25

    /// What the service's thread learns.
    struct Report {
        var progress: JournalProgress
        /// Faults that time does not mend.
        var failure: JournalError?
        var counters = Counters()
    }

    struct Counters {
        var groups: UInt64 = 0
        var bytes: UInt64 = 0
        /// Appends that the disk refused.
        var refusals: UInt64 = 0
        var snapshots: UInt64 = 0
        var snapshotRefusals: UInt64 = 0
    }

    private struct Mail: ~Copyable {
        var report: Report
        /// Orders that wait.
        var group: RecordGroup?
        var snapshot: SnapshotChild?
        var isStopping = false
        /// A group is being written, or waits to be.
        var isBusy = false
        /// Empty, to be used again.
        var spare: RecordGroup? = RecordGroup()
    }

    private let mail: Mutex<Mail>
    private let orders = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()
    private let wakeUp: WakeUp
    private let log: Logger

    /// Starts the thread, which has the journal from now on.
    ///
    /// - Parameter wakeUp: calls whoever wants the report when it has changed.
    init(_ journal: consuming FileJournal<FileStorage>, wakeUp: WakeUp, log: Logger) {
        mail = Mutex(
            Mail(
                report: Report(
                    progress: JournalProgress(written: journal.last, durable: journal.durable))))
        self.wakeUp = wakeUp
        self.log = log
        let owned = Owned(journal)
        ended.enter()
        let thread = Thread { [self] in
            run(owned)
            ended.leave()
        }
        thread.name = "sojourn-journal"
        thread.start()
    }

    /// Carries the journal to the thread.
    private final class Owned: Sendable {
        private let journal: Mutex<FileJournal<FileStorage>?>

        init(_ journal: consuming FileJournal<FileStorage>) { self.journal = Mutex(journal) }

        func take() -> FileJournal<FileStorage> {
            let taken = journal.withLock { $0.take() }
            guard let taken else { preconditionFailure("a journal has one owner") }
            return taken
        }
    }

    // MARK: The service's side

    var report: Report { mail.withLock { $0.report } }

    /// An empty group to be filled and handed over; nil while one is being written.
    func idleGroup() -> RecordGroup? {
        mail.withLock { $0.isBusy ? nil : $0.spare.take() }
    }

    /// Has a group written. The one before is.
    func append(_ group: consuming RecordGroup) {
        var group = Optional(group)
        mail.withLock { mail in
            precondition(!mail.isBusy)
            mail.isBusy = true
            mail.group = group.take()
        }
        orders.signal()
    }

    /// Has a snapshot put into place that is written, and whose position the journal has.
    func install(_ snapshot: consuming SnapshotChild) {
        var snapshot = Optional(snapshot)
        mail.withLock { $0.snapshot = snapshot.take() }
        orders.signal()
    }

    /// Writes what it has, unless the disk refuses it, makes it durable, and ends.
    func stop() {
        mail.withLock { $0.isStopping = true }
        orders.signal()
        ended.wait()
    }

    // MARK: The thread

    private func run(_ owned: Owned) {
        // Every reply waits for it, and it waits for the disk most of the time.
        ThreadTurns.shorten()
        var journal = owned.take()
        while true {
            orders.wait()
            if let group = mail.withLock({ $0.group.take() }) {
                guard write(group, &journal) else { return }
            }
            if let snapshot = mail.withLock({ $0.snapshot.take() }) { install(snapshot, &journal) }
            if mail.withLock({ $0.isStopping && $0.group == nil }) { break }
        }
        do throws(JournalError) { try journal.close() } catch {
            log.error("the journal's end is not known to be on disk: \(error)")
        }
    }

    /// - Returns: false when it cannot be written, now or later.
    private func write(
        _ filled: consuming RecordGroup, _ journal: inout FileJournal<FileStorage>
    ) -> Bool {
        var group = filled
        var isInTrouble = false
        while true {
            do throws(JournalError) {
                try journal.append(&group)
                break
            } catch {
                guard error.isPassing else {
                    tell {
                        $0.progress.isAvailable = false
                        $0.failure = error
                    }
                    return false
                }
                if !isInTrouble {
                    log.error("the journal cannot be written; new batches are refused: \(error)")
                }
                isInTrouble = true
                tell {
                    $0.progress.isAvailable = false
                    $0.counters.refusals += 1
                }
            }
            Thread.sleep(forTimeInterval: Self.retrySeconds)
            if mail.withLock({ $0.isStopping }) {
                log.error("stopped with records that the disk does not take; they are not answered")
                return false
            }
        }
        if isInTrouble { log.notice("the journal is written again") }
        let bytes = group.byteCount
        group.removeAll()
        var spare = Optional(group)
        mail.withLock {
            $0.spare = spare.take()
            $0.isBusy = false
        }
        tell {
            $0.progress = JournalProgress(written: journal.last, durable: journal.durable)
            $0.counters.groups += 1
            $0.counters.bytes += UInt64(bytes)
        }
        return true
    }

    private func install(
        _ snapshot: consuming SnapshotChild, _ journal: inout FileJournal<FileStorage>
    ) {
        do throws(JournalError) {
            let position = snapshot.position
            try journal.finish(snapshot)
            log.debug("snapshot at \(position)")
            tell {
                $0.progress.durable = journal.durable
                $0.counters.snapshots += 1
            }
        } catch {
            log.error("no snapshot was made, and the journal grows: \(error)")
            tell { $0.counters.snapshotRefusals += 1 }
        }
    }

    private func tell(_ change: (inout Report) -> Void) {
        mail.withLock { change(&$0.report) }
        wakeUp.signal()
    }
}
