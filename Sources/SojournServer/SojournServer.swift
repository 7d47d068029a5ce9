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
    package var endpoints: [String] { thread.endpoints }
    /// Where the feed is; empty when there is none.
    package var feedEndpoints: [String] { state.feedEndpoints.withLock { $0 } }
    let state: ServerState
    private let clientsFile: String?
    private let thread: ServerThread

    /// Starts a server. It listens when this returns.
    ///
    /// - Parameters:
    ///   - configuration: what `ServerSettings.resolve` made, or one whose policies have no fault.
    ///   - log: gets one line at the start, and faults; by default nobody hears of them.
    package init(
        _ configuration: ServerConfiguration = ServerConfiguration(),
        log: Logger = Logger(label: "sojourn") { _ in SwiftLogNoOpLogHandler() }
    ) throws(ServerError) {
        let state = try ServerState(
            log: log, clients: configuration.curve?.clients ?? ClientDirectory())
        self.state = state
        clientsFile = configuration.curve?.clientsFile
        thread = try ServerThread("sojourn-service") { listening throws(ServerError) in
            try Self.run(configuration, state, listening)
        }
        // A worker of a cluster has many, and says of each what matters.
        log.log(
            level: configuration.seat == nil ? .info : .debug,
            "\(configuration.summary(endpoints, feed: feedEndpoints))")
    }

    deinit { stop() }

    /// Asks it to stop, and does not wait.
    func requestStop() { state.requestStop() }

    /// Answers what was received, refuses what still comes, and returns when the thread has ended:
    /// within 5 seconds. May be called from any thread, and more than once.
    package func stop() {
        state.requestStop()
        thread.wait()
    }

    /// Reads the file of clients again. Connections stay; whoever is authorized no longer is refused at his
    /// next request. A file with a fault changes nothing.
    ///
    /// - Throws: what is wrong with the file.
    package func reloadClients() throws(ConfigurationError) { try state.readClients(clientsFile) }

    /// Waits until the server has stopped, by `stop` or by a fault of its own.
    package func waitUntilStopped() { thread.wait() }

    /// It stopped, or is about to, for a fault of its own, which it logged.
    package var hasFailed: Bool { state.hasFailed }

    /// The whole life of the service thread.
    private static func run(
        _ configuration: ServerConfiguration, _ state: ServerState,
        _ listening: (Listeners) -> Void
    ) throws(ServerError) {
        let context = try newContext()
        let doorkeeper = try Doorkeeper(
            connectionsMax: configuration.connectionsMax, in: context, state)
        defer { doorkeeper.stop() }
        let loop = try ServiceLoop.start(configuration, state, context, doorkeeper)
        listening(loop.listeners)
        serve(loop, state)
        // Here the context ends: replies that were sent get their time to leave.
    }

    static func newContext() throws(ServerError) -> Context {
        do { return try Context() } catch { throw ServerError(error) }
    }

    /// Closes the sockets, and the journal, when it returns.
    private static func serve(_ loop: consuming ServiceLoop, _ state: ServerState) {
        do throws(ZeroMQError) { try loop.run() } catch { state.fail("\(error)") }
        state.ownRequests.close()
        loop.stop()
    }
}
