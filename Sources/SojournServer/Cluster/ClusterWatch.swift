import NATS
import SojournCluster
import SojournRouter
import Synchronization
import ZeroMQ

/// Carries out what the `ClaimWatch` of a router decides. Belongs to the thread of the router's loop, which is woken
/// up.
final class ClusterWatch {
    private enum Letter: Sendable {
        case heard(PartitionClaim)
        case looked(Int, PartitionClaim?)
    }

    private final class Mail: Sendable {
        let letters = Mutex<[Letter]>([])
    }

    private let link: ClusterLink
    private var watch: ClaimWatch
    private let mail: Mail
    private var subscription: NATSSubscription?

    /// Begins to listen.
    init(_ link: ClusterLink, _ cluster: ClusterDescription, wakeUp: WakeUp) throws(NATSError) {
        self.link = link
        watch = ClaimWatch(partitions: cluster.partitions)
        let mail = Mail()
        self.mail = mail
        subscription = try link.claims { claim in
            mail.letters.withLock { $0.append(.heard(claim)) }
            wakeUp.signal()
        }
    }

    /// Claims and releases that are news, in the order in which they came.
    func news() -> [PartitionClaim] {
        let letters = mail.letters.withLock { letters in
            defer { letters.removeAll() }
            return letters
        }
        return letters.compactMap { letter in
            switch letter {
            case .heard(let claim): watch.heard(claim) ? claim : nil
            case .looked(let partition, let claim):
                watch.looked(at: partition, claim) ? claim : nil
            }
        }
    }

    /// Reads the last claims of partitions whose owners do not answer, from time to time.
    func look(at partitions: [Int], now: UInt64) {
        for partition in watch.looks(at: partitions, now: now) {
            link.later { [link, mail] in
                // What fails now is looked at again.
                let claim = (try? link.lastClaim(of: partition)) ?? nil
                mail.letters.withLock { $0.append(.looked(partition, claim)) }
            }
        }
    }
}
