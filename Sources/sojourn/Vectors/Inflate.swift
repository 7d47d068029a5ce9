/// Unpacks the few golden messages that are stored compressed (RFC 1950 and 1951). Foundation has
/// no such thing on Linux.
struct Inflate {
    /// The bytes are no zlib stream.
    struct Malformed: Error {}

    private let input: [UInt8]
    private var at = 2
    private var bits: UInt32 = 0
    private var bitCount = 0
    private var output: [UInt8] = []

    /// The content of a zlib stream. Its checksum is not looked at: a message has its own.
    static func unpack(_ stream: [UInt8]) throws -> [UInt8] {
        guard stream.count >= 2, stream[0] & 15 == 8, stream[1] & 32 == 0 else {
            throw Malformed()
        }
        var inflate = Inflate(input: stream)
        try inflate.run()
        return inflate.output
    }

    private init(input: [UInt8]) { self.input = input }

    private mutating func run() throws {
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0: try copyStored()
            case 1:
                var lengths = [Int](repeating: 8, count: 288)
                for symbol in 144..<256 { lengths[symbol] = 9 }
                for symbol in 256..<280 { lengths[symbol] = 7 }
                try decode(Code(lengths), Code([Int](repeating: 5, count: 30)))
            case 2:
                let (literals, distances) = try readCodes()
                try decode(literals, distances)
            default: throw Malformed()
            }
        }
    }

    private mutating func take(_ count: Int) throws -> Int {
        while bitCount < count {
            guard at < input.count else { throw Malformed() }
            bits |= UInt32(input[at]) << UInt32(bitCount)
            at += 1
            bitCount += 8
        }
        let value = bits & ((1 << UInt32(count)) - 1)
        bits >>= UInt32(count)
        bitCount -= count
        return Int(value)
    }

    private mutating func copyStored() throws {
        bits = 0
        bitCount = 0
        guard at + 4 <= input.count else { throw Malformed() }
        let count = Int(input[at]) | Int(input[at + 1]) << 8
        at += 4
        guard at + count <= input.count else { throw Malformed() }
        output += input[at..<(at + count)]
        at += count
    }

    /// A canonical Huffman code: how many symbols have each length, and the symbols in order.
    private struct Code {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int] = []

        init(_ lengths: [Int]) {
            for length in 1..<16 {
                for (symbol, own) in lengths.enumerated() where own == length {
                    symbols.append(symbol)
                    counts[length] += 1
                }
            }
        }
    }

    private mutating func symbol(_ code: Code) throws -> Int {
        var (value, first, index) = (0, 0, 0)
        for length in 1..<16 {
            value |= try take(1)
            let count = code.counts[length]
            if value - first < count { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw Malformed()
    }

    private mutating func readCodes() throws -> (Code, Code) {
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        let literalCount = try take(5) + 257
        let distanceCount = try take(5) + 1
        let lengthCount = try take(4) + 4
        var lengths = [Int](repeating: 0, count: 19)
        for index in 0..<lengthCount { lengths[order[index]] = try take(3) }
        let code = Code(lengths)
        lengths = []
        while lengths.count < literalCount + distanceCount {
            switch try symbol(code) {
            case 16:
                guard let last = lengths.last else { throw Malformed() }
                lengths += [Int](repeating: last, count: try take(2) + 3)
            case 17: lengths += [Int](repeating: 0, count: try take(3) + 3)
            case 18: lengths += [Int](repeating: 0, count: try take(7) + 11)
            case let length: lengths.append(length)
            }
        }
        guard lengths.count == literalCount + distanceCount else { throw Malformed() }
        return (Code(Array(lengths[..<literalCount])), Code(Array(lengths[literalCount...])))
    }

    private mutating func decode(_ literals: Code, _ distances: Code) throws {
        while true {
            let symbol = try symbol(literals)
            if symbol == 256 { return }
            if symbol < 256 {
                output.append(UInt8(symbol))
                continue
            }
            guard symbol < 286 else { throw Malformed() }
            let length: Int
            if symbol < 265 {
                length = symbol - 254
            } else if symbol == 285 {
                length = 258
            } else {
                let extra = (symbol - 261) / 4
                length = (4 + (symbol - 261) % 4) << extra + 3 + (try take(extra))
            }
            let code = try self.symbol(distances)
            guard code < 30 else { throw Malformed() }
            var distance = code + 1
            if code > 3 {
                let extra = (code - 2) / 2
                distance = (2 + code % 2) << extra + 1 + (try take(extra))
            }
            guard distance <= output.count else { throw Malformed() }
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }
}
