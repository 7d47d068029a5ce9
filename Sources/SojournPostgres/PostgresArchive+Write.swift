package import SojournArchive
package import SojournModel

extension PostgresArchive {
    package func write(_ groups: [PackedGroup]) throws(ArchiveError) {
        try writing { connection, archived in
            var transaction = try PostgresTransaction.begin(
                connection, writer, archived: archived)
            for group in groups { try transaction.take(group.list) }
            try transaction.finish(self)
        }
    }

    package func rewind(to place: FeedPlace) throws(ArchiveError) {
        try writing { connection, _ in try rewind(to: place, writer, connection) }
    }

    /// In a transaction that has locked the writer's row.
    func rewind(
        to place: FeedPlace, _ writer: Int64, _ connection: PostgresConnection
    ) throws {
        let position = Int64(bitPattern: place.position)
        var erasure = PostgresErasure(connection, writer)
        try erasure.erase(
            "writer = $1 AND (position, place) > ($2, $3)", .integer(position),
            .integer(Int64(place.index)), withFacts: true)
        try connection.query(
            "DELETE FROM revision WHERE writer = $1 AND (position, place) > ($2, $3)",
            .integer(writer), .integer(position), .integer(Int64(place.index)))
        try erasure.finish()
        try setArchived(place, writer, connection)
    }

    package func expire(
        _ property: PropertyID, before start: Int64, atMost count: Int
    ) throws(ArchiveError) -> Int {
        try writing { connection, _ in
            // Whole hours, so that no part of a block is left.
            let bound = HourKey(property, start).hour
            let hours = try connection.query(
                """
                SELECT hour, sum(sessions)::bigint FROM hour
                WHERE writer = $1 AND property = $2 AND hour < $3 GROUP BY hour ORDER BY hour
                """, .integer(writer), .integer(Int64(property.rawValue)), .integer(bound))
            var (row, sessions) = (0, 0)
            while row < hours.count, sessions < count {
                sessions += Int(hours.integer(row, 1))
                row += 1
            }
            if row == 0 { return 0 }
            let last = hours.integer(row - 1, 0)
            var erasure = PostgresErasure(connection, writer)
            try erasure.erase(
                "writer = $1 AND property = $2 AND start < $3",
                .integer(Int64(property.rawValue)), .integer((last + 1) * HourKey.milliseconds),
                withFacts: false)
            try erasure.finish()
            try connection.query(
                "DELETE FROM hour WHERE writer = $1 AND property = $2 AND hour <= $3",
                .integer(writer), .integer(Int64(property.rawValue)), .integer(last))
            return sessions
        }
    }
}
