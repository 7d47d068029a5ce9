/// Values as people write them, in the file, the environment and options alike.
package enum ConfigurationText {
    /// Milliseconds of `30m`, `90s`, `24h`, `7d`, `500ms` or `0`; nil for anything else.
    package static func duration(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        let units: [(suffix: String, milliseconds: Int64)] = [
            ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        let digits = text.prefix { $0.isNumber }
        guard let unit = units.first(where: { $0.suffix == text.dropFirst(digits.count) }),
            let number = Int64(digits)
        else { return nil }
        let product = number.multipliedReportingOverflow(by: unit.milliseconds)
        return product.overflow ? nil : product.partialValue
    }

    package static let durationForm = "write a whole number and ms, s, m, h or d, such as 30m"

    /// `30m` of milliseconds.
    static func text(duration milliseconds: Int64) -> String {
        let units: [(suffix: String, milliseconds: Int64)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
        ]
        for unit in units where milliseconds > 0 && milliseconds % unit.milliseconds == 0 {
            // Two days are 2d, but a day is better known as 24h.
            if unit.suffix == "d", milliseconds == unit.milliseconds { continue }
            return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
        }
        return milliseconds == 0 ? "0" : "\(milliseconds)ms"
    }

    /// `1000`, `1_000`, and for bytes `64KiB`, `4MiB`, `1GiB`; nil for anything else.
    static func integer(_ text: String) -> Int? {
        let units: [(suffix: String, factor: Int)] = [
            ("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
        ]
        let digits = text.prefix { $0.isNumber || $0 == "_" }
        guard let unit = units.first(where: { $0.suffix == text.dropFirst(digits.count) }),
            let number = Int(digits.filter { $0 != "_" })
        else { return nil }
        let product = number.multipliedReportingOverflow(by: unit.factor)
        return product.overflow ? nil : product.partialValue
    }

    /// `on` or `off`, or as others write it.
    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "on", "true", "yes", "1": true
        case "off", "false", "no", "0": false
        default: nil
        }
    }

    /// The word that was most likely meant; nil when none is near.
    static func suggestion(for word: String, among words: [String]) -> String? {
        let nearest = words.map {
            (word: $0, distance: distance(word.lowercased(), $0.lowercased()))
        }
        .min { ($0.distance, $0.word) < ($1.distance, $1.word) }
        guard let nearest, nearest.distance <= max(1, word.count / 3) else { return nil }
        return nearest.word
    }

    /// How many letters must be changed, added, left out or swapped with their neighbour.
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var before: [Int] = []
        var last: [Int] = []
        var row = Array(0...b.count)
        for i in a.indices {
            (before, last) = (last, row)
            row[0] = i + 1
            for j in b.indices {
                row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    row[j + 1] = min(row[j + 1], before[j - 1] + 1)
                }
            }
        }
        return row[b.count]
    }
}
