import Foundation
import GRDB
package import SojournModel

extension SQLiteArchive {
    package func write(_ groups: [PackedGroup]) throws(ArchiveError) {
        try ArchiveError.wrapping(path) {
            try database.write { db in
                var transaction = try ArchiveTransaction.begin(db)
                for group in groups {
                    try group.list.visit { entry throws(any Error) in try transaction.take(entry)
                    }
                }
                try transaction.finish()
            }
        }
    }

    package func rewind(to place: FeedPlace) throws(ArchiveError) {
        try ArchiveError.wrapping(path) {
            try database.write { db in
                let position = Int64(bitPattern: place.position)
                let arguments: StatementArguments = [position, Int64(place.index)]
                let rows = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT property, start, visitor, ordinal FROM session
                        WHERE (position, place) > (?, ?)
                        """, arguments: arguments)
                var gone: [ArchiveTransaction.HourKey: Set<FactKey>] = [:]
                for row in rows {
                    let property = PropertyID(UInt32(truncatingIfNeeded: row[0] as Int64))
                    let visitor: Data = row[2]
                    gone[ArchiveTransaction.HourKey(property, row[1]), default: []].insert(
                        FactKey(visitor: visitor, start: row[1], ordinal: row[3]))
                }
                for (key, facts) in gone {
                    try ArchiveTransaction.filter(key, db) { fact in
                        !facts.contains(
                            FactKey(
                                visitor: Data(fact.visitor), start: fact.start,
                                ordinal: Int64(fact.ordinal)))
                    }
                }
                try db.execute(
                    sql: "DELETE FROM session WHERE (position, place) > (?, ?)",
                    arguments: arguments)
                try db.execute(
                    sql: "DELETE FROM revision WHERE (position, place) > (?, ?)",
                    arguments: arguments)
                try Self.setArchived(place, db)
            }
        }
    }

    /// Tells the sessions of an hour apart.
    private struct FactKey: Hashable {
        var visitor: Data
        var start: Int64
        var ordinal: Int64
    }

    package func expire(
        _ property: PropertyID, before start: Int64, atMost count: Int
    ) throws(ArchiveError) -> Int {
        try ArchiveError.wrapping(path) {
            try database.write { db in
                // Whole hours, so that no part of a block is left.
                let hour = ArchiveTransaction.HourKey(property, start).hour
                let arguments: StatementArguments = [Int64(property.rawValue), hour]
                guard
                    let oldest = try Int64.fetchOne(
                        db,
                        sql: "SELECT min(hour) FROM hour WHERE property = ? AND hour < ?",
                        arguments: arguments)
                else { return 0 }
                var last = oldest
                var sessions = 0
                let hours = try Row.fetchCursor(
                    db,
                    sql: """
                        SELECT hour, sum(sessions) FROM hour WHERE property = ? AND hour < ?
                        GROUP BY hour ORDER BY hour
                        """, arguments: arguments)
                while sessions < count, let row = try hours.next() {
                    last = row[0]
                    sessions += row[1] as Int
                }
                let end = (last + 1) * Self.hourMilliseconds
                let ranged: StatementArguments = [Int64(property.rawValue), end]
                try db.execute(
                    sql: """
                        DELETE FROM revision WHERE into_id IN
                            (SELECT id FROM session WHERE property = ? AND start < ?)
                        """, arguments: ranged)
                try db.execute(
                    sql: "DELETE FROM session WHERE property = ? AND start < ?", arguments: ranged)
                try db.execute(
                    sql: "DELETE FROM hour WHERE property = ? AND hour <= ?",
                    arguments: [Int64(property.rawValue), last])
                return sessions
            }
        }
    }
}
