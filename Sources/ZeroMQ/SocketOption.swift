import CZeroMQ

/// One setting of a socket, for `Socket.set`. Set before `bind` or `connect`: most count only for
/// connections made afterwards.
package enum SocketOption: Sendable, Equatable {
    /// How long unsent messages outlive their closed socket, and with it `Context`; nil is for ever.
    case linger(milliseconds: Int?)
    /// Finished messages to keep per peer until they are received; 0 is no limit.
    case receiveHighWaterMark(messages: Int)
    /// Messages to keep per peer until they can be sent; 0 is no limit.
    case sendHighWaterMark(messages: Int)
    /// A peer that sends a longer frame is disconnected; nil is no limit. It bounds a frame, not a
    /// message of many frames.
    case maxMessageBytes(Int?)
    /// How long a waiting `receive` waits before it returns false; nil is for ever.
    case receiveTimeout(milliseconds: Int?)
    /// How long a waiting `send` waits before it returns false; nil is for ever.
    case sendTimeout(milliseconds: Int?)

    /// A `router` fails to send to a peer it does not have (`.hostUnreachable`) or that is full
    /// (`send` returns false if it does not wait), instead of dropping the message.
    case routerMandatory(Bool)
    /// Sends an empty message with each new connection, so that a `router` hears of it.
    case probeRouter(Bool)
    /// Messages queue only for finished connections.
    case immediate(Bool)
    /// An `xpub` subscribes nobody by itself: whoever receives a subscription decides, and `subscribe`s or
    /// `unsubscribe`s the peer that it came from before the next is received.
    case manualSubscriptions(Bool)
    /// An `xpub` refuses to send (`send` returns false if it does not wait) when a subscriber is full, instead of
    /// passing that one over.
    case publishesToAll(Bool)
    /// Keeps only the newest message. Not for messages of more than one frame.
    case conflate(Bool)
    /// Connections that may wait to be accepted.
    case backlog(connections: Int)
    /// Endpoints may be IPv6 addresses.
    case ipv6(Bool)

    /// Pings a quiet peer each interval and drops it when it stays silent for the time-out. The peer
    /// is told to do the same to us after the time to live.
    ///
    /// A loop that stalls longer than the time-out with its inbound queue full loses its peers: give
    /// it several intervals. The time to live must be below 65,600 ms, which libzmq would wrap.
    case heartbeat(
        intervalMilliseconds: Int, timeoutMilliseconds: Int, timeToLiveMilliseconds: Int)
    /// The system probes a quiet connection after `idleSeconds`, then each interval.
    case tcpKeepalive(idleSeconds: Int, intervalSeconds: Int, probes: Int)
    /// A connection whose bytes stay unacknowledged for so long is given up.
    case tcpMaxRetransmit(milliseconds: Int)
    /// The first pause before connecting again.
    case reconnectInterval(milliseconds: Int)
    /// The pause doubles up to this; 0 never doubles.
    case reconnectIntervalMax(milliseconds: Int)
    /// A connection that is not fully greeted by then is dropped.
    case handshakeInterval(milliseconds: Int)

    /// Accepts only peers that know this key pair's public key. Who they are is the ZAP handler's
    /// question; without one every key is welcome.
    case curveServer(secretKey: String)
    /// Speaks only with the server of that public key.
    case curveClient(serverKey: String, keys: Curve.KeyPair)
    /// The domain that the ZAP handler is told; not empty. With a domain set, and a handler bound to
    /// `inproc://zeromq.zap.01` of the same context, plain connections are asked about as well.
    case zapDomain(String)
}

extension SocketOption {
    /// What every new socket gets, because libzmq's own defaults hang or never give up.
    static func defaults(for kind: SocketKind) -> [SocketOption] {
        [
            // By default `zmq_ctx_term` waits for ever for an unsent message.
            .linger(milliseconds: 0),
            // By default a vanished host is noticed never.
            .tcpKeepalive(idleSeconds: 60, intervalSeconds: 10, probes: 5),
            .tcpMaxRetransmit(milliseconds: 60_000),
            // By default there is no back-off.
            .reconnectInterval(milliseconds: 100),
            .reconnectIntervalMax(milliseconds: 5_000),
            // By default a stranger holds a connection for 30 s without a word.
            .handshakeInterval(milliseconds: 10_000),
            // By default messages pile up for peers that may never come.
            .immediate(kind.sendsToPeersInTurn),
        ]
    }
}

extension Socket {
    /// Sets options in order; the first that is refused ends it.
    package func set(_ options: SocketOption...) throws(ZeroMQError) {
        for option in options {
            try handle.set(option)
        }
    }

    /// A `sub` socket receives the messages that begin with any of its prefixes; the empty one is all. An `xpub`
    /// with `manualSubscriptions` does that for the peer whose message it has received last.
    package func subscribe(prefix: Span<UInt8>) throws(ZeroMQError) {
        try handle.set(ZMQ_SUBSCRIBE, to: prefix, "subscribe")
    }

    package func subscribe(prefix: String) throws(ZeroMQError) {
        try subscribe(prefix: prefix.utf8.span)
    }

