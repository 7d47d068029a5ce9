/// The number of a record in the journal: 1, 2, 3, ... without gaps; 0 stands before the first.
package struct JournalPosition: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package init(_ value: UInt64) { rawValue = value }

    /// Before the first record.
    package static let start = JournalPosition(0)

    /// The one behind. It wraps, because numbers that were read from a damaged file come here too.
    package var next: JournalPosition { JournalPosition(rawValue &+ 1) }

    /// The one before.
    package var previous: JournalPosition { JournalPosition(rawValue &- 1) }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension JournalPosition: CustomStringConvertible {
    package var description: String { String(rawValue) }

    /// 16 lower-case hexadecimal digits, which sort like the numbers.
    var hexadecimal: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// The position that 16 lower-case hexadecimal digits name.
    init?(hexadecimal digits: some StringProtocol) {
        guard digits.utf8.count == 16, let value = UInt64(digits, radix: 16) else { return nil }
        self.init(value)
        guard hexadecimal == digits else { return nil }
    }
}
