import Dispatch
import Foundation
import Logging
import SojournArchive
import SojournModel
import Synchronization
import ZeroMQ

/// The thread that writes the archive: takes what waits in one transaction, tries again for as long as
/// the archive cannot be written, and erases what is too old when there is nothing else to do.
///
/// It computes when nobody else wants to: batches are answered first, and sessions wait, for which they have room. When
/// that runs short a second thread, of the usual rank, writes too until there is enough of it again.
final class ArchiveWriter: Sendable {
    private static let retrySeconds = 0.5
    /// A transaction that is at work when the service stops may take so long; then it is ended.
    private static let stopSeconds = 1.0
    /// What one transaction takes at most.
    private static let transactionBytesMax = 16 << 20
    /// From the beginning of a transaction to that of the next one, unless there is enough for it before: each is synced
    /// and writes some pages anew, however few its sessions are.
    private static let gatherMilliseconds: UInt64 = 500
    /// Between two looks for sessions that are too old.
    private static let expirySeconds: UInt64 = 600
    /// Sessions that are erased in one transaction, about.
    private static let expiryBatch = 20_000

    struct Counters {
        var transactions: UInt64 = 0
        var sessions: UInt64 = 0
        var refusals: UInt64 = 0
        var expired: UInt64 = 0
        var longestMilliseconds: UInt64 = 0
    }

    private struct Mail {
        var waiting: [PackedGroup] = []
        var waitingBytes = 0
        /// The thread lets sessions gather, and is not to be woken for a few.
        var isGathering = false
        /// Groups that were written since this was last asked.
        var written = 0
        var isAvailable = true
        var isStopping = false
        /// There is a second thread.
        var isHurrying = false
        /// Nobody writes any more.
        var isOver = false
        var counters = Counters()
    }

    private let archive: any Archive
    private let keepMilliseconds: Int64?
    /// So much may wait before there is haste.
    private let hurryBytes: Int
    /// Of the thread that writes, for there may be two.
    private let turn = Mutex(())
    private let mail = Mutex(Mail())
    private let orders = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()
    private let wakeUp: WakeUp
    private let log: Logger

    init(
        _ archive: any Archive, keepMilliseconds: Int64?, hurryBytes: Int, wakeUp: WakeUp,
        log: Logger
    ) {
        self.archive = archive
        self.keepMilliseconds = keepMilliseconds
        self.hurryBytes = hurryBytes
        self.wakeUp = wakeUp
        self.log = log
        start("sojourn-archive") { [self] in
            ThreadTurns.standBack()
            run()
        }
    }

    private func start(_ name: String, _ life: @escaping @Sendable () -> Void) {
        ended.enter()
        let thread = Thread { [ended] in
            life()
            ended.leave()
        }
        thread.name = name
        thread.start()
    }

    // MARK: The service's side

    func write(_ groups: [PackedGroup]) {
        let (isDue, hasHaste) = mail.withLock { mail in
            mail.waiting += groups
            mail.waitingBytes += groups.reduce(0) { $0 + $1.list.byteCount }
            return (
                !mail.isGathering || mail.waitingBytes >= Self.transactionBytesMax,
                mail.waitingBytes >= hurryBytes
            )
        }
        if isDue { orders.signal() }
        if hasHaste { hurry() }
    }

    /// Has a second thread write, unless one does.
    private func hurry() {
        let isWanted = mail.withLock { mail in
            if mail.isHurrying || mail.isOver { return false }
            mail.isHurrying = true
            return true
        }
        if isWanted { start("sojourn-archive-2") { [self] in catchUp() } }
    }

    /// How many of the groups handed over were written since the last call.
    func takeWritten() -> Int {
        mail.withLock { mail in
            defer { mail.written = 0 }
            return mail.written
        }
    }

    var isAvailable: Bool { mail.withLock { $0.isAvailable } }
    var counters: Counters { mail.withLock { $0.counters } }

    /// Writes what was handed over, unless the archive refuses it, and ends.
    func stop() {
        mail.withLock { $0.isStopping = true }
        orders.signal()
        hurry()
        if ended.wait(timeout: .now() + Self.stopSeconds) == .timedOut {
            archive.interruptWriting()
            ended.wait()
        }
    }

    // MARK: The threads

    private enum Step {
        case written, nothing, over
    }

