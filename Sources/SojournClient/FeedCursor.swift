public import SojournModel
import SojournWire

/// How far a reader has come in what FETCH hands out (sojourn-1, "FETCH"): a place in each order that there is, one for
/// the partitions of each worker, and whose turn is next.
///
/// It is kept as text, `"\(cursor)"`, which `FeedCursor(text)` reads, and so do clients in other languages.
public struct FeedCursor: Hashable, Sendable {
    /// By first partition; an order that is to be read from its beginning has none, so that cursors which mean
    /// the same are equal.
    private var places: [Int: FeedPlace] = [:]
    /// Which partition is asked next; nil for the first, with which a round begins.
    private var turn: Int?
    /// An order that was asked before, in this round, has more.
    private var hasMore = false

    private init() {}

    /// Before everything.
    public static let start = FeedCursor()

    /// The place behind which it goes on in the order of the partitions from this one on, as a page or a message of
    /// the feed names it.
    ///
    /// - Precondition: `firstPartition` is 0 to 65,535.
    public subscript(firstPartition: Int) -> FeedPlace {
        get { places[firstPartition] ?? .start }
        set {
            precondition((0...Int(UInt16.max)).contains(firstPartition))
            places[firstPartition] = newValue == .start ? nil : newValue
        }
    }
}

// MARK: Going round

extension FeedCursor {
    /// The partition to ask, of those that the server has. Where it has not the one whose turn it is, a round begins.
    mutating func next(first: Int, last: Int) -> Int {
        if let turn, turn >= first, turn <= last { return turn }
        (turn, hasMore) = (nil, false)
        return first
    }

    /// Takes in what the server handed out, and passes the turn on.
    ///
    /// - Parameter last: partition that the server has.
    /// - Returns: whether there may be more: somebody in this round has, or was not asked yet.
    mutating func take(_ reply: FetchReply, last: Int) -> Bool {
        self[Int(reply.firstPartition)] = reply.place
        hasMore = hasMore || reply.hasMore
        let next = Int(reply.lastPartition) + 1
        if next <= last {
            turn = next
            return true
        }
        defer { (turn, hasMore) = (nil, false) }
        return hasMore
    }
}

// MARK: Text

extension FeedCursor: LosslessStringConvertible {
    /// `0:4117-3,32:809-1@32+`: a place for each first partition; behind `@` the partition that is asked next, where
    /// that is not the first; and `+` where there were more before it.
    public var description: String {
        let known = places.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        let text = known.isEmpty ? "0:\(FeedPlace.start)" : known.joined(separator: ",")
        guard let turn else { return text }
        return "\(text)@\(turn)\(hasMore ? "+" : "")"
    }

    /// Reads what `description` writes, and nothing else.
    public init?(_ description: String) {
        var text = description[...]
        if let mark = text.firstIndex(of: "@") {
            var turn = text[text.index(after: mark)...]
            text = text[..<mark]
            if turn.last == "+" {
                hasMore = true
                turn.removeLast()
            }
            guard let partition = UInt16(digits: turn) else { return nil }
            self.turn = Int(partition)
        }
        var last = -1
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: ":", omittingEmptySubsequences: false)
            guard words.count == 2 else { return nil }
            let numbers = words[1].split(separator: "-", omittingEmptySubsequences: false)
            guard numbers.count == 2, let first = UInt16(digits: words[0]), Int(first) > last,
                let position = UInt64(digits: numbers[0]), let index = UInt32(digits: numbers[1])
            else { return nil }
            last = Int(first)
            self[last] = FeedPlace(position: position, index: index)
        }
    }
}

extension FixedWidthInteger {
    /// A number without a sign.
    fileprivate init?(digits: Substring) {
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(digits, radix: 10)
    }
}
