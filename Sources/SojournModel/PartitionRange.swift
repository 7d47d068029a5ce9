/// Which of a deployment's partitions something has: `0-31/64` is the first half of 64.
///
/// A partition is a fixed share of the visitors. Whoever has a range of them has one state, one journal
/// and one numbering of revisions for the whole range.
public struct PartitionRange: Hashable, Sendable {
    public let first: UInt16
    /// Still in the range.
    public let last: UInt16
    /// Partitions that there are in all; 1 to `Limits.partitionsMax`.
    public let count: Int

    /// - Returns: nil unless `first` is at most `last`, and that below `count`.
    public init?(first: Int, last: Int, count: Int) {
        guard (1...Limits.partitionsMax).contains(count), first >= 0, first <= last, last < count
        else { return nil }
        self.first = UInt16(first)
        self.last = UInt16(last)
        self.count = count
    }

    private init() {
        first = 0
        last = 0
        count = 1
    }

    /// The one partition of a service that is alone.
    public static let whole = PartitionRange()

    /// Nobody else has a partition.
    public var isAll: Bool { first == 0 && Int(last) == count - 1 }

    public func contains(_ partition: Int) -> Bool { partition >= first && partition <= last }

    /// How to write one, as the end of a sentence.
    public static var form: String {
        "is no range of partitions; write FIRST-LAST/COUNT, like 0-31/64, with at most "
            + "\(Limits.partitionsMax)"
    }
}

extension PartitionRange: CustomStringConvertible {
    public var description: String { "\(first)-\(last)/\(count)" }

    /// Reads `0-31/64`, or `5/64` for a single one.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let count = Int(halves[1]) else { return nil }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let first = Int(ends[0]),
            let last = Int(ends[ends.count - 1])
        else { return nil }
        self.init(first: first, last: last, count: count)
    }
}
