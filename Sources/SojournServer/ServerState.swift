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

    /// The service ends for a fault of its own.
    func fail(_ reason: String) {
        log.critical("the service failed: \(reason)")
        failureFlag.store(true, ordering: .releasing)
        requestStop()
    }

    var hasFailed: Bool { failureFlag.load(ordering: .acquiring) }
}
