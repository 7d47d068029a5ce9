import CZeroMQ

/// The part that a socket plays in a dialogue (RFC 28, 29, 30 and 31 of ZeroMQ).
package enum SocketKind: Sendable, Hashable, CaseIterable {
    /// Any number of peers, each named by the routing id in front of its messages.
    case router
    /// Any number of peers: sends to them in turn, receives from all fairly.
    case dealer
    /// Strictly one request, then its reply. After a time-out it is stuck: clients use `dealer`.
    case req
    /// Strictly one request, then its reply.
    case rep
    /// Sends to every subscriber and drops for those who are too slow.
    case pub
    /// Receives what it subscribed to.
    case sub
    /// Exactly one peer, between two threads.
    case pair
    /// Sends to its peers in turn.
    case push
    /// Receives from all fairly.
    case pull
    /// A `pub` that sees the subscriptions as messages.
    case xpub
    /// A `sub` that subscribes by sending messages.
    case xsub

    var rawValue: Int32 {
        switch self {
        case .router: ZMQ_ROUTER
        case .dealer: ZMQ_DEALER
        case .req: ZMQ_REQ
        case .rep: ZMQ_REP
        case .pub: ZMQ_PUB
        case .sub: ZMQ_SUB
        case .pair: ZMQ_PAIR
        case .push: ZMQ_PUSH
        case .pull: ZMQ_PULL
        case .xpub: ZMQ_XPUB
        case .xsub: ZMQ_XSUB
        }
    }

    /// Whether `send` waits or fails, rather than drops, when nobody can take a message.
    var sendsToPeersInTurn: Bool {
        switch self {
        case .dealer, .req, .push: true
        case .router, .rep, .pub, .sub, .pair, .pull, .xpub, .xsub: false
        }
    }
}
