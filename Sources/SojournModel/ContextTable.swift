/// The attributes that came with an event (sojourn-1, "Contexts"). The raw value is the cell of
/// a row of the `contexts` column.
public enum ContextAttribute: Int, Sendable, CaseIterable {
    case device = 0
    case channel = 1
    case country = 2
    case region = 3
    case referrer = 4
    case campaignSource = 5
    case campaignMedium = 6
    case campaignName = 7

    /// The word used in files and output.
    public var name: String { "\(self)" }
}

/// The distinct contexts of a batch: rows of cells, each the index of a text plus one.
public struct ContextTable: ~Escapable {
    /// Attributes in a row; behind them stands a cell of flags.
    public static var attributeCount: Int { 8 }
    /// Cells in a row as this version writes them. Readers skip what is beyond.
    public static var cellsPerRow: Int { 9 }
    /// The bit of the flags cell that says that the sender knows the visitor to be a bot.
    public static var knownBotFlag: Int { 1 }

    public let count: Int
    @usableFromInline let cells: IndexColumn
    @usableFromInline let stride: Int

    /// - Parameter stride: cells per row, at least `cellsPerRow`.
    @_lifetime(copy cells)
    @inlinable public init(count: Int, stride: Int, cells: IndexColumn) {
        self.count = count
        self.stride = stride
        self.cells = cells
    }

    /// Index of the attribute's text plus one; zero for none.
    @inlinable public func text(row: Int, attribute: Int) -> Int {
        cells[row &* stride &+ attribute]
    }

    /// True when the sender knows that the visitor is a bot.
    @inlinable public func isKnownBot(row: Int) -> Bool {
        cells[row &* stride &+ Self.attributeCount] & Self.knownBotFlag != 0
    }
}
