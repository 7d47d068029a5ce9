import Dispatch
import Foundation
import Logging
import SojournServer

/// What a signal can stop.
protocol StoppableServer: AnyObject, Sendable {
    /// Returns when it has ended.
    func stop()
    func waitUntilStopped()
    /// It stopped, or is about to, for a fault of its own.
    var hasFailed: Bool { get }
}

extension SojournServer: StoppableServer {}
extension RouterServer: StoppableServer {}

extension StoppableServer {
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

/// Makes SIGTERM and SIGINT a request to stop, and a second one an end at once.
final class StopSignals {
    private let sources: [any DispatchSourceSignal]
    /// One queue, so that the first signal is over before the second is looked at.
    private let queue = DispatchQueue(label: "sojourn-signals")
    private let stop: Stop

    /// Signals count from when this returns; one that comes before there is a server waits for it.
    init(_ log: Logger) {
        let stop = Stop(log: log)
        self.stop = stop
        var sources: [any DispatchSourceSignal] = []
        let registered = DispatchGroup()
        for number in [SIGTERM, SIGINT] {
            // Not to be killed by it before the source takes it.
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { stop.received(number) }
            registered.enter()
            source.setRegistrationHandler { registered.leave() }
            source.resume()
            sources.append(source)
        }
        self.sources = sources
        registered.wait()
    }

    /// What a signal stops.
    func stop(_ server: some StoppableServer) {
        let stop = stop
        queue.async { stop.began(server) }
    }

    /// Only used on the queue of the signals.
    private final class Stop: @unchecked Sendable {
        private var server: (any StoppableServer)?
        private let log: Logger
        private var isStopping = false

        init(log: Logger) { self.log = log }

        func began(_ server: any StoppableServer) {
            self.server = server
            if isStopping { Self.stop(server) }
        }

        func received(_ number: Int32) {
            if isStopping {
                log.warning("signal \(number) again: ends at once")
                exit(128 + number)
            }
            isStopping = true
            log.info("signal \(number): stops")
            if let server { Self.stop(server) }
        }

        private static func stop(_ server: any StoppableServer) {
            Thread.detachNewThread { server.stop() }
        }
    }
}
