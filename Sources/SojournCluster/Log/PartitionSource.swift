/// Why a partition's state was not had.
package enum LoadError: Error, Equatable, CustomStringConvertible {
    /// The servers did not answer as they should: another attempt may.
    case passing(String)
    /// What they have makes no sense.
    case unreadable(String)

    package var description: String {
        switch self {
        case .passing(let reason), .unreadable(let reason): reason
        }
    }
}

/// Where a partition's state is read from at a take-over: its snapshots and its log. All of it may change while it is
/// read, for a deposed owner may still be at its last snapshot.
package protocol PartitionSource: ~Copyable {
    /// One of the snapshots that are kept; nil when there is none.
    mutating func manifest(slot: Int) throws(LoadError) -> SnapshotManifest?

    /// The sequence at which the log begins: what stood before it was dropped.
    mutating func firstSequence() throws(LoadError) -> UInt64

    /// What there is of the snapshot in a slot.
    mutating func pieces(of manifest: SnapshotManifest, slot: Int) throws(LoadError) -> [UInt8]

    /// Reads messages of the log from a sequence on: `next` has them in order.
    mutating func begin(at sequence: UInt64) throws(LoadError)

    /// The next message of the log.
    mutating func next() throws(LoadError) -> (sequence: UInt64, bytes: [UInt8])
}