    private func run() {
        var nextExpiry: UInt64 = 0
        while true {
            let now = ServerClock.steadyMilliseconds()
            if now >= nextExpiry {
                let isMoreDue = turn.withLock { _ in expireSome() }
                nextExpiry = now + (isMoreDue ? 10 : Self.expirySeconds * 1_000)
            }
            let pause = DispatchTimeInterval.milliseconds(
                Int(nextExpiry - min(nextExpiry, ServerClock.steadyMilliseconds())))
            _ = orders.wait(timeout: .now() + pause)
            writing: while true {
                let began = ServerClock.steadyMilliseconds()
                switch writeNext() {
                case .written: gather(until: began + Self.gatherMilliseconds)
                case .nothing: break writing
                case .over: return
                }
            }
            if mail.withLock({ $0.isStopping && $0.waiting.isEmpty }) { return }
        }
    }

    /// Writes until half of the room is there again, or all is written that there was before a stop.
    private func catchUp() {
        var goesOn = true
        while goesOn {
            _ = writeNext()
            goesOn = mail.withLock { mail in
                let hasMore =
                    mail.isStopping
                    ? !mail.waiting.isEmpty : mail.waitingBytes >= hurryBytes / 2
                mail.isHurrying = hasMore && !mail.isOver
                return mail.isHurrying
            }
        }
    }

    /// One transaction, if there is something to write.
    private func writeNext() -> Step {
        turn.withLock { _ in
            if mail.withLock({ $0.isOver }) { return .over }
            guard let groups = takeWaiting() else { return .nothing }
            if write(inOrder: groups) { return .written }
            mail.withLock { $0.isOver = true }
            return .over
        }
    }

    /// Waits for more to come, for no longer than that, and not beyond what one transaction takes.
    private func gather(until end: UInt64) {
        while true {
            let now = ServerClock.steadyMilliseconds()
            let isOver = mail.withLock { mail in
                mail.isGathering =
                    now < end && !mail.isStopping && mail.waitingBytes < Self.transactionBytesMax
                return !mail.isGathering
            }
            if isOver { return }
            _ = orders.wait(timeout: .now() + .milliseconds(Int(end - now)))
        }
    }

    private func takeWaiting() -> [PackedGroup]? {
        mail.withLock { mail in
            var count = 0
            var bytes = 0
            while count < mail.waiting.count, bytes < Self.transactionBytesMax {
                bytes += mail.waiting[count].list.byteCount
                count += 1
            }
            if count == 0 { return nil }
            mail.waitingBytes -= bytes
            defer { mail.waiting.removeFirst(count) }
            return Array(mail.waiting[..<count])
        }
    }

    /// - Returns: false when the service stops before they could be written.
    private func write(inOrder groups: [PackedGroup]) -> Bool {
        var isInTrouble = false
        while true {
            let began = ServerClock.steadyMilliseconds()
            do throws(ArchiveError) {
                try archive.write(groups)
                let took = ServerClock.steadyMilliseconds() - began
                if isInTrouble { log.notice("the archive is written again") }
                mail.withLock {
                    $0.written += groups.count
                    $0.isAvailable = true
                    $0.counters.transactions += 1
                    $0.counters.sessions += UInt64(groups.reduce(0) { $0 + $1.list.finishedCount })
                    $0.counters.longestMilliseconds = max($0.counters.longestMilliseconds, took)
                }
                wakeUp.signal()
                return true
            } catch {
                if error.code == .deposed {
                    log.info("\(error)")
                    return false
                }
                if !isInTrouble {
                    log.error("\(error); finished sessions wait in memory")
                }
                isInTrouble = true
                mail.withLock {
                    $0.isAvailable = false
                    $0.counters.refusals += 1
                }
            }
            if mail.withLock({ $0.isStopping }) { return false }
            Thread.sleep(forTimeInterval: Self.retrySeconds)
        }
    }

    /// Erases sessions that are too old.
    ///
    /// - Returns: true when there may be more.
    private func expireSome() -> Bool {
        guard let keepMilliseconds else { return false }
        do throws(ArchiveError) {
            var isMoreDue = false
            for (property, newest) in try archive.newestStarts() {
                let (oldest, overflow) = newest.subtractingReportingOverflow(keepMilliseconds)
                if overflow { continue }
                let erased = try archive.expire(property, before: oldest, atMost: Self.expiryBatch)
                if erased > 0 {
                    isMoreDue = true
                    mail.withLock { $0.counters.expired += UInt64(erased) }
                }
            }
            return isMoreDue
        } catch {
            // Another owner erases them.
            if error.code != .deposed { log.error("old sessions cannot be erased: \(error)") }
            return false
        }
    }
}
