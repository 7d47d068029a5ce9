import Dispatch
import Foundation

/// The thread of a server or a router, with its start and its end. It is never one of Swift's tasks, for it
/// waits in system calls.
final class ServerThread: Sendable {
    /// Where it listens, wildcards resolved.
    let endpoints: [String]
    /// Empty when the thread has ended.
    private let running: DispatchGroup

    /// Starts the thread, and returns when it listens.
    ///
    /// - Parameter life: all that it does; it hands over its listeners once it listens.
    init(
        _ name: String,
        _ life: @escaping @Sendable ((Listeners) -> Void) throws(ServerError) -> Void
    ) throws(ServerError) {
        let running = DispatchGroup()
        self.running = running
        let started = StartUp<[String]>()
        running.enter()
        let thread = Thread {
            Self.run(life, started)
            running.leave()
        }
        thread.name = name
        thread.start()
        do { endpoints = try started.wait() } catch {
            running.wait()
            throw error
        }
    }

    private static func run(
        _ life: ((Listeners) -> Void) throws(ServerError) -> Void, _ started: StartUp<[String]>
    ) {
        // Locks on paths are let go last, when nothing of this server can touch the paths.
        var listeners: Listeners?
        var failure: ServerError?
        do throws(ServerError) {
            try life { bound in
                listeners = bound
                started.finish(.success(bound.endpoints))
            }
        } catch { failure = error }
        withExtendedLifetime(listeners) {}
        if let failure { started.finish(.failure(failure)) }
    }

    /// Returns when it has ended.
    func wait() { running.wait() }
}
