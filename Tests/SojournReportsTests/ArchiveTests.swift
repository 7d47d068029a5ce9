import Foundation
import SojournArchive
import SojournModel
import SojournReports
import Testing

@Suite struct ArchiveTests {
    private func sessions(_ archive: any Archive) throws -> [SessionSnapshot] {
        try archive.entries(after: .start, atMost: 10_000, bytes: 1 << 30).entries.compactMap {
            if case .finished(let session, _) = $0.content { session } else { nil }
        }
    }

    /// What reports see is what the table of sessions has.
    private func isConsistent(_ archive: any Archive) throws -> Bool {
        var question = ReportQuestion(.breakdown(.landingPage))
        question.includesAutomated = true
        let found = try answer(question, archive).rows
        let kept = try sessions(archive)
        let byPage = Dictionary(grouping: kept, by: \.landingPage).mapValues(\.count)
        return found[0].figures.sessions == kept.count
            && found[0].figures.durationMilliseconds
                == kept.reduce(0) { $0 + $1.engagedMilliseconds }
            && found.dropFirst().allSatisfy { byPage[$0.text] == $0.figures.sessions }
    }

    @Test(arguments: ArchiveKind.allCases) func `what is handed over twice is kept once`(
        kind: ArchiveKind
    ) throws {
        let made = randomSessions(700, seed: 3)
        let archive = try kind.make()
        try archive.write([group(Array(made[..<300]))])
        try archive.write([
            group(Array(made[100..<200]), from: 101), group(Array(made[200...]), from: 201),
        ])
        try archive.write([group(made)])
        #expect(try archive.archived() == FeedPlace(position: 700, index: 1))
        #expect(try sessions(archive).count == 700)
        #expect(try isConsistent(archive))
    }

    @Test(arguments: ArchiveKind.allCases) func `sessions come back as they were`(kind: ArchiveKind)
        throws
    {
        let made = randomSessions(50, seed: 5)
        let archive = try kind.make()
        try archive.write([group(made)])
        var expected: [SessionSnapshot] = []
        group(made).list.visit { expected.append($0.snapshot) }
        #expect(try sessions(archive) == expected)
    }

    @Test(arguments: ArchiveKind.allCases) func `entries are handed out in order, page by page`(
        kind: ArchiveKind
    ) throws {
        var list = PackedSessions()
        for (row, session) in randomSessions(40, seed: 9).enumerated() {
            list.place = FeedPlace(position: UInt64(row / 4) + 1, index: UInt32(row % 4) + 1)
            if row % 5 == 0 {
                var head = PackedHead(
                    .revised, property: property, visitor: session.hash,
                    id: SessionID(Bits128(high: 1, low: UInt64(row))))
                head.value = Int64(row)
                list.append(&head)
            } else {
                session.append(to: &list)
            }
        }
        let archive = try kind.make()
        try archive.write([PackedGroup(list)])
        var places: [FeedPlace] = []
        var cursor = FeedPlace.start
        var hasMore = true
        while hasMore {
            let page = try archive.entries(after: cursor, atMost: 7, bytes: 900)
            #expect((1...7).contains(page.entries.count))
            places += page.entries.map(\.place)
            cursor = places[places.count - 1]
            hasMore = page.hasMore
        }
        #expect(places.count == 40)
        #expect(places == places.sorted())
    }

    @Test(arguments: ArchiveKind.allCases) func `an archive that is ahead goes back`(
        kind: ArchiveKind
    ) throws {
        let made = randomSessions(400, seed: 11)
        let archive = try kind.make()
        try archive.write([group(made)])
        let place = FeedPlace(position: 150, index: .max)
        try archive.rewind(to: place)
        #expect(try archive.archived() == place)
        #expect(try sessions(archive).count == 150)
        #expect(try isConsistent(archive))
        // And takes again what it lost.
        try archive.write([group(Array(made[150...]), from: 151)])
        #expect(try sessions(archive).count == 400)
        #expect(try isConsistent(archive))
    }

