import Dispatch
import Foundation
import Logging
import SojournService
import Synchronization
import ZeroMQ

/// The thread that is asked who may come in, and that hears of connections.
///
///     libzmq's thread -- may this one come in? --> REP, inproc://zeromq.zap.01   --> door
///     libzmq's thread -- what has happened ------> PAIR, the ROUTER's monitor    --> door
///
/// Started before the ROUTER listens, for libzmq lets everybody in where nobody answers. If it failed later,
/// whoever came in would have no name, and be refused by the core.
final class Doorkeeper: Sendable {
    /// Where the ROUTER tells of its connections.
    static let monitorEndpoint = "inproc://sojourn-connections"

    /// What the service's thread reads.
    private let shared = Mutex(DoorCounters())
    private let isStopping = Atomic(false)
    private let wakeUp: WakeUp
    private let thread = DispatchGroup()

    /// Listens when this returns.
    init(
        connectionsMax: Int, in context: Context, _ state: ServerState
    ) throws(ServerError) {
        do { wakeUp = try WakeUp() } catch { throw ServerError(error) }
        let started = StartUp<Void>()
        thread.enter()
        let thread = Thread { [self] in
            do throws(ZeroMQError) {
                let zap = try Socket(.rep, in: context)
                try zap.bind(ZapRequest.endpoint)
                let monitor = try Socket(.pair, in: context)
                try monitor.connect(Self.monitorEndpoint)
                started.finish(.success(()))
                try run(zap, monitor, Door(connectionsMax: connectionsMax), state)
            } catch {
                started.finish(.failure(ServerError(error)))
                state.fail("\(error)")
            }
            self.thread.leave()
        }
        thread.name = "sojourn-door"
        thread.start()
        try started.wait()
    }

    var counters: DoorCounters { shared.withLock { $0 } }

    /// Ends the thread and closes its sockets. The monitor was stopped before.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        wakeUp.signal()
        thread.wait()
    }

    private func run(
        _ zap: consuming Socket, _ monitor: consuming Socket, _ door: consuming Door,
        _ state: ServerState
    ) throws(ZeroMQError) {
        var poller = Poller()
        poller.add(zap)
        poller.add(monitor)
        poller.add(wakeUp)
        var message = Message()
        var warnings = Warnings(state.log)
        while !isStopping.load(ordering: .acquiring) {
            _ = try poller.wait(timeoutMilliseconds: nil)
            wakeUp.drain()
            // What has happened before what is asked: a connection is accepted before it asks.
            while try monitor.receive(into: &message, wait: false) {
                if let event = ConnectionEvent(message.bytes) { door.take(event) }
                while message.hasMore { _ = try monitor.receive(into: &message) }
            }
            while let frames = try Self.receiveAll(zap, &message) {
                let reply = Self.answer(frames, &door, state, &warnings)
                for (row, frame) in reply.enumerated() {
                    message = Message(copying: frame.span)
                    _ = try zap.send(&message, more: row < reply.count - 1)
                }
            }
            let counters = door.counters
            shared.withLock { $0 = counters }
        }
    }

    private static func receiveAll(
        _ socket: borrowing Socket, _ message: inout Message
    ) throws(ZeroMQError) -> [[UInt8]]? {
        guard try socket.receive(into: &message, wait: false) else { return nil }
        var frames = [message.array]
        while message.hasMore {
            _ = try socket.receive(into: &message)
            frames.append(message.array)
        }
        return frames
    }

    /// The frames of the answer to a question. Libzmq asks as the RFC says; if it did not, an answer that is no
    /// answer would end the connection.
    private static func answer(
        _ frames: [[UInt8]], _ door: inout Door, _ state: ServerState, _ warnings: inout Warnings
    ) -> [[UInt8]] {
        guard let request = ZapRequest(frames) else { return [[]] }
        let verdict = door.judge(
            request, state.clients, feedConnections: state.feedConnections.load(ordering: .relaxed))
        switch verdict {
        case .welcome: break
        case .denied:
            warnings.say("its key \(request.keyText) is not in the file of clients", request)
        case .busy: warnings.say("there are as many connections as there may be", request)
        }
        return request.reply(verdict)
    }
}

/// Lines of the log about those who were refused: a few, however many come.
private struct Warnings {
    private static let pause = Duration.seconds(10)

    private let log: Logger
    private var last: ContinuousClock.Instant?
    private var untold = 0

    init(_ log: Logger) { self.log = log }

    mutating func say(_ reason: String, _ request: ZapRequest) {
        let now = ContinuousClock.now
        if let last, now - last < Self.pause {
            untold += 1
            return
        }
        let others = untold > 0 ? " (and \(untold) others since the last such line)" : ""
        let address = request.address.isEmpty ? "this machine" : request.address
        log.warning("a client at \(address) was refused: \(reason)\(others)")
        last = now
        untold = 0
    }
}

extension ZapRequest {
    fileprivate var keyText: String {
        if case .curve(let publicKey) = mechanism { publicKey } else { "(none)" }
    }
}
