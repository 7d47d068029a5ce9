import SojournService
import ZeroMQ

/// A request on its way through the server, and then its reply on the way back to the same peer.
///
/// Made to be used again: the loop keeps those that are done, so a request allocates nothing but
/// what libzmq allocates for its bytes.
final class Exchange {
    /// The routing id of the peer.
    var peer = Message()
    /// The request, and once it was served the reply; no bytes when nothing is to be sent.
    var payload = Message()
    /// The request had an empty frame in front, and so must the reply.
    var hasDelimiter = false
    /// When it was taken in, in steady microseconds. It may have lain in libzmq for as long as the
    /// request before it took.
    var receivedAt: UInt64 = 0
    /// A router has passed the request on: its bytes are those of a message on its way.
    var isShared = false
    /// Who sent it.
    var caller = Caller.anyone
    /// In whose share of the queue the request stands; nil when it is in none.
    var owner: QueueShares.Owner?
    /// What this process asked itself; nil for the request of a peer.
    var own: OwnRequest?
    /// What the request counts in the queue.
    var requestBytes = 0

    /// Becomes what this process asks itself, as nobody's client and in nobody's share.
    func take(_ request: OwnRequest) {
        let frame = request.frame
        own = request
        caller = .anyone
        payload = Message(copying: frame.span)
        requestBytes = 0
        isShared = false
    }

    /// Whose share of the queue the request takes: that of a client over all its connections, a router among
    /// them, or that of its connection.
    var sharer: QueueShares.Owner {
        switch caller {
        case .client(let client), .routed(_, by: let client?): .client(client.name)
        case .anyone, .stranger, .routed(_, by: nil): .connection(connection)
        }
    }

    /// What tells its connection from others that are there: the routing id, which libzmq makes of five bytes.
    var connection: UInt64 {
        Self.number(peer)
    }

    private static func number(_ id: borrowing Message) -> UInt64 {
        let bytes = id.bytes
        var number: UInt64 = 0
        for offset in 0..<min(8, bytes.byteCount) {
            // The offset is within the frame, and bytes have no invalid patterns.
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            number = number << 8 | UInt64(byte)
        }
        return number
    }
}
