/// The identity of a session: a version 7 UUID (sojourn-1, "Session ids").
///
///     byte 0 ............. 5 | 6 ....... 7 | 8 ................................. 15
///     milliseconds, 48 bits  | 0111 + 12   | 10 + 62
///
/// The milliseconds are the time of the session's first assigned event, so ids sort by time.
public struct SessionID: Hashable, Sendable, Comparable, BitwiseCopyable {
    public var bits: Bits128
    @inlinable public init(_ bits: Bits128) { self.bits = bits }

    /// Puts 74 bits behind a time. Bits of `milliseconds` beyond the 48th are dropped.
    ///
    /// - Parameters:
    ///   - a: 12 bits, right-aligned.
    ///   - b: 62 bits, right-aligned.
    @inlinable public init(milliseconds: Int64, a: UInt64, b: UInt64) {
        let time = UInt64(truncatingIfNeeded: milliseconds) << 16
        bits = Bits128(
            high: time | 0x7000 | (a & 0xFFF),
            low: 0x8000_0000_0000_0000 | (b & 0x3FFF_FFFF_FFFF_FFFF))
    }

    /// Milliseconds since the Unix epoch of the session's first assigned event.
    @inlinable public var milliseconds: Int64 { Int64(bits.high >> 16) }

    /// The twelve bits behind the version.
    @inlinable public var a: UInt64 { bits.high & 0xFFF }

    /// The 62 bits behind the variant.
    @inlinable public var b: UInt64 { bits.low & 0x3FFF_FFFF_FFFF_FFFF }

    @inlinable public static func < (left: SessionID, right: SessionID) -> Bool {
        (left.bits.high, left.bits.low) < (right.bits.high, right.bits.low)
    }
}

extension SessionID: CustomStringConvertible {
    /// The canonical form, 8-4-4-4-12 lower-case hexadecimal digits.
    public var description: String {
        var text = ""
        text.reserveCapacity(36)
        for (index, digit) in bits.hexadecimal.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append("-") }
            text.append(digit)
        }
        return text
    }

    /// Reads the canonical form, with or without its hyphens; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard let bits = Bits128(hexadecimal: String(text.filter { $0 != "-" })) else { return nil }
        self.init(bits)
    }
}
