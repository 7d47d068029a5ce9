/// The last claim of each partition that somebody knows of. It may be behind the log, never ahead of it.
package struct ClaimBook: Equatable, Sendable {
    private var claims: [PartitionClaim?]

    package init(partitions: Int) { claims = Array(repeating: nil, count: partitions) }

    package var count: Int { claims.count }

    package subscript(partition: Int) -> PartitionClaim? { claims[partition] }

    /// Takes word of a claim or release.
    ///
    /// - Returns: whether it was news.
    package mutating func take(_ claim: PartitionClaim) -> Bool {
        guard claims.indices.contains(claim.partition) else { return false }
        if let known = claims[claim.partition] {
            // A release ends a claim of the same epoch.
            let isNewer =
                claim.epoch > known.epoch
                || claim.epoch == known.epoch && claim.isReleased && !known.isReleased
            guard isNewer else { return false }
        }
        claims[claim.partition] = claim
        return true
    }
}
