import Dispatch
import Foundation
package import Logging
import SojournModel
import SojournService
import Synchronization
import ZeroMQ

/// A running service: sockets, threads and their end.
///
///     peers <-- tcp, ipc --> [front thread] <-- inproc --> [engine thread]
///
/// It has threads of its own, never those of Swift's tasks: both wait in system calls. It runs from
/// `init` to `stop`, or until the last reference is gone.
package final class SojournServer: Sendable {
    /// Where it listens, wildcards resolved: `tcp://127.0.0.1:41873`.
    package let endpoints: [String]
    private let state: ServerState
    /// Empty when both threads have ended.
    private let threads: DispatchGroup

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
        let threads = DispatchGroup()
        self.state = state
        self.threads = threads

        let engine = StartUp<Void>()
        let engineThread = Self.spawn("sojourn-engine", in: threads) {
            Self.runEngine(configuration.service, state, engine)
        }
        try engine.wait()

        let front = StartUp<[String]>()
        _ = Self.spawn("sojourn-front", in: threads) {
            Self.runFront(configuration, state, front, engineThread)
        }
        do { endpoints = try front.wait() } catch {
            threads.wait()
            throw error
        }
        log.info("\(configuration.summary(endpoints))")
    }

    deinit { stop() }

    /// Answers what was received, refuses what still comes, and returns when both threads have
    /// ended: within 5 seconds. May be called from any thread, and more than once.
    package func stop() {
        state.requestStop()
        threads.wait()
    }

    /// Waits until the server has stopped, by `stop` or by a fault of its own.
    package func waitUntilStopped() { threads.wait() }

    /// It stopped, or is about to, for a fault of its own, which it logged.
    package var hasFailed: Bool { state.hasFailed }

    // MARK: Threads

    /// - Returns: what is empty when the thread has ended.
    private static func spawn(
        _ name: String, in threads: DispatchGroup, _ body: @escaping @Sendable () -> Void
    ) -> DispatchGroup {
        let own = DispatchGroup()
        own.enter()
        threads.enter()
        let thread = Thread {
            body()
            own.leave()
            threads.leave()
        }
        thread.name = name
        thread.start()
        return own
    }

    private static func runEngine(
        _ configuration: ServiceConfiguration, _ state: ServerState, _ started: StartUp<Void>
    ) {
        do throws(ZeroMQError) {
            var loop = try EngineLoop.start(configuration, state)
            started.finish(.success(()))
            try loop.run()
        } catch {
            // Either it did not start, or the front must not go on without it.
            started.finish(.failure(ServerError(error)))
            state.fail("engine", error)
        }
    }

    private static func runFront(
        _ configuration: ServerConfiguration, _ state: ServerState,
        _ started: StartUp<[String]>, _ engine: DispatchGroup
    ) {
        var failure: ServerError?
        // Locks on paths are let go last, when nothing of this server can touch the paths.
        var listeners: Listeners?
        do throws(ServerError) {
            let loop = try FrontLoop.start(configuration, state)
            listeners = loop.listeners
            started.finish(.success(loop.listeners.endpoints))
            serve(loop, state)
        } catch { failure = error }
        state.endFront()
        engine.wait()
        state.endContext()
        withExtendedLifetime(listeners) {}
        if let failure { started.finish(.failure(failure)) }
    }

    /// Closes the sockets when it returns.
    private static func serve(_ loop: consuming FrontLoop, _ state: ServerState) {
        do throws(ZeroMQError) { try loop.run() } catch { state.fail("front", error) }
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
