import SojournArchive
import SojournModel

/// The facts by hour, while one transaction changes them.
struct PostgresHours: ~Copyable {
    /// Small enough to be written anew each time that sessions are added: PostgreSQL keeps the old row until it
    /// is vacuumed.
    private static let partBytesMax = 150 * SessionFact.byteCount

    private let connection: PostgresConnection
    private let writer: Int64
    private var rows = CopyRows(columns: 6)

    init(_ connection: PostgresConnection, _ writer: Int64) {
        self.connection = connection
        self.writer = writer
    }

    /// Appends facts to the last part of an hour, and begins new ones where they are full.
    mutating func append(_ facts: [UInt8], to key: HourKey) throws {
        let last = try connection.query(
            """
            DELETE FROM hour WHERE (writer, property, hour, part) IN (
                SELECT writer, property, hour, part FROM hour
                WHERE writer = $1 AND property = $2 AND hour = $3 ORDER BY part DESC LIMIT 1)
            RETURNING part, facts
            """, .integer(writer), .integer(Int64(key.property.rawValue)), .integer(key.hour))
        var part: Int64 = 0
        var bytes: [UInt8] = []
        if last.count > 0 {
            part = last.integer(0, 0)
            last.withBytes(0, 1) { bytes = $0.byteArray }
        }
        bytes += facts
        add(bytes, to: key, from: part)
    }

    /// Keeps the facts of an hour that are to stay.
    mutating func filter(_ key: HourKey, _ shouldStay: (SessionFact) -> Bool) throws {
        let parts = try connection.query(
            """
            WITH gone AS (
                DELETE FROM hour WHERE writer = $1 AND property = $2 AND hour = $3
                RETURNING part, facts)
            SELECT facts FROM gone ORDER BY part
            """, .integer(writer), .integer(Int64(key.property.rawValue)), .integer(key.hour))
        var kept: [UInt8] = []
        for row in 0..<parts.count {
            parts.withBytes(row, 0) { block in
                for offset in stride(from: 0, to: block.byteCount, by: SessionFact.byteCount) {
                    let fact = SessionFact.read(block, at: offset)
                    if shouldStay(fact) { fact.append(to: &kept) }
                }
            }
        }
        add(kept, to: key, from: 0)
    }

    private mutating func add(_ facts: [UInt8], to key: HourKey, from first: Int64) {
        var part = first
        var at = 0
        while at < facts.count {
            let end = min(facts.count, at + Self.partBytesMax)
            rows.begin()
            rows.append(writer)
            rows.append(key.property.rawValue)
            rows.append(key.hour)
            rows.append(part)
            rows.append(Int64((end - at) / SessionFact.byteCount))
            rows.append(facts.span.extracting(at..<end))
            part += 1
            at = end
        }
    }

    /// Writes what was gathered.
    mutating func finish() throws {
        try connection.copy(rows, into: "hour")
        rows.removeAll()
    }
}
