import SojournService
import SojournWire
import ZeroMQ

/// Decides who is let in, and counts who is there: what happens goes in, what to do comes out.
///
/// A connection is `accepted`, greets, and is `established`; or its greeting fails. Either way it is
/// `disconnected` in the end. Connections that greet count as well, for libzmq does not tell which of those that
/// are there are established. Only with CURVE is anybody asked, so only then is there a limit.
struct Door: Sendable {
    private let connectionsMax: Int
    /// Descriptors of the connections that are there. Only asked, never walked.
    private var connections: Set<Int32> = []
    private(set) var counters = DoorCounters()

    init(connectionsMax: Int) { self.connectionsMax = connectionsMax }

    /// What becomes of a connection that asks to be let in; it has been accepted.
    ///
    /// - Parameter feedConnections: of the feed's readers, of whom there may be as many again.
    mutating func judge(
        _ request: ZapRequest, _ clients: ClientDirectory, feedConnections: Int
    ) -> ZapVerdict {
        guard case .curve(let publicKey) = request.mechanism, let key = ClientKey(publicKey),
            clients.client(with: key) != nil
        else {
            counters.unauthorized += 1
            return .denied
        }
        let there = request.domain == FeedLoop.domain ? feedConnections : connections.count
        guard there <= connectionsMax else {
            counters.tooMany += 1
            return .busy
        }
        // Who it is is looked up again with every request, so that a change of the file counts at once.
        return .welcome(userID: publicKey)
    }

    mutating func take(_ event: ConnectionEvent) {
        switch event.kind {
        case .accepted:
            counters.accepted += 1
            connections.insert(event.value)
        case .acceptFailed: counters.acceptFailed += 1
        case .established: counters.established += 1
        case .handshakeFailed(let fault): counters.count(fault)
        case .disconnected: connections.remove(event.value)
        case .monitorStopped: break
        }
        counters.connections = connections.count
    }
}

/// What is known of connections; operators read it, and nothing is decided by it.
struct DoorCounters: Equatable, Sendable {
    /// Connections that are there now, those that greet included.
    var connections = 0
    var accepted: UInt64 = 0
    /// There was no file descriptor left.
    var acceptFailed: UInt64 = 0
    var established: UInt64 = 0
    /// The key is not in the file of clients.
    var unauthorized: UInt64 = 0
    /// Turned away because there are as many as there may be.
    var tooMany: UInt64 = 0
    /// Spoke plain text, or another mechanism.
    var otherMechanism: UInt64 = 0
    /// Took the server for another.
    var wrongKey: UInt64 = 0
    /// Said nothing, or nonsense.
    var otherFailures: UInt64 = 0

    mutating func count(_ fault: ConnectionEvent.HandshakeFault) {
        switch fault {
        case .otherMechanism: otherMechanism += 1
        case .cryptographic: wrongKey += 1
        // Counted when it was judged.
        case .refused: break
        case .other: otherFailures += 1
        }
    }
}

extension DoorCounters {
    var gauges: [Gauge] {
        [
            Gauge("connections", UInt64(connections)),
            Gauge("connections_accepted_total", accepted),
            Gauge("connections_accept_failed_total", acceptFailed),
            Gauge("connections_established_total", established),
            Gauge("connections_unauthorized_total", unauthorized),
            Gauge("connections_too_many_total", tooMany),
            Gauge("connections_other_mechanism_total", otherMechanism),
            Gauge("connections_wrong_server_key_total", wrongKey),
            Gauge("connections_failed_total", otherFailures),
        ]
    }
}
