/// What a router knows of the owners of partitions: claims that are announced, and those that it reads where it has
/// reason to think that it missed one.
package struct ClaimWatch {
    /// A partition whose owner does not answer is looked at as often.
    private let lookMilliseconds: UInt64
    private var book: ClaimBook
    /// Partitions that are being looked at.
    private var looks: Set<Int> = []
    private var nextLook: UInt64 = 0

    package init(partitions: Int, lookMilliseconds: UInt64 = 250) {
        book = ClaimBook(partitions: partitions)
        self.lookMilliseconds = lookMilliseconds
    }

    /// Takes word of a claim or release that was announced.
    ///
    /// - Returns: whether it is news.
    package mutating func heard(_ claim: PartitionClaim) -> Bool { book.take(claim) }

    /// The last claim of a partition was read; nil when there is none, or nobody answered.
    ///
    /// - Returns: whether it is news.
    package mutating func looked(at partition: Int, _ claim: PartitionClaim?) -> Bool {
        looks.remove(partition)
        return claim.map { book.take($0) } ?? false
    }

    /// Whose last claims are to be read now.
    ///
    /// - Parameter partitions: those whose owners do not answer.
    package mutating func looks(at partitions: [Int], now: UInt64) -> [Int] {
        guard !partitions.isEmpty, now >= nextLook else { return [] }
        nextLook = now + lookMilliseconds
        return partitions.filter { looks.insert($0).inserted }
    }
}
