import Foundation
import GRDB
import SojournModel

extension SQLiteArchive {
    package func read<Result>(
        _ body: (any ArchiveView) throws -> Result
    ) throws(ArchiveError) -> Result {
        try ArchiveError.wrapping(path) {
            try database.read { db in
                try body(SQLiteArchiveView(db, archived: try Self.archived(db)))
            }
        }
    }
}

/// What a reading transaction sees.
struct SQLiteArchiveView: ArchiveView {
    private let db: Database
    let archived: FeedPlace

    init(_ db: Database, archived: FeedPlace) {
        self.db = db
        self.archived = archived
    }

    func forEachBlock(
        of property: PropertyID, in range: Range<Int64>, _ body: (RawSpan) throws -> Void
    ) throws {
        if range.isEmpty { return }
        let statement = try PreparedStatement(
            db,
            """
            SELECT facts FROM hour WHERE property = ? AND hour BETWEEN ? AND ?
            ORDER BY hour, part
            """)
        statement.bind(Int64(property.rawValue), at: 1)
        statement.bind(HourKey(property, range.lowerBound).hour, at: 2)
        statement.bind(HourKey(property, range.upperBound - 1).hour, at: 3)
        while try statement.step() {
            try statement.withBytes(0) { (bytes) throws(any Error) in try body(bytes) }
        }
    }

    func forEachPath(
        of property: PropertyID, in range: Range<Int64>, _ conditions: [TextCondition],
        includesAutomated: Bool, _ body: (Span<UInt32>) throws -> Void
    ) throws {
        // With the sign, SQLite does not think of making an index by property for this one question.
        var sql = """
            SELECT path FROM stretch
            CROSS JOIN session ON session.number BETWEEN stretch.first AND stretch.last
            WHERE stretch.latest >= ?2 AND stretch.earliest < ?3
                AND +property = ?1 AND start >= ?2 AND start < ?3
            """
        if !includesAutomated { sql += " AND state & 32 = 0" }
        for condition in conditions {
            let column = ArchiveSchema.dimensions[Int(condition.dimension.rawValue) - 1]
            sql += " AND \(column) \(condition.isNegated ? "<>" : "=") \(condition.text)"
        }
        let statement = try PreparedStatement(db, sql)
        statement.bind(Int64(property.rawValue), at: 1)
        statement.bind(range.lowerBound, at: 2)
        statement.bind(range.upperBound, at: 3)
        var numbers: [UInt32] = []
        while try statement.step() {
            numbers.removeAll(keepingCapacity: true)
            statement.withBytes(0) { PathText.parse($0, into: &numbers) }
            try body(numbers.span)
        }
    }

    func number(of text: String) throws -> UInt32? {
        try UInt32.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM text WHERE text = ?"), arguments: [text])
    }

    func text(_ number: UInt32) throws -> String {
        if number == 0 { return "" }
        return try String.fetchOne(
            db.cachedStatement(sql: "SELECT text FROM text WHERE id = ?"),
            arguments: [Int64(number)]) ?? ""
    }

    func texts(_ numbers: Set<UInt32>) throws -> [UInt32: String] {
        var texts: [UInt32: String] = [:]
        for number in numbers { texts[number] = try text(number) }
        return texts
    }

    func numbers(withPrefix prefix: String) throws -> [UInt32] {
        // By bytes, as pages are compared everywhere else.
        try UInt32.fetchAll(
            db, sql: "SELECT id FROM text WHERE substr(CAST(text AS BLOB), 1, ?) = ?",
            arguments: [prefix.utf8.count, Data(prefix.utf8)])
    }
}
