/// The last minute of each figure, for its row of bars.
struct WatchHistory {
    static let milliseconds: Int64 = 60_000
    /// As many as stand beside names and numbers on a terminal of 80 columns.
    private static let barsMax = 40

    /// Readings that a bar is the mean of.
    private let readingsPerBar: Int
    private let bars: Int
    private var readings = 0
    /// By the figure's name; a bar is the sum and the number of what is known.
    private var rows: [String: [(sum: Double, count: Int)]] = [:]

    /// - Parameter intervalMilliseconds: between two readings.
    init(intervalMilliseconds: Int64) {
        let readings = max(1, Int(Self.milliseconds / intervalMilliseconds))
        readingsPerBar = (readings + Self.barsMax - 1) / Self.barsMax
        bars = (readings + readingsPerBar - 1) / readingsPerBar
    }

    /// - Parameter values: those that are known, by name; empty while the server does not answer.
    mutating func add(_ values: [String: Double]) {
        let opensBar = readings % readingsPerBar == 0
        readings += 1
        for name in values.keys where rows[name] == nil { rows[name] = [] }
        for name in rows.keys {
            var row = rows[name] ?? []
            if opensBar || row.isEmpty { row.append((0, 0)) }
            if row.count > bars { row.removeFirst() }
            if let value = values[name] {
                row[row.count - 1].sum += value
                row[row.count - 1].count += 1
            }
            rows[name] = row
        }
    }

    /// As wide as a minute is, the newest at the right; gaps where nothing was known.
    func sparkline(_ name: String) -> String {
        let row = (rows[name] ?? []).map { $0.count > 0 ? $0.sum / Double($0.count) : nil }
        return String(repeating: " ", count: bars - row.count) + Drawing.sparkline(row)
    }
}
