/// Why a line is not a JSON object.
struct JSONProblem: Error {
    /// Bytes before the place.
    var offset: Int
    var expected: String
}

/// Finds the members of one JSON object (RFC 8259) in a line, without making values of them.
struct JSONObjectScanner: ~Escapable {
    enum ValueKind {
        case string
        /// A string with escapes.
        case escapedString
        case number
        case boolean
        case null
        case container
    }

    struct Member {
        /// The key between its quotes.
        var key: Range<Int>
        var keyIsEscaped: Bool
        var kind: ValueKind
        /// The value; a string's between its quotes.
        var value: Range<Int>
        /// From the key's quote to behind the value.
        var outer: Range<Int>
    }

    /// How deep arrays and objects may lie in one another.
    private static let depthMax = 64

    private let bytes: Span<UInt8>
    private var index = 0

    @_lifetime(copy bytes)
    private init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    /// Finds the members and returns where the closing brace is.
    static func scan(
        _ bytes: Span<UInt8>, into members: inout [Member]
    ) throws(JSONProblem) -> Int {
        members.removeAll(keepingCapacity: true)
        var scanner = JSONObjectScanner(bytes)
        scanner.skipBlanks()
        try scanner.expect("{")
        scanner.skipBlanks()
        var brace = scanner.index
        if !scanner.skip("}") {
            while true {
                members.append(try scanner.member())
                scanner.skipBlanks()
                brace = scanner.index
                if scanner.skip("}") { break }
                guard scanner.skip(",") else { throw scanner.problem("a comma or }") }
                scanner.skipBlanks()
            }
        }
        scanner.skipBlanks()
        guard scanner.index == bytes.count else { throw scanner.problem("the end of the line") }
        return brace
    }

    private mutating func member() throws(JSONProblem) -> Member {
        let start = index
        guard skip("\"") else { throw problem("a key in quotes") }
        let (key, keyIsEscaped) = try string()
        skipBlanks()
        try expect(":")
        skipBlanks()
        let (kind, value) = try self.value(depth: 0)
        return Member(
            key: key, keyIsEscaped: keyIsEscaped, kind: kind, value: value, outer: start..<index)
    }

    private mutating func value(depth: Int) throws(JSONProblem) -> (ValueKind, Range<Int>) {
        guard index < bytes.count else { throw problem("a value") }
        let start = index
        switch bytes[index] {
        case ASCII.quote:
            index += 1
            let (range, isEscaped) = try string()
            return (isEscaped ? .escapedString : .string, range)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            try container(depth: depth + 1)
            return (.container, start..<index)
        case UInt8(ascii: "t"):
            try word("true")
            return (.boolean, start..<index)
        case UInt8(ascii: "f"):
            try word("false")
            return (.boolean, start..<index)
        case UInt8(ascii: "n"):
            try word("null")
            return (.null, start..<index)
        default:
            try number()
            return (.number, start..<index)
        }
    }

    private mutating func container(depth: Int) throws(JSONProblem) {
        if depth > Self.depthMax { throw problem("at most \(Self.depthMax) levels") }
        let isObject = bytes[index] == UInt8(ascii: "{")
        let close: Unicode.Scalar = isObject ? "}" : "]"
        index += 1
        skipBlanks()
        if skip(close) { return }
        while true {
            if isObject {
                guard skip("\"") else { throw problem("a key in quotes") }
                _ = try string()
                skipBlanks()
                try expect(":")
                skipBlanks()
            }
            _ = try value(depth: depth)
            skipBlanks()
            if skip(close) { return }
            guard skip(",") else { throw problem("a comma or \(close)") }
            skipBlanks()
        }
    }

