/// Where something that happened to a session stands in the order of what one server hands out (sojourn-1,
/// "FETCH").
public struct FeedPlace: Hashable, Comparable, Sendable, BitwiseCopyable {
    /// Of the journal record that brought it about; counted apart where there is no journal.
    public var position: UInt64
    /// Which one of that record, from 1.
    public var index: UInt32

    public init(position: UInt64, index: UInt32) {
        self.position = position
        self.index = index
    }

    /// Before everything.
    public static let start = FeedPlace(position: 0, index: 0)

    public static func < (left: Self, right: Self) -> Bool {
        (left.position, left.index) < (right.position, right.index)
    }
}

extension FeedPlace: CustomStringConvertible {
    /// `4117-3`: position and index.
    public var description: String { "\(position)-\(index)" }
}
