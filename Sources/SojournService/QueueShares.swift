/// Who has how much of the queue of requests that are not answered yet, so that nobody fills it alone.
///
/// Holds only peers that have a request in the queue, so it is bounded as the queue is.
package struct QueueShares: Sendable {
    /// A client over all its connections, or a connection of somebody who has no name.
    package enum Owner: Hashable, Sendable {
        case client(String)
        case connection(UInt64)
    }

    private struct Share {
        var messages = 0
        var bytes = 0
    }

    private let messagesMax: Int
    private let bytesMax: Int
    /// Only asked, never walked.
    private var shares: [Owner: Share] = [:]
    /// Requests that were refused because their owner had his share.
    package private(set) var refusals: UInt64 = 0

    /// - Parameters:
    ///   - messagesMax: requests of one owner.
    ///   - bytesMax: bytes of them.
    package init(messagesMax: Int, bytesMax: Int) {
        self.messagesMax = messagesMax
        self.bytesMax = bytesMax
    }

    /// Owners that have something in the queue.
    package var count: Int { shares.count }

    /// Takes a request in, if there is room in the owner's share. Who has nothing in the queue finds room
    /// whatever the size.
    package mutating func admit(_ owner: Owner, bytes: Int) -> Bool {
        var share = shares[owner] ?? Share()
        if share.messages > 0,
            share.messages >= messagesMax || share.bytes + bytes > bytesMax
        {
            refusals += 1
            return false
        }
        share.messages += 1
        share.bytes += bytes
        shares[owner] = share
        return true
    }

    /// A request was answered, or given up.
    ///
    /// - Precondition: it was admitted.
    package mutating func release(_ owner: Owner, bytes: Int) {
        guard var share = shares[owner] else {
            preconditionFailure("a request is released that was not admitted")
        }
        share.messages -= 1
        share.bytes -= bytes
        precondition(share.messages >= 0 && share.bytes >= 0)
        shares[owner] = share.messages == 0 ? nil : share
    }
}
