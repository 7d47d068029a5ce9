package import Logging
import SojournService
import ZeroMQ

/// A running router: its sockets, its thread, and their end. It runs from `init` to `stop`, or until the
/// last reference is gone.
package final class RouterServer: Sendable {
    /// Where it listens, wildcards resolved.
    package var endpoints: [String] { thread.endpoints }
    let state: ServerState
    private let clientsFile: String?
    private let thread: ServerThread

    /// Starts a router. It listens when this returns; clients are told to wait until every partition has
    /// a worker.
    ///
    /// - Parameters:
    ///   - isStopping: asked while it waits for a cluster: true ends the waiting.
    ///   - log: gets one line at the start, what becomes of workers, and faults.
    package init(
        _ configuration: RouterServerConfiguration,
        isStopping: @escaping @Sendable () -> Bool = { false },
        log: Logger = Logger(label: "sojourn") { _ in SwiftLogNoOpLogHandler() }
    ) throws(ServerError) {
        let state = try ServerState(
            log: log, clients: configuration.curve?.clients ?? ClientDirectory())
        self.state = state
        clientsFile = configuration.curve?.clientsFile
        thread = try ServerThread("sojourn-router") { listening throws(ServerError) in
            try Self.run(configuration, state, listening, isStopping: isStopping)
        }
        log.info("\(configuration.summary(endpoints))")
    }

    deinit { stop() }

    /// Answers what was received, refuses what still comes, and returns when the thread has ended:
    /// within 5 seconds. May be called from any thread, and more than once.
    package func stop() {
        state.requestStop()
        thread.wait()
    }

    /// Reads the file of clients again; the same as of a service.
    package func reloadClients() throws(ConfigurationError) { try state.readClients(clientsFile) }

    /// Waits until the router has stopped, by `stop` or by a fault of its own.
    package func waitUntilStopped() { thread.wait() }

    /// It stopped, or is about to, for a fault of its own, which it logged.
    package var hasFailed: Bool { state.hasFailed }

    /// The whole life of the router's thread.
    private static func run(
        _ configuration: RouterServerConfiguration, _ state: ServerState,
        _ listening: (Listeners) -> Void, isStopping: () -> Bool
    ) throws(ServerError) {
        let context = try SojournServer.newContext()
        let doorkeeper = try Doorkeeper(
            connectionsMax: configuration.connectionsMax, in: context, state)
        defer { doorkeeper.stop() }
        let loop = try RouterLoop.start(
            configuration, state, context, doorkeeper, isStopping: isStopping)
        listening(loop.listeners)
        route(loop, state)
    }

    /// Closes the sockets when it returns.
    private static func route(_ loop: consuming RouterLoop, _ state: ServerState) {
        do throws(ZeroMQError) { try loop.run() } catch { state.fail("\(error)") }
        state.ownRequests.close()
    }
}
