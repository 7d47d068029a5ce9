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
    static func open(
        credit: Int, messageBytesMax: Int, handshakeMilliseconds: Int, in context: Context
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
