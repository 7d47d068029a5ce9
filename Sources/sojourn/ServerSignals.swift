import Dispatch
import Foundation
import Logging
import SojournAdmin
import SojournServer

/// A process that waits for signals.
protocol SignalledServer: AnyObject, Sendable {
    /// Returns when it has ended.
    func stop()
    func waitUntilStopped()
    /// It stopped, or is about to, for a fault of its own.
    var hasFailed: Bool { get }
    /// Reads the file of clients again.
    func reloadClients() throws(ConfigurationError)
}

extension SojournServer: SignalledServer {}
extension ClusterWorker: SignalledServer {}
extension RouterServer: SignalledServer {}

extension SignalledServer {
    /// Waits on a thread of its own: the pool's threads are few, and none of them may be kept.
    func untilStopped() async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                self.waitUntilStopped()
                continuation.resume()
            }
        }
    }
}

/// What signals mean to a server: SIGTERM and SIGINT ask it to stop, and a second one ends it at once; SIGHUP
/// makes it read the file of clients and the admin port's token again.
final class ServerSignals {
    private let sources: [any DispatchSourceSignal]
    /// One queue, so that the first signal is over before the second is looked at.
    private let queue = DispatchQueue(label: "sojourn-signals")
    private let target: Target

    /// Signals count from when this returns; one that comes before there is a server waits for it.
    init(_ log: Logger) {
        let target = Target(log: log)
        self.target = target
        var sources: [any DispatchSourceSignal] = []
        let registered = DispatchGroup()
        for number in [SIGTERM, SIGINT, SIGHUP] {
            // Not to be killed by it before the source takes it.
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { target.received(number) }
            registered.enter()
            source.setRegistrationHandler { registered.leave() }
            source.resume()
            sources.append(source)
        }
        self.sources = sources
        registered.wait()
    }

    /// Whether a stop was asked for: for what takes its time before there is a server.
    var isStopping: @Sendable () -> Bool {
        let (queue, target) = (queue, target)
        return { queue.sync { target.isStopping } }
    }

    /// Whom the signals are for.
    func serve(_ server: some SignalledServer, _ admin: AdminPort?) {
        let target = target
        queue.async { target.began(server, admin) }
    }

    /// Only used on the queue of the signals.
    private final class Target: @unchecked Sendable {
        private var server: (any SignalledServer)?
        private var admin: AdminPort?
        private let log: Logger
        private(set) var isStopping = false
        private var mustReload = false

        init(log: Logger) { self.log = log }

        func began(_ server: any SignalledServer, _ admin: AdminPort?) {
            self.server = server
            self.admin = admin
            if isStopping { Self.stop(server) }
            if mustReload { reload() }
        }

        func received(_ number: Int32) {
            if number == SIGHUP {
                reload()
                return
            }
            if isStopping {
                log.warning("signal \(number) again: ends at once")
                exit(128 + number)
            }
            isStopping = true
            log.info("signal \(number): stops")
            if let server { Self.stop(server) }
        }

        private func reload() {
            guard let server else {
                mustReload = true
                return
            }
            do throws(ConfigurationError) { try server.reloadClients() } catch {
                log.error("\(error); whoever was authorized still is")
            }
            do throws(ConfigurationError) { try admin?.reloadToken() } catch {
                log.error("\(error); the token that the admin port had still counts")
            }
        }

        private static func stop(_ server: any SignalledServer) {
            Thread.detachNewThread { server.stop() }
        }
    }
}
