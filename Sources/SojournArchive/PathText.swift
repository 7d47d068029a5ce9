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

    /// Writes a number from its last digit to its first, two at a time.
    private mutating func append(_ number: UInt32) {
        var at = buffer.count + Self.digits(of: number)
        buffer.resize(to: at, repeating: UInt8(ascii: "0"))
        var rest = number
        while rest >= 100 {
            let pair = rest % 100
            rest /= 100
            buffer[at - 1] = UInt8(ascii: "0") + UInt8(pair % 10)
            buffer[at - 2] = UInt8(ascii: "0") + UInt8(pair / 10)
            at -= 2
        }
        buffer[at - 1] = UInt8(ascii: "0") + UInt8(rest % 10)
        if rest >= 10 { buffer[at - 2] = UInt8(ascii: "0") + UInt8(rest / 10) }
    }

    private static func digits(of number: UInt32) -> Int {
        var (count, bound) = (1, UInt64(10))
        while UInt64(number) >= bound {
            count += 1
            bound *= 10
        }
        return count
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