    /// The rest of a string whose opening quote has been taken.
    private mutating func string() throws(JSONProblem) -> (Range<Int>, isEscaped: Bool) {
        let start = index
        var isEscaped = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.quote {
                index &+= 1
                return (start..<(index - 1), isEscaped)
            }
            if byte < 0x20 { throw problem("no control character in a string") }
            index &+= 1
            guard byte == ASCII.backslash else { continue }
            isEscaped = true
            guard index < bytes.count else { break }
            switch bytes[index] {
            case UInt8(ascii: "u"):
                guard index + 4 < bytes.count else { throw problem("four hex digits") }
                for offset in 1...4 where ASCII.hexadecimalDigit(bytes[index + offset]) == nil {
                    throw problem("four hex digits")
                }
                index += 5
            case ASCII.quote, ASCII.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"),
                UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                index += 1
            default: throw problem("one of \"\\/bfnrtu behind a backslash")
            }
        }
        throw problem("the closing quote of a string")
    }

    private mutating func number() throws(JSONProblem) {
        _ = skip("-")
        if !skip("0") { try digits("a value") }
        if skip(".") { try digits("a digit behind the point") }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            try digits("a digit in the exponent")
        }
    }

    private mutating func digits(_ expected: String) throws(JSONProblem) {
        let start = index
        while index < bytes.count, ASCII.isDigit(bytes[index]) { index &+= 1 }
        if index == start { throw problem(expected) }
    }

    private mutating func word(_ word: StaticString) throws(JSONProblem) {
        let text = word.description.utf8
        guard index + text.count <= bytes.count else { throw problem("a value") }
        for (offset, byte) in text.enumerated() where bytes[index + offset] != byte {
            throw problem("a value")
        }
        index += text.count
    }

    private mutating func skipBlanks() {
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.space, ASCII.tab, ASCII.carriageReturn, ASCII.newline: index &+= 1
            default: return
            }
        }
    }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: scalar) else { return false }
        index &+= 1
        return true
    }

    private mutating func expect(_ scalar: Unicode.Scalar) throws(JSONProblem) {
        guard skip(scalar) else { throw problem("\(scalar)") }
    }

    private func problem(_ expected: String) -> JSONProblem {
        JSONProblem(offset: index, expected: expected)
    }
}

/// The texts of JSON strings.
enum JSONText {
    /// Adds the text of a well-formed string that has escapes. False where a surrogate stands
    /// alone: no text has that.
    static func append(decoding string: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        var index = 0
        while index < string.count {
            let byte = string[index]
            guard byte == ASCII.backslash else {
                output.append(byte)
                index += 1
                continue
            }
            let escape = string[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(ASCII.newline)
            case UInt8(ascii: "r"): output.append(ASCII.carriageReturn)
            case UInt8(ascii: "t"): output.append(ASCII.tab)
            case UInt8(ascii: "u"):
                var code = unit(string, at: index)
                index += 4
                if code >> 10 == 0x36 {
                    guard index + 6 <= string.count, string[index] == ASCII.backslash,
                        string[index + 1] == UInt8(ascii: "u")
                    else { return false }
                    let low = unit(string, at: index + 2)
                    guard low >> 10 == 0x37 else { return false }
                    code = 0x1_0000 + (code & 0x3FF) << 10 + low & 0x3FF
                    index += 6
                }
                guard let scalar = Unicode.Scalar(code) else { return false }
                output.append(contentsOf: UTF8.encode(scalar)!)
            default: output.append(escape)
            }
        }
        return true
    }

    /// Adds a text as a JSON string, with its quotes.
    static func append(quoting text: Span<UInt8>, to output: inout [UInt8]) {
        output.append(ASCII.quote)
        defer { output.append(ASCII.quote) }
        guard needsEscapes(text) else {
            output.append(text)
            return
        }
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case ASCII.quote, ASCII.backslash:
                output.append(ASCII.backslash)
                output.append(byte)
            case ASCII.newline: output.append("\\n")
            case ASCII.carriageReturn: output.append("\\r")
            case ASCII.tab: output.append("\\t")
            case 0..<0x20:
                output.append("\\u00")
                output.append(hexadecimal[Int(byte >> 4)])
                output.append(hexadecimal[Int(byte & 15)])
            default: output.append(byte)
            }
        }
    }

    private static func needsEscapes(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            let byte = text[index]
            if byte < 0x20 || byte == ASCII.quote || byte == ASCII.backslash { return true }
        }
        return false
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)

    private static func unit(_ string: Span<UInt8>, at start: Int) -> UInt32 {
        var code: UInt32 = 0
        for index in start..<(start + 4) {
            code = code << 4 | UInt32(ASCII.hexadecimalDigit(string[index]) ?? 0)
        }
        return code
    }
}
