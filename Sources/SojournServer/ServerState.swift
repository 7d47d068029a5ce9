import Logging
import SojournService
import Synchronization
import ZeroMQ

/// The few things that a server's thread shares with those who started it.
final class ServerState: Sendable {
    let log: Logger
    /// Calls the thread when a stop was asked for.
    let wakeUp: WakeUp
    /// What this process asks itself.
    let ownRequests = OwnRequests()
    /// Connections of the feed's readers.
    let feedConnections = Atomic(0)
    /// Where the feed is; empty when there is none.
    let feedEndpoints = Mutex<[String]>([])
    private let stopFlag = Atomic(false)
    private let failureFlag = Atomic(false)
    /// Who is authorized now.
    private let clientDirectory: Mutex<ClientDirectory>
    /// Counts how often that has changed, so that nobody need take the lock to find out.
    private let clientsVersion = Atomic<UInt64>(0)

    init(log: Logger, clients: ClientDirectory) throws(ServerError) {
        self.log = log
        clientDirectory = Mutex(clients)
        do { wakeUp = try WakeUp() } catch { throw ServerError(error) }
    }

    var isStopping: Bool { stopFlag.load(ordering: .acquiring) }

    func requestStop() {
        stopFlag.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    var clients: ClientDirectory { clientDirectory.withLock { $0 } }

    /// Other clients are authorized from now on: connections that are made and requests that come after this
    /// are judged by it.
    func follow(_ clients: ClientDirectory) {
        clientDirectory.withLock { $0 = clients }
        clientsVersion.wrappingAdd(1, ordering: .releasing)
        wakeUp.signal()
    }

    /// Reads the file of clients again. Connections stay; whoever is authorized no longer is refused at his
    /// next request. A file with a fault changes nothing.
    ///
    /// - Throws: what is wrong with the file.
    func readClients(_ file: String?) throws(ConfigurationError) {
        guard let file else {
            log.info("there is no file of clients to be read again")
            return
        }
        let clients = try ClientsFile.read(file)
        follow(clients)
        log.info("\(file) was read again: \(clients.count) keys are authorized")
    }

    /// The clients, when they have changed since this version.
    func newClients(since version: inout UInt64) -> ClientDirectory? {
        let current = clientsVersion.load(ordering: .acquiring)
        if current == version { return nil }
        version = current
        return clients
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
