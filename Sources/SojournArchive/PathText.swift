import SojournModel

/// The path of a session as JSON: `[12,0,15,3000]`, page and milliseconds in turn.
package struct PathText {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func begin() {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(UInt8(ascii: "["))
    }

    package mutating func append(_ page: UInt32, _ milliseconds: UInt32) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        append(page)
        bytes.append(UInt8(ascii: ","))
        append(milliseconds)
    }

    package mutating func end() { bytes.append(UInt8(ascii: "]")) }

    private mutating func append(_ number: UInt32) {
        var digits = InlineArray<10, UInt8>(repeating: 0)
        var (rest, count) = (number, 0)
        repeat {
            digits[count] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
            count += 1
        } while rest > 0
        while count > 0 {
            count -= 1
            bytes.append(digits[count])
        }
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
