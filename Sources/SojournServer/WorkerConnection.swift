import SojournModel
import ZeroMQ

/// The router's way to one worker. Belongs to the thread of the router's loop.
final class WorkerConnection {
    /// nil while it is not known: then nothing can be sent.
    var endpoint: String?
    private let context: Context
    private let curve: SocketOption?
    private(set) var socket: Socket

    /// - Parameter curve: the keys of both; nil for plain text.
    init(
        _ endpoint: String?, curve: SocketOption?, _ context: Context
    ) throws(ZeroMQError) {
        self.endpoint = endpoint
        self.context = context
        self.curve = curve
        socket = try Self.connected(to: endpoint, curve, context)
    }

    /// A new connection: what was on its way over the old one is lost.
    func reconnect() throws(ZeroMQError) {
        socket = try Self.connected(to: endpoint, curve, context)
    }

    /// Every bound is set on purpose. There are no heartbeats of libzmq: those show that the worker's
    /// I/O thread lives, and the HELLO that the router sends to quiet workers shows that the worker
    /// does.
    private static func connected(
        to endpoint: String?, _ curve: SocketOption?, _ context: Context
    ) throws(ZeroMQError) -> Socket {
        let socket = try Socket(.dealer, in: context)
        try socket.set(
            // Without a connection a message is refused, and the router knows at once.
            .immediate(true),
            // Credit keeps both sides below; HELLO and resends come on top.
            .sendHighWaterMark(messages: 4 * Limits.creditMax),
            .receiveHighWaterMark(messages: 4 * Limits.creditMax),
            // A reply may be larger than any request.
            .maxMessageBytes(4 * Limits.messageBytesMax),
            // A worker that was started again is wanted back soon.
            .reconnectInterval(milliseconds: 50),
            .reconnectIntervalMax(milliseconds: 1_000),
            .handshakeInterval(milliseconds: 5_000),
            .tcpKeepalive(idleSeconds: 60, intervalSeconds: 10, probes: 5),
            // What was not sent when the router ends is of no use to anybody.
            .linger(milliseconds: 0))
        if let curve { try socket.set(curve) }
        if let endpoint { try socket.connect(endpoint) }
        return socket
    }
}
