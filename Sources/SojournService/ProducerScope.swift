import SojournEngine
import SojournModel

/// Keeps the producers of different clients apart, though they may have the same number (sojourn-1, "Who may
/// do what").
///
/// A client's producer is known, in the table of producers, the journal and snapshots, by a keyed hash of the
/// client's name and the number that it gave. So no client can find, take or block the number of another, and
/// none of them need know of clients. Who has no name keeps the number as it is. A client is the same one through
/// any router and without.
struct ProducerScope: Sendable {
    /// Apart from what else is derived from a secret.
    private static let purpose: UInt64 = 0x70_72_6F_64_75_63_65_72
    private let hasher: SipHash

    init(secret: DeploymentSecret) {
        hasher = SipHash(secret: secret, purpose: Self.purpose)
    }

    /// Under which number a producer is remembered; 0 for nobody, as it was given.
    func producer(_ producer: ProducerID, of caller: Caller) -> ProducerID {
        guard producer.rawValue != 0, let name = caller.name else { return producer }
        // Bytes of a string have no invalid patterns.
        let hash = unsafe hasher.hash128(name.utf8.span.bytes)
        let scoped = hasher.hash128(hash.high ^ producer.rawValue, hash.low).low
        return ProducerID(max(1, scoped))
    }
}
