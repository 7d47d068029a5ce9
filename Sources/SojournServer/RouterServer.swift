import Dispatch
import Foundation
package import Logging
import SojournService
import ZeroMQ

/// A running router: its sockets, its thread, and their end. It runs from `init` to `stop`, or until the
/// last reference is gone.
package final class RouterServer: Sendable {
    /// Where it listens, wildcards resolved.
    package let endpoints: [String]
    private let state: ServerState
    /// Empty when the thread has ended.
    private let thread: DispatchGroup

    /// Starts a router. It listens when this returns; clients are told to wait until every partition has
    /// a worker.
    ///
    /// - Parameter log: gets one line at the start, what becomes of workers, and faults.
    package init(
        _ configuration: RouterServerConfiguration,
        log: Logger = Logger(label: "sojourn") { _ in SwiftLogNoOpLogHandler() }
    ) throws(ServerError) {
        let state: ServerState
        do throws(ZeroMQError) {
            state = try ServerState(log: log, clients: ClientDirectory())
        } catch {
            throw ServerError(error)
        }
        let running = DispatchGroup()
        self.state = state
        thread = running

        let started = StartUp<[String]>()
        running.enter()
        let thread = Thread {
            Self.run(configuration, state, started)
            running.leave()
        }
        thread.name = "sojourn-router"
        thread.start()
        do { endpoints = try started.wait() } catch {
            running.wait()
            throw error
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

    /// The whole life of the router's thread.
    private static func run(
        _ configuration: RouterServerConfiguration, _ state: ServerState,
        _ started: StartUp<[String]>
    ) {
        // Locks on paths are let go last, when nothing of this router can touch the paths.
        var listeners: Listeners?
        var failure: ServerError?
        do throws(ServerError) {
            let loop = try RouterLoop.start(configuration, state, try newContext())
            listeners = loop.listeners
            started.finish(.success(loop.listeners.endpoints))
            route(loop, state)
        } catch { failure = error }
        withExtendedLifetime(listeners) {}
        if let failure { started.finish(.failure(failure)) }
    }

    private static func newContext() throws(ServerError) -> Context {
        do { return try Context() } catch { throw ServerError(error) }
    }

    /// Closes the sockets when it returns.
    private static func route(_ loop: consuming RouterLoop, _ state: ServerState) {
        do throws(ZeroMQError) { try loop.run() } catch { state.fail("\(error)") }
    }
}
