/// Figures as people read them.
enum FigureText {
    /// `1,234,567`
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `950`, `12.3k`, `4.56M`: for axes and wherever room is short.
    static func short(_ number: Int) -> String {
        let magnitude = Double(number.magnitude)
        let sign = number < 0 ? "-" : ""
        for (unit, size) in [("G", 1e9), ("M", 1e6), ("k", 1e3)] where magnitude >= size {
            return sign + decimal(magnitude / size, digits: magnitude >= 100 * size ? 0 : 1) + unit
        }
        return "\(number)"
    }

    /// `12.3%` of 0.123.
    static func percent(_ share: Double) -> String { decimal(share * 100, digits: 1) + "%" }

    /// `2.35`
    static func decimal(_ number: Double, digits: Int) -> String {
        var power = 1
        for _ in 0..<digits { power *= 10 }
        let scaled = Int((number * Double(power)).rounded())
        let whole = (scaled < 0 ? "-" : "") + count(Int(scaled.magnitude) / power)
        if digits == 0 { return whole }
        let rest = String(Int(scaled.magnitude) % power)
        return whole + "." + String(repeating: "0", count: digits - rest.count) + rest
    }

    /// `12,345.60` of micro-units.
    static func value(_ microUnits: Int64) -> String {
        decimal(Double(microUnits) / 1_000_000, digits: 2)
    }

    /// `0.4s`, `12s`, `3m 05s`, `2h 04m`, `1d 03h`
    static func duration(milliseconds: Int64) -> String {
        func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let seconds = milliseconds / 1_000
        switch milliseconds {
        case ..<10_000: return decimal(Double(milliseconds) / 1_000, digits: 1) + "s"
        case ..<60_000: return "\(seconds)s"
        case ..<3_600_000: return "\(seconds / 60)m \(padded(seconds % 60))s"
        case ..<86_400_000: return "\(seconds / 3_600)h \(padded(seconds / 60 % 60))m"
        default: return "\(seconds / 86_400)d \(padded(seconds / 3_600 % 24))h"
        }
    }

    /// At most so many characters, the middle left out: the ends of a path say most.
    static func middle(_ text: String, atMost count: Int) -> String {
        guard text.count > count else { return text }
        let tail = (count - 1) / 2
        return "\(text.prefix(count - 1 - tail))…\(text.suffix(tail))"
    }
}
