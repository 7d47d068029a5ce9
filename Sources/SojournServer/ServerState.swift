import Logging
import SojournService
import SojournWire
import Synchronization
import ZeroMQ

/// The few things that the threads of a server share. Requests and replies are not among them:
/// those go from thread to thread as messages.
final class ServerState: Sendable {
    /// Ended by the front thread, when all sockets are closed.
    private let context: Mutex<Context?>
    let log: Logger
    /// Calls the front thread when a stop was asked for.
    let wakeUp: WakeUp
    private let stopFlag = Atomic(false)
    private let frontEndFlag = Atomic(false)
    private let failureFlag = Atomic(false)

    // Counted by the front, read by the engine for STATUS.
    let queuedMessages = Atomic(0)
    let queuedBytes = Atomic(0)
    /// Replies whose peer was gone when they were ready.
    let repliesUnreachable = Atomic<UInt64>(0)
    /// Replies whose peer did not read fast enough to have room for them.
    let repliesUnread = Atomic<UInt64>(0)
    /// Refusals are rare next to requests, so a lock costs nothing.
    private let refusals = Mutex(RefusalCounters())

    init(log: Logger) throws(ZeroMQError) {
        self.log = log
        context = Mutex(try Context())
        wakeUp = try WakeUp()
    }

    var isStopping: Bool { stopFlag.load(ordering: .acquiring) }

    func requestStop() {
        stopFlag.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    /// Ends the server for a fault of its own.
    func fail(_ thread: String, _ error: ZeroMQError) {
        log.critical("the \(thread) thread failed: \(error)")
        failureFlag.store(true, ordering: .releasing)
        requestStop()
    }

    var hasFailed: Bool { failureFlag.load(ordering: .acquiring) }

    /// Nobody sends to the engine any more.
    var hasFrontEnded: Bool { frontEndFlag.load(ordering: .acquiring) }

    func endFront() { frontEndFlag.store(true, ordering: .releasing) }

    /// Opens a socket for the thread that calls.
    func socket(_ kind: SocketKind) throws(ZeroMQError) -> Socket {
        guard let context = context.withLock({ $0 }) else {
            preconditionFailure("a socket is opened after the end")
        }
        return try Socket(kind, in: context)
    }

    /// Ends the context, and waits until replies that were sent are on their way, as long as the
    /// sockets linger. All sockets are closed before.
    func endContext() {
        let last = context.withLock { context in
            defer { context = nil }
            return context
        }
        withExtendedLifetime(last) {}
    }

    func count(_ answer: Answer, _ code: ErrorCode) {
        refusals.withLock { $0.count(answer, code) }
    }

    func report() -> ShellReport {
        var report = ShellReport()
        report.refusals = refusals.withLock { $0 }
        report.gauges = [
            Gauge("queued_requests", UInt64(max(0, queuedMessages.load(ordering: .relaxed)))),
            Gauge("queued_bytes", UInt64(max(0, queuedBytes.load(ordering: .relaxed)))),
            Gauge("replies_unreachable_total", repliesUnreachable.load(ordering: .relaxed)),
            Gauge("replies_unread_total", repliesUnread.load(ordering: .relaxed)),
        ]
        return report
    }
}
