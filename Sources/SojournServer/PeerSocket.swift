import SojournModel
import SojournService
import SojournWire
import ZeroMQ

/// The socket that peers talk to, of a service or a router: whole requests in, replies out in the form in
/// which each peer asked (sojourn-1, "Framing"). It never waits for a peer.
struct PeerSocket: ~Copyable {
    /// A reply that no peer has read by then is given up.
    private static let lingerMilliseconds = 500

    let socket: Socket
    private var rest = Message()
    private var delimiter = Message()

    /// A socket with every bound set on purpose, that is not bound yet.
    ///
    /// - Parameters:
    ///   - credit: requests that a peer may have on their way.
    ///   - messageBytesMax: of a request that is served.
    ///   - curve: who is let in, which a doorkeeper of the context decides; nil for everybody.
    static func open(
        credit: Int, messageBytesMax: Int, handshakeMilliseconds: Int, curve: CurveSettings?,
        in context: Context
    ) throws(ZeroMQError) -> PeerSocket {
        let socket = try Socket(.router, in: context)
        try socket.set(
            // A reply for a peer that is gone, or full, is then told to us rather than lost.
            .routerMandatory(true),
            // A client that keeps to its credit fills neither side.
            .receiveHighWaterMark(messages: credit),
            .sendHighWaterMark(messages: 2 * credit),
            // A frame that is a little too large is worth an answer; one that is far too large
            // costs its sender the connection before it costs us the memory.
            .maxMessageBytes(messageBytesMax + max(64 << 10, messageBytesMax / 4)),
            .handshakeInterval(milliseconds: handshakeMilliseconds),
            .tcpKeepalive(idleSeconds: 60, intervalSeconds: 10, probes: 5),
            .backlog(connections: 1_024),
            .linger(milliseconds: lingerMilliseconds))
        if let curve {
            try socket.set(.curveServer(secretKey: curve.secretKey), .zapDomain("sojourn"))
        }
        try socket.monitor(at: Doorkeeper.monitorEndpoint)
        return PeerSocket(socket)
    }

    private init(_ socket: consuming Socket) { self.socket = socket }

    /// Takes one message: peer, delimiter and payload, which `hasMore` when there are too many frames.
    ///
    /// - Returns: false when there was none.
    func receive(into exchange: Exchange) throws(ZeroMQError) -> Bool {
        guard try socket.receive(into: &exchange.peer, wait: false) else { return false }
        _ = try socket.receive(into: &exchange.payload)
        exchange.hasDelimiter = exchange.payload.isEmpty && exchange.payload.hasMore
        if exchange.hasDelimiter { _ = try socket.receive(into: &exchange.payload) }
        return true
    }

    /// Who sent a message: the connection's user id is the public key that it has proved to have, and a router
    /// says for whom it asks in a frame of its own, behind which the payload is taken.
    ///
    /// - Parameter clients: who is authorized; nil where nobody is asked who he is.
    func caller(
        of exchange: Exchange, _ clients: ClientDirectory?
    ) throws(ZeroMQError) -> Caller {
        let caller =
            clients.map { $0.caller(key: exchange.payload.property(named: "User-Id")) } ?? .anyone
        guard exchange.payload.hasMore, !exchange.hasDelimiter,
            let name = Self.client(named: exchange.payload)
        else { return caller }
        _ = try socket.receive(into: &exchange.payload)
        switch caller {
        case .anyone: return .routed(name, by: nil)
        case .client(let client) where client.isRouter: return .routed(name, by: client)
        // What it may do as itself, it may not do for others.
        case .client, .routed, .stranger: return .stranger
        }
    }

    private static func client(named frame: borrowing Message) -> String? {
        ClientFrame.name(in: frame.bytes)
    }

    /// Takes the rest of a message that has too many frames, and writes what is to be answered.
    mutating func refuseFraming(
        _ exchange: Exchange, deployment: DeploymentID, into reply: inout ByteWriter
    ) throws(ZeroMQError) -> Answer {
        while exchange.payload.isEmpty, exchange.payload.hasMore {
            _ = try socket.receive(into: &exchange.payload)
        }
        var hasMore = exchange.payload.hasMore
        while hasMore {
            _ = try socket.receive(into: &rest)
            hasMore = rest.hasMore
        }
        return Self.answerBadFraming(exchange.payload, deployment, &reply)
    }

    private static func answerBadFraming(
        _ frame: borrowing Message, _ deployment: DeploymentID, _ reply: inout ByteWriter
    ) -> Answer {
        Refusal.answerBadFraming(frame.bytes, deployment: deployment, into: &reply)
    }

    /// Sends a reply. One whose peer is gone or does not read is dropped, and counted.
    mutating func send(
        _ payload: inout Message, to exchange: Exchange, _ counters: inout ShellCounters
    ) throws(ZeroMQError) {
        do {
            // Whether there is room for the message is decided by its first frame.
            guard try socket.send(&exchange.peer, more: true, wait: false) else {
                counters.repliesUnread += 1
                return
            }
            if exchange.hasDelimiter {
                delimiter.removeAll()
                _ = try socket.send(&delimiter, more: true, wait: false)
            }
            _ = try socket.send(&payload, wait: false)
        } catch {
            guard error.code == .hostUnreachable else { throw error }
            counters.repliesUnreachable += 1
        }
    }
}