    @Test(arguments: ArchiveKind.allCases) func `a forgotten visitor leaves nothing`(
        kind: ArchiveKind
    ) throws {
        let made = randomSessions(300, seed: 13)
        let gone = made[0]
        let archive = try kind.make()
        // In one transaction with sessions before and behind it.
        var list = PackedSessions()
        for (row, session) in made[..<200].enumerated() {
            list.place = FeedPlace(position: UInt64(row) + 1, index: 1)
            session.append(to: &list)
        }
        list.place = FeedPlace(position: 201, index: 1)
        var head = PackedHead(
            .forgotten, property: property, visitor: gone.hash,
            id: SessionID(Bits128(high: 0, low: 0)))
        list.append(&head)
        let forgetting = PackedGroup(list)
        let question = ReportQuestion(.summary)
        // Reports leave the visitor out even before the archive does.
        let before = try answer(question, nil, pending: [forgetting]).total
        try archive.write([forgetting])
        #expect(try answer(question, archive).total == before)
        let left = made[..<200].filter { $0.visitor != gone.visitor }
        #expect(try sessions(archive).count == left.count)
        #expect(try isConsistent(archive))
        try archive.write([group(Array(made[200...]), from: 202)])
        let back = made[200...].filter { $0.visitor == gone.visitor }
        let entries = try archive.entries(after: .start, atMost: 1_000, bytes: 1 << 30).entries
        let found = entries.filter {
            if case .finished(_, let visitor) = $0.content { visitor == gone.hash } else { false }
        }
        #expect(found.count == back.count)
    }

