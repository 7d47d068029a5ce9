import NATS
import SojournCluster
import SojournRouter
import Synchronization
import ZeroMQ

/// What a router knows of the owners of partitions: claims that are announced, and those that it reads where it has
/// reason to think that it missed one. Belongs to the thread of the router's loop, which is woken up.
final class ClusterWatch {
    /// A partition whose owner does not answer is looked at as often.
    private static let lookMilliseconds: UInt64 = 250

    private let link: ClusterLink
    private var book: ClaimBook
    private let mail: Mail
    private var subscription: NATSSubscription?
    private var nextLook: UInt64 = 0

    private final class Mail: Sendable {
        let claims = Mutex<[PartitionClaim]>([])
        /// Partitions that are being looked at.
        let looks = Mutex<Set<Int>>([])
    }

    /// Begins to listen.
    init(_ link: ClusterLink, _ cluster: ClusterDescription, wakeUp: WakeUp) throws(NATSError) {
        self.link = link
        book = ClaimBook(partitions: cluster.partitions)
        let mail = Mail()
        self.mail = mail
        subscription = try link.claims { claim in
            mail.claims.withLock { $0.append(claim) }
            wakeUp.signal()
        }
    }

    /// Claims and releases that are news, in the order in which they came.
    func news() -> [PartitionClaim] {
        let claims = mail.claims.withLock { claims in
            defer { claims.removeAll() }
            return claims
        }
        return claims.filter { book.take($0) }
    }

    /// Reads the last claims of partitions whose owners do not answer, from time to time.
    func look(at partitions: [Int], now: UInt64) {
        guard !partitions.isEmpty, now >= nextLook else { return }
        nextLook = now + Self.lookMilliseconds
        for partition in partitions {
            let isNew = mail.looks.withLock { $0.insert(partition).inserted }
            guard isNew else { continue }
            link.later { [link, mail] in
                // What fails now is looked at again.
                let claim = (try? link.lastClaim(of: partition)) ?? nil
                if let claim { mail.claims.withLock { $0.append(claim) } }
                mail.looks.withLock { _ = $0.remove(partition) }
            }
        }
    }
}
