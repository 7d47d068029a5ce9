import Foundation
import GRDB
import SojournModel

/// What one transaction takes out of the archive: sessions, their facts, the revisions into them, and the texts
/// that nobody uses any more.
struct ArchiveErasure {
    private let db: Database
    /// How many uses of each text are gone.
    private var released: [UInt32: Int64] = [:]

    init(_ db: Database) { self.db = db }

    /// Tells the sessions of an hour apart.
    private struct FactKey: Hashable {
        var visitor: Data
        var start: Int64
        var ordinal: Int64
    }

    /// Erases sessions.
    ///
    /// - Parameter withFacts: their facts as well; else the caller erases whole hours.
    mutating func erase(
        sessionsWhere condition: String, _ arguments: StatementArguments, withFacts: Bool
    ) throws {
        let columns = ArchiveSchema.dimensions.joined(separator: ", ")
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT property, start, visitor, ordinal, path, \(columns) FROM session
                WHERE \(condition)
                """, arguments: arguments)
        var gone: [HourKey: Set<FactKey>] = [:]
        while let row = try rows.next() {
            release(row)
            guard withFacts else { continue }
            let property = PropertyID(UInt32(truncatingIfNeeded: row[0] as Int64))
            gone[HourKey(property, row[1]), default: []].insert(
                FactKey(visitor: row[2], start: row[1], ordinal: row[3]))
        }
        for (key, facts) in gone {
            try filter(key) { fact in
                !facts.contains(
                    FactKey(
                        visitor: Data(fact.visitor), start: fact.start,
                        ordinal: Int64(fact.ordinal)))
            }
        }
        try db.execute(
            sql: """
                DELETE FROM revision WHERE into_id IN (SELECT id FROM session WHERE \(condition))
                """, arguments: arguments)
        try db.execute(sql: "DELETE FROM session WHERE \(condition)", arguments: arguments)
    }

    /// Erases all sessions of visitors.
    ///
    /// There is no index by visitor, which would cost every session a page: the facts are read, a million in a
    /// tenth of a second, for all visitors at once, and have the numbers of the sessions, or rather their last 32
    /// bits.
    mutating func erase(_ visitors: Set<VisitorHash>, of property: PropertyID) throws {
        let statement = try PreparedStatement(
            db, "SELECT hour, facts FROM hour WHERE property = ? ORDER BY hour, part")
        statement.bind(Int64(property.rawValue), at: 1)
        var found: [SessionFact] = []
        var hours: Set<HourKey> = []
        while try statement.step() {
            let hour = statement.integer(0)
            statement.withBytes(1) { block in
                for offset in stride(from: 0, to: block.byteCount, by: SessionFact.byteCount) {
                    let fact = SessionFact.read(block, at: offset)
                    guard visitors.contains(fact.visitor) else { continue }
                    found.append(fact)
                    hours.insert(HourKey(property: property, hour: hour))
                }
            }
        }
        let last = try Int64.fetchOne(db, sql: "SELECT max(number) FROM session") ?? 0
        for fact in found {
            for number in stride(from: Int64(fact.number), through: last, by: 1 << 32) {
                try erase(
                    sessionsWhere: "number = ? AND property = ? AND start = ? AND visitor = ?",
                    [number, Int64(property.rawValue), fact.start, Data(fact.visitor)],
                    withFacts: false)
            }
        }
        for key in hours { try filter(key) { !visitors.contains($0.visitor) } }
    }

    /// Counts uses that are not in the table yet.
    mutating func keep(_ uses: [UInt32: Int64]) {
        for (text, count) in uses { released[text, default: 0] -= count }
    }

    private mutating func release(_ row: Row) {
        var pages: [UInt32] = []
        let bytes = Array((row[4] as String).utf8)
        // Bytes have no invalid patterns.
        PathText.parse(unsafe bytes.span.bytes, into: &pages)
        for step in stride(from: 0, to: pages.count, by: 2) { release(pages[step]) }
        for column in 0..<ArchiveSchema.dimensions.count {
            release(UInt32(truncatingIfNeeded: row[5 + column] as Int64))
        }
    }

    private mutating func release(_ text: UInt32) {
        if text != 0 { released[text, default: 0] += 1 }
    }

    /// Takes out the texts that are used no longer.
    mutating func finish() throws {
        let count = try PreparedStatement(db, "UPDATE text SET uses = uses - ? WHERE id = ?")
        let erase = try PreparedStatement(db, "DELETE FROM text WHERE id = ? AND uses <= 0")
        for (text, less) in released {
            count.bind(less, at: 1)
            count.bind(text, at: 2)
            try count.run()
            erase.bind(text, at: 1)
            try erase.run()
        }
        released.removeAll()
    }

    /// Writes the facts of an hour anew that are to stay.
    private func filter(_ key: HourKey, _ shouldStay: (SessionFact) -> Bool) throws {
        let arguments: StatementArguments = [Int64(key.property.rawValue), key.hour]
        let parts = try Data.fetchAll(
            db, sql: "SELECT facts FROM hour WHERE property = ? AND hour = ? ORDER BY part",
            arguments: arguments)
        var kept: [UInt8] = []
        for part in parts {
            let bytes = Array(part)
            for offset in stride(from: 0, to: bytes.count, by: SessionFact.byteCount) {
                // Bytes have no invalid patterns.
                let fact = SessionFact.read(unsafe bytes.span.bytes, at: offset)
                if shouldStay(fact) { fact.append(to: &kept) }
            }
        }
        try db.execute(
            sql: "DELETE FROM hour WHERE property = ? AND hour = ?", arguments: arguments)
        try ArchiveTransaction.append(kept, to: key, db)
    }
}
