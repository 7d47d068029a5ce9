import Foundation
import GRDB
package import SojournModel

extension SQLiteArchive {
    package func write(_ groups: [PackedGroup]) throws(ArchiveError) {
        try ArchiveError.wrapping(path) {
            try database.write { db in
                var transaction = try ArchiveTransaction.begin(db, imagePages)
                for group in groups { try transaction.take(group.list) }
                try transaction.finish()
            }
        }
    }

    package func rewind(to place: FeedPlace) throws(ArchiveError) {
        try ArchiveError.wrapping(path) {
            try database.write { db in
                let arguments: StatementArguments = [
                    Int64(bitPattern: place.position), Int64(place.index),
                ]
                var erasure = ArchiveErasure(db)
                try erasure.erase(
                    sessionsWhere: SessionStretch.isBehindPlace, arguments, withFacts: true)
                try SessionStretch.erase(behind: place, db)
                try db.execute(
                    sql: "DELETE FROM revision WHERE (position, place) > (?, ?)",
                    arguments: arguments)
                try erasure.finish()
                try Self.setArchived(place, db)
            }
        }
    }

    package func expire(
        _ property: PropertyID, before start: Int64, atMost count: Int
    ) throws(ArchiveError) -> Int {
        try ArchiveError.wrapping(path) {
            try database.write { db in
                // Whole hours, so that no part of a block is left.
                let hour = HourKey(property, start).hour
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
                let end = (last + 1) * HourKey.milliseconds
                let ranged: StatementArguments = [Int64(property.rawValue), end]
                var erasure = ArchiveErasure(db)
                try erasure.erase(
                    sessionsWhere: SessionStretch.beganBefore, ranged, withFacts: false)
                try SessionStretch.eraseEmpty(before: end, db)
                try erasure.finish()
                try db.execute(
                    sql: "DELETE FROM hour WHERE property = ? AND hour <= ?",
                    arguments: [Int64(property.rawValue), last])
                return sessions
            }
        }
    }
}