    @Test(arguments: ArchiveKind.allCases)
    func `texts go with the last session that uses them`(kind: ArchiveKind) throws {
        func session(_ visitor: Int, _ start: Int64, _ pages: String...) -> MadeSession {
            var session = MadeSession(visitor: visitor, start: start)
            session.path = pages.enumerated().map { (page: $1, after: UInt32($0)) }
            session.context[0] = "device of \(visitor)"
            return session
        }
        func known(_ archive: any Archive) throws -> [String] {
            let all = ["/only", "/both", "/later", "device of 1", "device of 2", "device of 3"]
            return try archive.read { view in
                try all.filter { try view.number(of: $0) != nil }
            }
        }
        func forget(_ visitor: Int, at position: UInt64) -> PackedGroup {
            var list = PackedSessions()
            list.place = FeedPlace(position: position, index: 1)
            var head = PackedHead(
                .forgotten, property: property, visitor: MadeSession(visitor: visitor).hash,
                id: SessionID(Bits128(high: 0, low: 0)))
            list.append(&head)
            return PackedGroup(list)
        }
        let archive = try kind.make()
        try archive.write([
            group([session(1, noon, "/only", "/both", "/later"), session(2, noon, "/both")])
        ])
        #expect(
            try known(archive) == ["/only", "/both", "/later", "device of 1", "device of 2"])
        // In one transaction with a session that uses one of the texts that would have gone, and
        // with one of the same visitor, who comes again.
        try archive.write([
            forget(1, at: 10), group([session(3, noon, "/later")], from: 11),
            group([session(1, noon + hour, "/both")], from: 12),
        ])
        #expect(
            try known(archive) == ["/both", "/later", "device of 1", "device of 2", "device of 3"])
        try archive.write([forget(1, at: 13)])
        #expect(try known(archive) == ["/both", "/later", "device of 2", "device of 3"])
        try archive.rewind(to: FeedPlace(position: 10, index: 1))
        #expect(try known(archive) == ["/both", "device of 2"])
        #expect(try isConsistent(archive))
        _ = try archive.expire(property, before: noon + 2 * hour, atMost: 100)
        #expect(try known(archive).isEmpty)
    }

    @Test(arguments: ArchiveKind.allCases) func `old sessions go hour by hour`(kind: ArchiveKind)
        throws
    {
        let made = randomSessions(500, seed: 17)
        let archive = try kind.make()
        try archive.write([group(made)])
        let newest = try #require(try archive.newestStarts().first)
        #expect(newest.property == property)
        #expect(newest.start == made.map(\.start).max())
        // The hour that the bound is in stays.
        let bound = noon - day + 10 * minute
        var erased = 0
        while true {
            let count = try archive.expire(property, before: bound, atMost: 20)
            if count == 0 { break }
            erased += count
            #expect(try isConsistent(archive))
        }
        let left = made.filter { $0.start >= noon - day }
        #expect(erased == made.count - left.count)
        #expect(try sessions(archive).count == left.count)
    }

    /// So many that they stand in several stretches, and some began long before the others of their place.
    @Test(arguments: ArchiveKind.allCases) func `thousands are found by start and by place`(
        kind: ArchiveKind
    ) throws {
        var made = randomSessions(5_000, seed: 19)
        made.sort { $0.start < $1.start }
        for row in stride(from: 7, to: made.count, by: 97) {
            made.swapAt(row, (row * 31) % made.count)
        }
        let archive = try kind.make()
        for first in stride(from: 0, to: made.count, by: 700) {
            let part = Array(made[first..<min(made.count, first + 700)])
            try archive.write([group(part, from: UInt64(first) + 1)])
        }
        func startsOf(_ kept: [MadeSession], in range: Range<Int64>) throws {
            var steps = 0
            try archive.read { view in
                try view.forEachPath(of: property, in: range, [], includesAutomated: true) {
                    steps += $0.count / 2
                }
            }
            let expected = kept.filter { range.contains($0.start) }
            #expect(steps == expected.reduce(0) { $0 + $1.path.count })
        }
        for bounds in [(-2 * day, 2 * day), (-day, -day + hour), (-3 * hour, hour), (0, 1)] {
            try startsOf(made, in: noon + bounds.0..<noon + bounds.1)
        }
        for place: UInt64 in [0, 1, 1_023, 1_024, 1_025, 3_333, 4_999, 5_000] {
            let behind = try archive.entries(
                after: FeedPlace(position: place, index: 1), atMost: 10, bytes: 1 << 30)
            let expected = Array((place + 1)..<5_001).prefix(10)
            #expect(behind.entries.map(\.place.position) == Array(expected))
            #expect(behind.hasMore == (place < 4_990))
        }
        // Back to the middle of a stretch, and forth again.
        try archive.rewind(to: FeedPlace(position: 2_500, index: .max))
        try startsOf(Array(made[..<2_500]), in: noon - 2 * day..<noon + 2 * day)
        try archive.write([group(Array(made[2_500...]), from: 2_501)])
        try startsOf(made, in: noon - 2 * day..<noon + 2 * day)
        #expect(try isConsistent(archive))
        // The oldest, which stand everywhere.
        let bound = noon - day
        while try archive.expire(property, before: bound, atMost: 500) > 0 {}
        try startsOf(made.filter { $0.start >= bound }, in: noon - 2 * day..<noon + 2 * day)
        #expect(try isConsistent(archive))
    }

    @Test func `another file, version or deployment is refused with a sentence`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("sojourn-archive-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("archive.db").path
        let id = DeploymentID(Bits128(high: 1, low: 2))
        _ = try SQLiteArchive(path: path, deployment: id)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        func code(_ id: DeploymentID, _ path: String) -> ArchiveError.Code? {
            do throws(ArchiveError) {
                _ = try SQLiteArchive(path: path, deployment: id)
                return nil
            } catch { return error.code }
        }
        #expect(code(id, path) == nil)
        #expect(code(DeploymentID(Bits128(high: 1, low: 3)), path) == .otherDeployment)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        // The version, big-endian at byte 60 of the file.
        bytes[63] = 99
        let newer = folder.appendingPathComponent("newer.db").path
        try bytes.write(to: URL(fileURLWithPath: newer))
        #expect(code(id, newer) == .otherVersion)
        bytes[71] = 1
        try bytes.write(to: URL(fileURLWithPath: newer))
        #expect(code(id, newer) == .damaged)
        try Data("this is no database at all, whatever its name may say".utf8)
            .write(to: URL(fileURLWithPath: newer))
        #expect(code(id, newer) == .damaged)
        #expect(code(id, folder.path) == .passing)
    }
}
