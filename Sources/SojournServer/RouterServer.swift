package import Logging
import SojournService
import ZeroMQ

/// A running router: its sockets, its thread, and their end. It runs from `init` to `stop`, or until the
/// last reference is gone.
package final class RouterServer: Sendable {
    /// Where it listens, wildcards resolved.
    package var endpoints: [String] { thread.endpoints }
    private let state: ServerState
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
        let state: ServerState
        do throws(ZeroMQError) {
            state = try ServerState(log: log, clients: ClientDirectory())
        } catch {
            throw ServerError(error)
        }
        self.state = state
        thread = try ServerThread("sojourn-router") { listening throws(ServerError) in
            let loop = try RouterLoop.start(
                configuration, state, try SojournServer.newContext(), isStopping: isStopping)
            listening(loop.listeners)
            Self.route(loop, state)
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

    /// Waits until the router has stopped, by `stop` or by a fault of its own.
    package func waitUntilStopped() { thread.wait() }

    /// It stopped, or is about to, for a fault of its own, which it logged.
    package var hasFailed: Bool { state.hasFailed }

    /// Closes the sockets when it returns.
    private static func route(_ loop: consuming RouterLoop, _ state: ServerState) {
        do throws(ZeroMQError) { try loop.run() } catch { state.fail("\(error)") }
    }
}