    package func unsubscribe(prefix: Span<UInt8>) throws(ZeroMQError) {
        try handle.set(ZMQ_UNSUBSCRIBE, to: prefix, "unsubscribe")
    }

    package func unsubscribe(prefix: String) throws(ZeroMQError) {
        try unsubscribe(prefix: prefix.utf8.span)
    }
}

extension SocketHandle {
    func set(_ option: SocketOption) throws(ZeroMQError) {
        switch option {
        case .linger(let milliseconds):
            try set(ZMQ_LINGER, to: milliseconds ?? -1, "linger")
        case .receiveHighWaterMark(let messages):
            try set(ZMQ_RCVHWM, to: messages, "receiveHighWaterMark")
        case .sendHighWaterMark(let messages):
            try set(ZMQ_SNDHWM, to: messages, "sendHighWaterMark")
        case .maxMessageBytes(let bytes):
            try set(ZMQ_MAXMSGSIZE, toWide: bytes ?? -1, "maxMessageBytes")
        case .receiveTimeout(let milliseconds):
            try set(ZMQ_RCVTIMEO, to: milliseconds ?? -1, "receiveTimeout")
        case .sendTimeout(let milliseconds):
            try set(ZMQ_SNDTIMEO, to: milliseconds ?? -1, "sendTimeout")

        case .routerMandatory(let isOn):
            try set(ZMQ_ROUTER_MANDATORY, to: isOn, "routerMandatory")
        case .probeRouter(let isOn):
            try set(ZMQ_PROBE_ROUTER, to: isOn, "probeRouter")
        case .immediate(let isOn):
            try set(ZMQ_IMMEDIATE, to: isOn, "immediate")
        case .manualSubscriptions(let isOn):
            try set(ZMQ_XPUB_MANUAL, to: isOn, "manualSubscriptions")
        case .publishesToAll(let isOn):
            try set(ZMQ_XPUB_NODROP, to: isOn, "publishesToAll")
        case .conflate(let isOn):
            try set(ZMQ_CONFLATE, to: isOn, "conflate")
        case .backlog(let connections):
            try set(ZMQ_BACKLOG, to: connections, "backlog")
        case .ipv6(let isOn):
            try set(ZMQ_IPV6, to: isOn, "ipv6")

        case .heartbeat(let interval, let timeout, let timeToLive):
            guard (0..<65_600).contains(timeToLive) else {
                throw ZeroMQError(
                    .invalidArgument, during: "set heartbeat timeToLive to \(timeToLive) ms")
            }
            try set(ZMQ_HEARTBEAT_IVL, to: interval, "heartbeat interval")
            try set(ZMQ_HEARTBEAT_TIMEOUT, to: timeout, "heartbeat timeout")
            try set(ZMQ_HEARTBEAT_TTL, to: timeToLive, "heartbeat timeToLive")
        case .tcpKeepalive(let idleSeconds, let intervalSeconds, let probes):
            try set(ZMQ_TCP_KEEPALIVE, to: true, "tcpKeepalive")
            try set(ZMQ_TCP_KEEPALIVE_IDLE, to: idleSeconds, "tcpKeepalive idle")
            try set(ZMQ_TCP_KEEPALIVE_INTVL, to: intervalSeconds, "tcpKeepalive interval")
            try set(ZMQ_TCP_KEEPALIVE_CNT, to: probes, "tcpKeepalive probes")
        case .tcpMaxRetransmit(let milliseconds):
            try set(ZMQ_TCP_MAXRT, to: milliseconds, "tcpMaxRetransmit")
        case .reconnectInterval(let milliseconds):
            try set(ZMQ_RECONNECT_IVL, to: milliseconds, "reconnectInterval")
        case .reconnectIntervalMax(let milliseconds):
            try set(ZMQ_RECONNECT_IVL_MAX, to: milliseconds, "reconnectIntervalMax")
        case .handshakeInterval(let milliseconds):
            try set(ZMQ_HANDSHAKE_IVL, to: milliseconds, "handshakeInterval")

        case .curveServer(let secretKey):
            try set(ZMQ_CURVE_SERVER, to: true, "curveServer")
            try setKey(ZMQ_CURVE_SECRETKEY, secretKey, "curve secret key")
        case .curveClient(let serverKey, let keys):
            try setKey(ZMQ_CURVE_SERVERKEY, serverKey, "curve server key")
            try setKey(ZMQ_CURVE_PUBLICKEY, keys.publicKey, "curve public key")
            try setKey(ZMQ_CURVE_SECRETKEY, keys.secretKey, "curve secret key")
        case .zapDomain(let domain):
            try set(ZMQ_ZAP_DOMAIN, to: domain.utf8.span, "zapDomain")
        }
    }

    /// libzmq takes 32 bytes for a raw key, so the length is checked before it sees the text.
    private func setKey(
        _ option: Int32, _ key: String, _ name: StaticString
    ) throws(ZeroMQError) {
        guard key.utf8.count == Curve.keyCharacters else {
            throw ZeroMQError(.invalidArgument, during: "set \(name)")
        }
        try set(option, to: key.utf8.span, name)
    }
}
