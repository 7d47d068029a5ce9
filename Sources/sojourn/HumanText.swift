/// Figures as people read them.
enum HumanText {
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

    /// `850 ms`, `12.5 s`, `3m 05s`, `2h 04m`, `1d 03h`
    static func duration(milliseconds: Int64) -> String {
        let seconds = milliseconds / 1_000
        switch milliseconds {
        case ..<1_000: return "\(milliseconds) ms"
        case ..<60_000: return "\(seconds).\(milliseconds % 1_000 / 100) s"
        case ..<3_600_000: return "\(seconds / 60)m \(padded(seconds % 60))s"
        case ..<86_400_000: return "\(seconds / 3_600)h \(padded(seconds / 60 % 60))m"
        default: return "\(seconds / 86_400)d \(padded(seconds / 3_600 % 24))h"
        }
    }

    /// `3.14`
    static func decimal(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        return "\(count(hundredths / 100)).\(padded(Int64(hundredths % 100)))"
    }

    /// Two columns, the second behind the longest of the first.
    static func table(_ rows: [(String, String)], alignsRight: Bool = false) -> [String] {
        let left = rows.map(\.0.count).max() ?? 0
        let right = rows.map(\.1.count).max() ?? 0
        return rows.map { name, value in
            let gap = String(repeating: " ", count: left - name.count + 2)
            let pad = alignsRight ? String(repeating: " ", count: right - value.count) : ""
            return name + gap + pad + value
        }
    }

    private static func padded(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
