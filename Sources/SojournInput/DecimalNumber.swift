/// Why a text is not an amount.
enum DecimalProblem: Error, CustomStringConvertible {
    case notDecimal
    case tooPrecise
    case tooLarge

    var description: String {
        switch self {
        case .notDecimal: "is not a decimal number such as 12.50"
        case .tooPrecise: "has more than six decimals"
        case .tooLarge: "is beyond ±9223372036854.775807"
        }
    }
}

/// Numbers as text, read exactly: no floating point on the way.
enum DecimalNumber {
    /// A whole number with an optional sign, or nil where it is none or does not fit.
    static func integer(_ text: Span<UInt8>) -> Int64? {
        let isNegative = text.count > 1 && text[0] == UInt8(ascii: "-")
        guard let magnitude = digits(text.extracting((isNegative ? 1 : 0)..<text.count)) else {
            return nil
        }
        if isNegative {
            return magnitude <= Int64.min.magnitude
                ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int64(exactly: magnitude)
    }

    /// A number of 64 bits: decimal, or hexadecimal after `0x`.
    static func unsigned(_ text: Span<UInt8>) -> UInt64? {
        guard text.count > 2, text[0] == ASCII.zero, text[1] | 0x20 == UInt8(ascii: "x") else {
            return digits(text)
        }
        guard text.count <= 18 else { return nil }
        var number: UInt64 = 0
        for index in 2..<text.count {
            guard let digit = ASCII.hexadecimalDigit(text[index]) else { return nil }
            number = number << 4 | UInt64(digit)
        }
        return number
    }

    /// An amount in micro-units: `12.5`, `-3`, `.25`; nothing is rounded.
    static func microUnits(_ text: Span<UInt8>) throws(DecimalProblem) -> Int64 {
        var index = 0
        var isNegative = false
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+")
        {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        // Counting downwards reaches Int64.min, which has no positive counterpart.
        var total: Int64 = 0
        var isTooLarge = false
        func add(_ digit: UInt8) {
            let (tenfold, overflow) = total.multipliedReportingOverflow(by: 10)
            let (sum, second) = tenfold.subtractingReportingOverflow(Int64(digit))
            isTooLarge = isTooLarge || overflow || second
            total = sum
        }
        var digitCount = 0
        while index < text.count, ASCII.isDigit(text[index]) {
            add(text[index] - ASCII.zero)
            digitCount += 1
            index += 1
        }
        var decimals = 0
        var isTooPrecise = false
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index += 1
            while index < text.count, ASCII.isDigit(text[index]) {
                if decimals < 6 {
                    add(text[index] - ASCII.zero)
                } else if text[index] != ASCII.zero {
                    isTooPrecise = true
                }
                decimals += 1
                digitCount += 1
                index += 1
            }
        }
        guard index == text.count, digitCount > 0 else { throw .notDecimal }
        if isTooPrecise { throw .tooPrecise }
        for _ in min(decimals, 6)..<6 { add(0) }
        if isTooLarge || (!isNegative && total == .min) { throw .tooLarge }
        return isNegative ? total : -total
    }

    /// Writes an amount the shortest way: 12,500,000 is `12.5`.
    static func append(microUnits: Int64, to output: inout [UInt8]) {
        if microUnits < 0 { output.append(UInt8(ascii: "-")) }
        let (whole, fraction) = microUnits.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        output.append(decimal: whole)
        if fraction == 0 { return }
        output.append(UInt8(ascii: "."))
        var rest = fraction
        var unit: UInt64 = 100_000
        while rest > 0 {
            output.append(ASCII.zero + UInt8(rest / unit))
            rest %= unit
            unit /= 10
        }
    }

    private static func digits(_ text: Span<UInt8>) -> UInt64? {
        guard !text.isEmpty else { return nil }
        var number: UInt64 = 0
        for index in text.indices {
            guard ASCII.isDigit(text[index]) else { return nil }
            let (tenfold, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, second) = tenfold.addingReportingOverflow(UInt64(text[index] &- ASCII.zero))
            if overflow || second { return nil }
            number = sum
        }
        return number
    }
}
