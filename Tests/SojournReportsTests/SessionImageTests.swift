import GRDB
import SojournModel
import SojournReports
import Testing

@testable import SojournArchive

/// What is written in SQLite's own form is read by SQLite itself.
@Suite struct SessionImageTests {
    private func archive() throws -> SQLiteArchive {
        try SQLiteArchive(path: nil, deployment: DeploymentID(Bits128(high: 1, low: 2)))
    }

    private func sessions(_ archive: any Archive) throws -> [SessionSnapshot] {
        try archive.entries(after: .start, atMost: 100_000, bytes: 1 << 30).entries.compactMap {
            if case .finished(let session, _) = $0.content { session } else { nil }
        }
    }

    /// Around each power of two, where the number of bytes changes.
    private static let edges: [Int64] = {
        var edges: [Int64] = [.min, .min + 1, .max - 1, .max]
        for bit in 0..<62 {
            let power = Int64(1) << bit
            edges += [power - 1, power, power + 1, -power - 1, -power, -power + 1]
        }
        return edges
    }()

    @Test(arguments: ArchiveKind.allCases) func `numbers of every size come back`(
        kind: ArchiveKind
    ) throws {
        var list = PackedSessions()
        for (row, value) in Self.edges.enumerated() {
            let bits = UInt64(bitPattern: value)
            let short = UInt32(truncatingIfNeeded: value)
            list.place = FeedPlace(position: UInt64(row + 1), index: 1)
            var head = PackedHead(
                .finished, property: PropertyID(short),
                visitor: VisitorHash(Bits128(high: bits, low: ~bits)),
                id: SessionID(Bits128(high: ~bits, low: bits)))
            // Hours are counted in whole numbers, of which the ends of the range have none.
            head.firstEvent = max(.min + 3_600_000, value)
            head.lastEvent = head.firstEvent
            head.finishesAt = value
            head.value = value
            (head.ordinal, head.events, head.views) = (short, short, short)
            (head.actions, head.conversions) = (short, short)
            list.append(&head)
        }
        let group = PackedGroup(list)
        let archive = try kind.make()
        try archive.write([group])
        var expected: [SessionSnapshot] = []
        group.list.visit { expected.append($0.snapshot) }
        #expect(try sessions(archive) == expected)
    }

    /// One record, one leaf, several leaves, and several images of many leaves in one transaction.
    @Test(arguments: [1, 30, 500, 20_000]) func `any number of sessions is a sound table`(
        count: Int
    ) throws {
        var made = randomSessions(count, seed: 23)
        for row in stride(from: 0, to: count, by: 3) {
            made[row].path = (0..<64).map { ("/page/\($0 % 7)", .max - UInt32($0)) }
        }
        let archive = try archive()
        // What is appended to a page that is there already, too.
        try archive.write([group(Array(made[..<(count / 2)]))])
        try archive.write([group(Array(made[(count / 2)...]), from: UInt64(count / 2) + 1)])
        var expected: [SessionSnapshot] = []
        group(made).list.visit { expected.append($0.snapshot) }
        #expect(try sessions(archive) == expected)
        let (verdict, rows, last) = try archive.database.read { db in
            (
                try String.fetchOne(db, sql: "PRAGMA integrity_check"),
                try Int.fetchOne(db, sql: "SELECT count(*) FROM session"),
                try Int.fetchOne(db, sql: "SELECT max(number) FROM session")
            )
        }
        #expect(verdict == "ok" && rows == count && last == count)
    }

    /// Else it would take apart and put together every record.
    @Test func `SQLite copies whole records`() throws {
        let archive = try archive()
        try archive.write([group(randomSessions(10, seed: 29))])
        let steps = try archive.database.read { db in
            try String.fetchAll(
                db, sql: "EXPLAIN \(SessionImage.moving)", adapter: SuffixRowAdapter(fromIndex: 1))
        }
        #expect(steps.contains("Insert") && !steps.contains("MakeRecord"))
    }
}
