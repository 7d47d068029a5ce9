import Logging
import SojournService
import Synchronization
import ZeroMQ

/// The few things that a server's thread shares with those who started it.
final class ServerState: Sendable {
    let log: Logger
    /// Calls the thread when a stop was asked for.
    let wakeUp: WakeUp
    private let stopFlag = Atomic(false)
    private let failureFlag = Atomic(false)
    /// Clients that are authorized from now on, until the thread has taken them.
    private let newClients = Mutex<ClientDirectory?>(nil)
    private let hasNewClients = Atomic(false)

    init(log: Logger) throws(ZeroMQError) {
        self.log = log
        wakeUp = try WakeUp()
    }

    var isStopping: Bool { stopFlag.load(ordering: .acquiring) }

    func requestStop() {
        stopFlag.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    /// Other clients are authorized from now on.
    func follow(_ clients: ClientDirectory) {
        newClients.withLock { $0 = clients }
        hasNewClients.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    /// For the thread: the clients, when they have changed since it asked last.
    func takeNewClients() -> ClientDirectory? {
        guard hasNewClients.load(ordering: .acquiring),
            hasNewClients.exchange(false, ordering: .acquiringAndReleasing)
        else { return nil }
        return newClients.withLock { $0.take() }
    }

    /// The service ends for a fault of its own.
    func fail(_ reason: String) {
        log.critical("the service failed: \(reason)")
        failureFlag.store(true, ordering: .releasing)
        requestStop()
    }

    var hasFailed: Bool { failureFlag.load(ordering: .acquiring) }
}
