/// Columns for people: texts to the left, numbers to the right, as narrow as they can be.
struct TextTable {
    /// The longest text that is shown whole.
    private static let textMax = 48

    private let titles: [String]
    private let isNumber: [Bool]
    private var rows: [[String]] = []

    /// - Parameter columns: title, and whether numbers stand below it.
    init(_ columns: [(title: String, isNumber: Bool)]) {
        titles = columns.map(\.title)
        isNumber = columns.map(\.isNumber)
    }

    mutating func add(_ cells: [String]) {
        rows.append(
            cells.enumerated().map { column, cell in
                isNumber[column] ? cell : Self.shortened(cell.printable)
            })
    }

    var lines: [String] {
        let widths = titles.indices.map { column in
            max(titles[column].count, rows.map { $0[column].count }.max() ?? 0)
        }
        return ([titles] + rows).map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                line += column == 0 ? "" : "  "
                line += isNumber[column] ? gap + cell : cell + gap
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    private static func shortened(_ text: String) -> String {
        text.count <= textMax ? text : text.prefix(textMax - 1) + "…"
    }
}

/// Figures as pictures.
enum Drawing {
    /// A bar for `share` of the whole, 0 to 1, of at most `width` characters.
    static func bar(_ share: Double, width: Int = 20) -> String {
        let eighths = Int((max(0, min(1, share)) * Double(width * 8)).rounded())
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }

    /// A row of bars, one a number.
    static func sparkline(_ numbers: [Int]) -> String { sparkline(numbers.map { Double($0) }) }

    /// A row of bars, one a number, and a gap where none is known. The highest number has the highest bar.
    static func sparkline(_ numbers: [Double?]) -> String {
        let most = numbers.reduce(0) { max($0, $1 ?? 0) }
        let bars = Array("▁▂▃▄▅▆▇█")
        return String(
            numbers.map { number in
                guard let number else { return " " }
                return most > 0 ? bars[Int((max(0, number) / most * 7).rounded())] : bars[0]
            })
    }
}
