import Dispatch
import Foundation
package import Logging
import SojournModel
import SojournService
import Synchronization
import ZeroMQ

/// A running service: its sockets, its thread, and their end.
///
///     peers <-- tcp, ipc --> [libzmq's thread] <--> [service thread]
///
/// It has a thread of its own, never one of Swift's tasks, for it waits in system calls. It runs from
/// `init` to `stop`, or until the last reference is gone.
package final class SojournServer: Sendable {
    /// Where it listens, wildcards resolved: `tcp://127.0.0.1:41873`.
    package let endpoints: [String]
    let state: ServerState
    /// Empty when the thread has ended.
    private let thread: DispatchGroup

    /// Starts a server. It listens when this returns.
    ///
    /// - Parameters:
    ///   - configuration: what `ServerSettings.resolve` made, or one whose policies have no fault.
    ///   - log: gets one line at the start, and faults; by default nobody hears of them.
    package init(
        _ configuration: ServerConfiguration = ServerConfiguration(),
        log: Logger = Logger(label: "sojourn") { _ in SwiftLogNoOpLogHandler() }
    ) throws(ServerError) {
        let state: ServerState
        do throws(ZeroMQError) { state = try ServerState(log: log) } catch {
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
        thread.name = "sojourn-service"
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

    /// Waits until the server has stopped, by `stop` or by a fault of its own.
    package func waitUntilStopped() { thread.wait() }

    /// It stopped, or is about to, for a fault of its own, which it logged.
    package var hasFailed: Bool { state.hasFailed }

    /// The whole life of the service thread.
    private static func run(
        _ configuration: ServerConfiguration, _ state: ServerState,
        _ started: StartUp<[String]>
    ) {
        // Locks on paths are let go last, when nothing of this server can touch the paths.
        var listeners: Listeners?
        var failure: ServerError?
        do throws(ServerError) {
            let context = try newContext()
            let loop = try ServiceLoop.start(configuration, state, context)
            listeners = loop.listeners
            started.finish(.success(loop.listeners.endpoints))
            serve(loop, state)
            // Here the context ends: replies that were sent get their time to leave.
        } catch { failure = error }
        withExtendedLifetime(listeners) {}
        if let failure { started.finish(.failure(failure)) }
    }

    private static func newContext() throws(ServerError) -> Context {
        do { return try Context() } catch { throw ServerError(error) }
    }

    /// Closes the sockets, and the journal, when it returns.
    private static func serve(_ loop: consuming ServiceLoop, _ state: ServerState) {
        do throws(ZeroMQError) { try loop.run() } catch { state.fail("\(error)") }
        state.ownRequests.close()
        loop.stop()
    }
}

/// What a thread tells once whoever started it.
private final class StartUp<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, ServerError>?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    /// The first call counts.
    func finish(_ outcome: Result<Value, ServerError>) {
        let isFirst = result.withLock { result in
            defer { result = result ?? outcome }
            return result == nil
        }
        if isFirst { isThere.signal() }
    }

    func wait() throws(ServerError) -> Value {
        isThere.wait()
        guard let result = result.withLock({ $0 }) else {
            preconditionFailure("a thread signalled without a result")
        }
        return try result.get()
    }
}
