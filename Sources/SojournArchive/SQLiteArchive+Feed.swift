import Foundation
import GRDB
package import SojournModel

extension SQLiteArchive {
    package func entries(
        after place: FeedPlace, atMost count: Int, bytes: Int
    ) throws(ArchiveError) -> (entries: [ArchivedEntry], hasMore: Bool) {
        try ArchiveError.wrapping(path) {
            try database.read { db in
                var entries = try Self.sessions(db, after: place, atMost: count + 1)
                entries += try Self.revisions(db, after: place, atMost: count + 1)
                return ArchivedEntry.page(of: entries, atMost: count, bytes: bytes)
            }
        }
    }

    private static func sessions(
        _ db: Database, after place: FeedPlace, atMost count: Int
    ) throws -> [ArchivedEntry] {
        let columns = ArchiveSchema.dimensions.joined(separator: ", ")
        let statement = try PreparedStatement(
            db,
            """
            SELECT property, start, id, visitor, ordinal, "end", events, views, actions,
                conversions, value, state, boundary_out, finished, position, place, path, \(columns)
            FROM session WHERE \(SessionStretch.isBehindPlace) ORDER BY number LIMIT ?3
            """)
        statement.bind(place.position, at: 1)
        statement.bind(place.index, at: 2)
        statement.bind(Int64(count), at: 3)
        let view = SQLiteArchiveView(db, archived: place)
        var texts: [UInt32: String] = [0: ""]
        func text(_ number: UInt32) throws -> String {
            if let known = texts[number] { return known }
            let text = try view.text(number)
            texts[number] = text
            return text
        }
        var entries: [ArchivedEntry] = []
        while try statement.step() {
            var path: [SessionSnapshot.PathStep] = []
            var numbers: [UInt32] = []
            statement.withBytes(16) { PathText.parse($0, into: &numbers) }
            for step in stride(from: 0, to: numbers.count - 1, by: 2) {
                path.append(
                    .init(milliseconds: numbers[step + 1], page: try text(numbers[step])))
            }
            let (start, end) = (statement.integer(1), statement.integer(5))
            let session = SessionSnapshot(
                id: SessionID(statement.bits(2)), ordinal: statement.number(4), firstEvent: start,
                lastEvent: end, events: statement.number(6), views: statement.number(7),
                actions: statement.number(8), conversions: statement.number(9),
                value: statement.integer(10), engagedMilliseconds: end - start,
                state: SessionState(rawValue: UInt8(truncatingIfNeeded: statement.integer(11))),
                boundaryOut: Boundary(rawValue: UInt8(truncatingIfNeeded: statement.integer(12))),
                context: try (0..<8).map { try text(statement.number(17 + $0)) },
                landingPage: try text(statement.number(25)),
                exitPage: try text(statement.number(26)), path: path,
                finishesAt: statement.integer(13))
            entries.append(
                ArchivedEntry(
                    place: Self.place(statement, 14), property: PropertyID(statement.number(0)),
                    content: .finished(session, visitor: VisitorHash(statement.bits(3)))))
        }
        return entries
    }

    private static func revisions(
        _ db: Database, after place: FeedPlace, atMost count: Int
    ) throws -> [ArchivedEntry] {
        let statement = try PreparedStatement(
            db,
            """
            SELECT property, number, from_id, into_id, partition, position, place FROM revision
            WHERE (position, place) > (?, ?) ORDER BY position, place LIMIT ?
            """)
        statement.bind(place.position, at: 1)
        statement.bind(place.index, at: 2)
        statement.bind(Int64(count), at: 3)
        var entries: [ArchivedEntry] = []
        while try statement.step() {
            let revision = Revision(
                number: UInt64(bitPattern: statement.integer(1)),
                from: SessionID(statement.bits(2)), into: SessionID(statement.bits(3)),
                cause: .bridge, partition: UInt16(truncatingIfNeeded: statement.integer(4)))
            entries.append(
                ArchivedEntry(
                    place: Self.place(statement, 5), property: PropertyID(statement.number(0)),
                    content: .revised(revision)))
        }
        return entries
    }

    private static func place(_ row: borrowing PreparedStatement, _ column: Int32) -> FeedPlace {
        FeedPlace(
            position: UInt64(bitPattern: row.integer(column)), index: row.number(column + 1))
    }
}
