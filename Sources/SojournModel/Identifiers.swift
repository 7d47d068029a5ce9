/// A property: a site or app with its own session policy. 32 bits, chosen by the operator.
public struct PropertyID: Hashable, Sendable, RawRepresentable {
    public let rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable public init(_ value: UInt32) { rawValue = value }
}

/// A sending client that numbers its batches. Zero means: no producer, nothing is remembered.
public struct ProducerID: Hashable, Sendable, RawRepresentable {
    public let rawValue: UInt64
    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
    @inlinable public init(_ value: UInt64) { rawValue = value }
}

/// 128 opaque bits in the order in which they stand on the wire.
public struct Bits128: Hashable, Sendable, BitwiseCopyable {
    /// Bytes 0 to 7, read big-endian.
    public var high: UInt64
    /// Bytes 8 to 15, read big-endian.
    public var low: UInt64

    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 lower-case hexadecimal digits.
    public var hexadecimal: String { Self.digits(high) + Self.digits(low) }

    /// The value of 32 hexadecimal digits, or nil.
    public init?(hexadecimal text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard digits.count == 32 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, digit) in digits.enumerated() {
            guard let value = Self.value(ofDigit: digit) else { return nil }
            if index < 16 { words.0 = words.0 << 4 | value } else { words.1 = words.1 << 4 | value }
        }
        self.init(high: words.0, low: words.1)
    }

    private static func digits(_ word: UInt64) -> String {
        let text = String(word, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }

    private static func value(ofDigit digit: UInt8) -> UInt64? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(digit - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

/// Names one deployment, so that a client cannot talk to the wrong one by mistake.
public struct DeploymentID: Hashable, Sendable {
    public var bits: Bits128
    @inlinable public init(_ bits: Bits128) { self.bits = bits }

    /// Stands for "any" in a request.
    public static let any = DeploymentID(Bits128(high: 0, low: 0))

    /// What a request header carries of it: the last 8 bytes.
    @inlinable public var tag: UInt64 { bits.low }
}

/// The keyed 128-bit hash of a property and a visitor key. What the engine knows a visitor by.
public struct VisitorHash: Hashable, Sendable, BitwiseCopyable {
    public var bits: Bits128
    @inlinable public init(_ bits: Bits128) { self.bits = bits }
}

/// The secret of a deployment: keys the hashes of visitors and of session ids.
public struct DeploymentSecret: Hashable, Sendable {
    public var bits: Bits128
    public init(_ bits: Bits128) { self.bits = bits }
}
