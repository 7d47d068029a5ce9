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
    /// What this process asked itself; nil for the request of a peer.
    var own: OwnRequest?
    /// What the request counts in the queue.
    var requestBytes = 0
}
