import SojournArchive
import SojournModel

/// What one transaction takes out of the archive: sessions, their facts, the revisions into them, and the texts
/// that nobody uses any more.
struct PostgresErasure {
    private let connection: PostgresConnection
    private let writer: Int64
    /// How many uses of each text are gone.
    private var released: [UInt32: Int64] = [:]

    init(_ connection: PostgresConnection, _ writer: Int64) {
        self.connection = connection
        self.writer = writer
    }

    /// Tells the sessions of an hour apart.
    private struct FactKey: Hashable {
        var visitor: Bits128
        var start: Int64
        var ordinal: UInt32
    }

    /// Erases sessions.
    ///
    /// - Parameters:
    ///   - condition: with the writer as `$1`, the values as `$2` and `$3`.
    ///   - withFacts: their facts as well; else the caller erases whole hours.
    mutating func erase(
        _ condition: String, _ first: PostgresConnection.Value,
        _ second: PostgresConnection.Value, withFacts: Bool
    ) throws {
        let columns = PostgresSchema.dimensions.joined(separator: ", ")
        let rows = try connection.query(
            """
            WITH gone AS (DELETE FROM session WHERE \(condition) RETURNING *), revisions AS (
                DELETE FROM revision WHERE writer = $1 AND into_id IN (SELECT id FROM gone))
            SELECT property, start, visitor, ordinal, path, \(columns) FROM gone
            """, .integer(writer), first, second)
        var gone: [HourKey: Set<FactKey>] = [:]
        var numbers: [UInt32] = []
        for row in 0..<rows.count {
            numbers.removeAll(keepingCapacity: true)
            rows.withBytes(row, 4) { PathText.parse($0, into: &numbers) }
            for step in stride(from: 0, to: numbers.count, by: 2) { release(numbers[step]) }
            for column in 0..<PostgresSchema.dimensions.count {
                release(rows.number(row, Int32(5 + column)))
            }
            let start = rows.integer(row, 1)
            gone[HourKey(PropertyID(rows.number(row, 0)), start), default: []].insert(
                FactKey(visitor: rows.bits(row, 2), start: start, ordinal: rows.number(row, 3)))
        }
        guard withFacts else { return }
        var hours = PostgresHours(connection, writer)
        for (key, facts) in gone {
            try hours.filter(key) {
                !facts.contains(
                    FactKey(visitor: $0.visitor.bits, start: $0.start, ordinal: $0.ordinal))
            }
        }
        try hours.finish()
    }

    private mutating func release(_ text: UInt32) {
        if text != 0 { released[text, default: 0] += 1 }
    }

    /// Takes the uses off the texts.
    ///
    /// - Returns: the texts that may be used no longer.
    mutating func release() throws -> Set<UInt32> {
        let rows = Array(released)
        released.removeAll()
        if rows.isEmpty { return [] }
        try connection.query(
            """
            UPDATE text SET uses = uses - less.n FROM unnest($2, $3) AS less (id, n)
            WHERE writer = $1 AND text.id = less.id
            """, .integer(writer), .integers(rows.map { Int64($0.key) }),
            .integers(rows.map(\.value)))
        return Set(rows.map(\.key))
    }

    /// Takes the uses off the texts, and out those that are used no longer.
    mutating func finish() throws {
        let texts = try release()
        try connection.query(
            "DELETE FROM text WHERE writer = $1 AND uses <= 0 AND id = ANY($2)", .integer(writer),
            .integers(texts.map(Int64.init)))
    }
}
