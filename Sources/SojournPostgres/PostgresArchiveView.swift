package import SojournArchive
import SojournModel

extension PostgresArchive {
    package func read<Result>(
        _ body: (any ArchiveView) throws -> Result
    ) throws(ArchiveError) -> Result {
        try reading { connection in
            try body(
                PostgresArchiveView(connection, writer, archived: try archived(connection)))
        }
    }
}

/// What a reading transaction sees.
struct PostgresArchiveView: ArchiveView {
    private let connection: PostgresConnection
    private let writer: Int64
    let archived: FeedPlace

    init(_ connection: PostgresConnection, _ writer: Int64, archived: FeedPlace) {
        self.connection = connection
        self.writer = writer
        self.archived = archived
    }

    func forEachBlock(
        of property: PropertyID, in range: Range<Int64>, _ body: (RawSpan) throws -> Void
    ) throws {
        if range.isEmpty { return }
        try connection.forEachRow(
            """
            SELECT facts FROM hour WHERE writer = $1 AND property = $2 AND hour BETWEEN $3 AND $4
            ORDER BY hour, part
            """, .integer(writer), .integer(Int64(property.rawValue)),
            .integer(HourKey(property, range.lowerBound).hour),
            .integer(HourKey(property, range.upperBound - 1).hour)
        ) { row in
            try row.withBytes(0, 0) { (bytes) throws(any Error) in try body(bytes) }
        }
    }

    func forEachPath(
        of property: PropertyID, in range: Range<Int64>, _ conditions: [TextCondition],
        includesAutomated: Bool, _ body: (Span<UInt32>) throws -> Void
    ) throws {
        var sql = """
            SELECT path FROM session
            WHERE writer = $1 AND property = $2 AND start >= $3 AND start < $4
            """
        if !includesAutomated { sql += " AND state & 32 = 0" }
        for condition in conditions {
            let column = PostgresSchema.dimensions[Int(condition.dimension.rawValue) - 1]
            sql += " AND \(column) \(condition.isNegated ? "<>" : "=") \(condition.text)"
        }
        var numbers: [UInt32] = []
        try connection.forEachRow(
            sql, .integer(writer), .integer(Int64(property.rawValue)),
            .integer(range.lowerBound), .integer(range.upperBound)
        ) { row in
            numbers.removeAll(keepingCapacity: true)
            row.withBytes(0, 0) { PathText.parse($0, into: &numbers) }
            try body(numbers.span)
        }
    }

    func number(of text: String) throws -> UInt32? {
        let rows = try connection.query(
            "SELECT id FROM text WHERE writer = $1 AND text = $2", .integer(writer),
            .bytes(Array(text.utf8)))
        return rows.count > 0 ? rows.number(0, 0) : nil
    }

    func text(_ number: UInt32) throws -> String {
        if number == 0 { return "" }
        let rows = try connection.query(
            "SELECT text FROM text WHERE writer = $1 AND id = $2", .integer(writer),
            .integer(Int64(number)))
        return rows.count > 0 ? rows.text(0, 0) : ""
    }

    func texts(_ numbers: Set<UInt32>) throws -> [UInt32: String] {
        try PostgresArchive.texts(connection, writer, numbers)
    }

    func numbers(withPrefix prefix: String) throws -> [UInt32] {
        let bytes = Array(prefix.utf8)
        let rows = try connection.query(
            """
            SELECT id FROM text WHERE writer = $1 AND substring(text FROM 1 FOR $2::integer) = $3
            """, .integer(writer), .integer(Int64(bytes.count)), .bytes(bytes))
        return (0..<rows.count).map { rows.number($0, 0) }
    }
}
