import SojournModel

/// The path of a session as JSON: `[12,0,15,3000]`, page and milliseconds in turn.
package struct PathText: ~Copyable {
    private var buffer = GrowableBuffer<UInt8>()

    package init() {}

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self) get { buffer.span }
    }

    package mutating func begin() {
        buffer.removeAll()
        buffer.append(UInt8(ascii: "["))
    }

    package mutating func append(_ page: UInt32, _ milliseconds: UInt32) {
        if buffer.count > 1 { buffer.append(UInt8(ascii: ",")) }
        append(page)
        buffer.append(UInt8(ascii: ","))
        append(milliseconds)
    }

    package mutating func end() { buffer.append(UInt8(ascii: "]")) }

    private mutating func append(_ number: UInt32) {
        let (high, low) = number.quotientAndRemainder(dividingBy: Self.digitsMax)
        if high > 0 {
            appendDigits(of: high, atLeast: 1)
            appendDigits(of: low, atLeast: 8)
        } else {
            appendDigits(of: low, atLeast: 1)
        }
    }

    /// What eight digits cannot say.
    private static let digitsMax: UInt32 = 100_000_000

    /// Gathers up to eight digits in a number of eight bytes, the last one lowest: two at a time.
    private mutating func appendDigits(of number: UInt32, atLeast least: Int) {
        let zero = UInt64(UInt8(ascii: "0"))
        var rest = UInt64(number)
        var digits: UInt64 = 0
        var count = 0
        while rest >= 10 || count + 1 < least {
            let (tens, ones) = (rest % 100).quotientAndRemainder(dividingBy: 10)
            digits |= ((zero + tens) << 8 | (zero + ones)) << UInt64(8 * count)
            rest /= 100
            count += 2
        }
        if rest > 0 || count == 0 {
            digits |= (zero + rest) << UInt64(8 * count)
            count += 1
        }
        buffer.append(digits, byteCount: count)
    }

    /// Reads the numbers of `[12,0,15,3000]`.
    package static func parse(_ json: RawSpan, into numbers: inout [UInt32]) {
        var number: UInt32 = 0
        var isNumber = false
        for at in 0..<json.byteCount {
            let byte = json.integer(at: at, as: UInt8.self)
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                number = number &* 10 &+ UInt32(byte &- UInt8(ascii: "0"))
                isNumber = true
            } else if isNumber {
                numbers.append(number)
                (number, isNumber) = (0, false)
            }
        }
    }
}
