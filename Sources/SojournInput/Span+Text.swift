/// The characters that the readers look for.
enum ASCII {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "\"")
    static let comma = UInt8(ascii: ",")
    static let backslash = UInt8(ascii: "\\")
    static let zero = UInt8(ascii: "0")

    static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

    /// A to Z become a to z; every other byte stays.
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// What a hexadecimal digit counts, or nil.
    static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte - zero }
        let letter = byte | 0x20
        guard letter >= UInt8(ascii: "a"), letter <= UInt8(ascii: "f") else { return nil }
        return letter - UInt8(ascii: "a") + 10
    }
}

extension Span where Element == UInt8 {
    func equals(_ other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    func starts(with other: [UInt8]) -> Bool {
        guard count >= other.count else { return false }
        for index in other.indices where self[index] != other[index] { return false }
        return true
    }

    func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// Whether the bytes are UTF-8. Nearly all input is ASCII, and that is decided without
    /// decoding.
    var isUTF8: Bool {
        var all: UInt8 = 0
        for index in indices { all |= self[index] }
        if all < 0x80 { return true }
        return (try? UTF8Span(validating: self)) != nil
    }

    /// The bytes as text. What is not UTF-8 shows as U+FFFD.
    var text: String {
        var copy: [UInt8] = []
        copy.append(self)
        return String(decoding: copy, as: UTF8.self)
    }

    static var excerptBytesMax: Int { 60 }

    /// The bytes as a person should see them in a message: at most 60, on one line.
    var excerpt: String {
        let shown = extracting(first: Swift.min(count, Self.excerptBytesMax)).text
        var result = ""
        for scalar in shown.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return count > Self.excerptBytesMax ? result + "…" : result
    }

    /// Without spaces and tabs at both ends.
    @_lifetime(copy self)
    func trimmingBlanks() -> Span<UInt8> {
        var lower = 0
        var upper = count
        while lower < upper, self[lower] == ASCII.space || self[lower] == ASCII.tab { lower += 1 }
        while upper > lower, self[upper - 1] == ASCII.space || self[upper - 1] == ASCII.tab {
            upper -= 1
        }
        return extracting(lower..<upper)
    }
}

extension [UInt8] {
    mutating func append(_ other: Span<UInt8>) {
        unsafe other.withUnsafeBufferPointer { bytes in
            // The pointer is read here and not kept.
            unsafe append(contentsOf: bytes)
        }
    }

    mutating func append(_ text: String) { append(text.utf8.span) }

    /// The number in decimal digits.
    mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: number.magnitude)
    }

    mutating func append(decimal number: UInt64) {
        let start = count
        var rest = number
        repeat {
            append(ASCII.zero + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
