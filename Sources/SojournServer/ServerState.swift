import Logging
import Synchronization
import ZeroMQ

/// The few things that a server's thread shares with those who started it.
final class ServerState: Sendable {
    let log: Logger
    /// Calls the thread when a stop was asked for.
    let wakeUp: WakeUp
    /// What this process asks itself.
    let ownRequests = OwnRequests()
    private let stopFlag = Atomic(false)
    private let failureFlag = Atomic(false)

    init(log: Logger) throws(ZeroMQError) {
        self.log = log
        wakeUp = try WakeUp()
    }

    var isStopping: Bool { stopFlag.load(ordering: .acquiring) }

    func requestStop() {
        stopFlag.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    /// The service ends for a fault of its own: the first that it is told of.
    func fail(_ reason: String) {
        let isFirst = !failureFlag.exchange(true, ordering: .acquiringAndReleasing)
        guard isFirst else { return }
        log.critical("the service failed: \(reason)")
        requestStop()
    }

    var hasFailed: Bool { failureFlag.load(ordering: .acquiring) }
}
