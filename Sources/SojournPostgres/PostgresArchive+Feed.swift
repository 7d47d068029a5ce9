package import SojournArchive
package import SojournModel

extension PostgresArchive {
    package func entries(
        after place: FeedPlace, atMost count: Int, bytes: Int
    ) throws(ArchiveError) -> (entries: [ArchivedEntry], hasMore: Bool) {
        try reading { connection in
            var entries = try sessions(connection, after: place, atMost: count + 1)
            entries += try revisions(connection, after: place, atMost: count + 1)
            return ArchivedEntry.page(of: entries, atMost: count, bytes: bytes)
        }
    }

    private func sessions(
        _ connection: PostgresConnection, after place: FeedPlace, atMost count: Int
    ) throws -> [ArchivedEntry] {
        let columns = PostgresSchema.dimensions.joined(separator: ", ")
        let rows = try connection.query(
            """
            SELECT property, start, id, visitor, ordinal, "end", events, views, actions,
                conversions, value, state, boundary_out, finished, position, place, path, \(columns)
            FROM session WHERE writer = $1 AND (position, place) > ($2, $3)
            ORDER BY position, place LIMIT $4
            """, .integer(writer), .integer(Int64(bitPattern: place.position)),
            .integer(Int64(place.index)), .integer(Int64(count)))
        var paths: [[UInt32]] = []
        var used: Set<UInt32> = []
        for row in 0..<rows.count {
            var path: [UInt32] = []
            rows.withBytes(row, 16) { PathText.parse($0, into: &path) }
            for step in stride(from: 0, to: path.count, by: 2) { used.insert(path[step]) }
            for column in 0..<PostgresSchema.dimensions.count {
                used.insert(rows.number(row, Int32(17 + column)))
            }
            paths.append(path)
        }
        let texts = try Self.texts(connection, writer, used)
        func text(_ number: UInt32) -> String { texts[number] ?? "" }
        return (0..<rows.count).map { row in
            let path = paths[row]
            let (start, end) = (rows.integer(row, 1), rows.integer(row, 5))
            let session = SessionSnapshot(
                id: SessionID(rows.bits(row, 2)), ordinal: rows.number(row, 4), firstEvent: start,
                lastEvent: end, events: rows.number(row, 6), views: rows.number(row, 7),
                actions: rows.number(row, 8), conversions: rows.number(row, 9),
                value: rows.integer(row, 10), engagedMilliseconds: end - start,
                state: SessionState(rawValue: UInt8(truncatingIfNeeded: rows.integer(row, 11))),
                boundaryOut: Boundary(rawValue: UInt8(truncatingIfNeeded: rows.integer(row, 12))),
                context: (0..<8).map { text(rows.number(row, 17 + $0)) },
                landingPage: text(rows.number(row, 25)), exitPage: text(rows.number(row, 26)),
                path: stride(from: 0, to: path.count - 1, by: 2).map {
                    .init(milliseconds: path[$0 + 1], page: text(path[$0]))
                }, finishesAt: rows.integer(row, 13))
            return ArchivedEntry(
                place: Self.place(rows, row, 14), property: PropertyID(rows.number(row, 0)),
                content: .finished(session, visitor: VisitorHash(rows.bits(row, 3))))
        }
    }

    static func texts(
        _ connection: PostgresConnection, _ writer: Int64, _ numbers: Set<UInt32>
    ) throws -> [UInt32: String] {
        let rows = try connection.query(
            "SELECT id, text FROM text WHERE writer = $1 AND id = ANY($2)", .integer(writer),
            .integers(numbers.map(Int64.init)))
        var texts: [UInt32: String] = [:]
        for row in 0..<rows.count { texts[rows.number(row, 0)] = rows.text(row, 1) }
        return texts
    }

    private func revisions(
        _ connection: PostgresConnection, after place: FeedPlace, atMost count: Int
    ) throws -> [ArchivedEntry] {
        let rows = try connection.query(
            """
            SELECT property, number, from_id, into_id, partition, position, place FROM revision
            WHERE writer = $1 AND (position, place) > ($2, $3) ORDER BY position, place LIMIT $4
            """, .integer(writer), .integer(Int64(bitPattern: place.position)),
            .integer(Int64(place.index)), .integer(Int64(count)))
        return (0..<rows.count).map { row in
            let revision = Revision(
                number: UInt64(bitPattern: rows.integer(row, 1)),
                from: SessionID(rows.bits(row, 2)), into: SessionID(rows.bits(row, 3)),
                cause: .bridge, partition: UInt16(truncatingIfNeeded: rows.integer(row, 4)))
            return ArchivedEntry(
                place: Self.place(rows, row, 5), property: PropertyID(rows.number(row, 0)),
                content: .revised(revision))
        }
    }
}
