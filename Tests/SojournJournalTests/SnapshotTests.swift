import Glibc
import SojournJournal
import SojournModel
import SojournTestKit
import SojournWire
import Testing

@Suite struct SnapshotTests {
    /// Sections of many shapes: none, one byte, elements of odd sizes, many pieces, a large piece.
    private static func draft(_ position: UInt64, large: [UInt64] = []) -> SnapshotDraft {
        var draft = SnapshotDraft(position: JournalPosition(position), partition: 3)
        draft.beginSection(1, elementBytes: 8)
        draft.beginSection(2, elementBytes: 1)
        draft.append(copying: unsafe [UInt8(7)].span.bytes)
        draft.beginSection(5, elementBytes: 12)
        for element in 0..<1_000 as Range<UInt32> {
            draft.append(copying: unsafe [element, element &* 3, ~element].span.bytes)
        }
        draft.beginSection(9, elementBytes: 8)
        // The caller keeps it alive, or it is empty.
        unsafe large.withUnsafeBytes { unsafe draft.append($0) }
        return draft
    }

    private static func journal(
        _ storage: FaultyStorage, groups: Int = 40
    ) throws -> FileJournal<FaultyStorage> {
        var journal = try FileJournal(storage, .small(segmentBytes: 320))
        try journal.append(groups: Array(repeating: 1, count: groups))
        return journal
    }

    @Test func `a snapshot reads as it was written`() throws {
        let storage = FaultyStorage(seed: 1)
        var journal = try Self.journal(storage)
        let large = (0..<100_000 as Range<UInt64>).map { $0 &* 0x9E37_79B9_7F4A_7C15 }
        try journal.saveSnapshot(Self.draft(40, large: large))
        guard let snapshot = try journal.loadSnapshot() else {
            Issue.record("no snapshot")
            return
        }
        let (position, partition) = (snapshot.position.rawValue, snapshot.partition)
        #expect(position == 40 && partition == 3)
        var counts: [UInt32: Int] = [:]
        for index in 0..<snapshot.sectionCount {
            let section = snapshot.section(at: index)
            counts[section.id] = section.count
        }
        #expect(counts == [1: 0, 2: 1, 5: 1_000, 9: 100_000])
        let ones = [UInt8](snapshot.section(2)!.bytes)
        #expect(ones == [7])
        let fives = snapshot.section(5)!
        var isEqual = fives.elementBytes == 12
        for element in 0..<1_000 as Range<UInt32> {
            let second: UInt32 = fives.bytes.integer(at: Int(element) * 12 + 4)
            if second != element &* 3 { isEqual = false }
        }
        #expect(isEqual)
        let nines = snapshot.section(9)!
        for (index, value) in large.enumerated() {
            let found: UInt64 = nines.bytes.integer(at: index * 8)
            if found != value { isEqual = false }
        }
        #expect(isEqual)
        let hasOther = snapshot.section(3) != nil
        #expect(!hasOther)
    }

    @Test func `pieces make no difference to a section`() throws {
        var bytes = [UInt8](repeating: 0, count: 300_000)
        var random = SplitMix64(seed: 2)
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
        var files: [[UInt8]] = []
        for largest in [300_000, 70_000, 20_000, 900, 40] {
            let storage = FaultyStorage(seed: 1)
            var journal = try Self.journal(storage, groups: 1)
            var draft = SnapshotDraft(position: JournalPosition(1))
            draft.beginSection(1, elementBytes: 4)
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + random.number(1...largest))
                // With gaps, so that they stay pieces: every second one is a copy.
                if random.once(in: 2) {
                    draft.append(copying: unsafe bytes.span.bytes.extracting(start..<end))
                } else {
                    // The array is not changed until the snapshot is written.
                    unsafe bytes.withUnsafeBytes { all in
                        unsafe draft.append(UnsafeRawBufferPointer(rebasing: all[start..<end]))
                    }
                }
                start = end
            }
            try journal.saveSnapshot(draft)
            files.append(try #require(storage.bytes(of: "snapshot-0000000000000001.snap")))
            let loaded = try journal.loadSnapshot() != nil
            #expect(loaded)
        }
        #expect(files.allSatisfy { $0 == files[0] })
    }

    @Test func `two snapshots are kept, and the journal behind the older one`() throws {
        let storage = FaultyStorage(seed: 3)
        var journal = try Self.journal(storage)
        for position in [4, 11, 17, 30] as [UInt64] {
            try journal.saveSnapshot(SnapshotDraft(position: JournalPosition(position)))
        }
        let names = try storage.names()
        #expect(
            names.filter { $0.hasPrefix("snapshot") } == [
                "snapshot-0000000000000011.snap", "snapshot-000000000000001e.snap",
            ])
        // Three records a segment: 16 to 18 is the first that is needed.
        #expect(names.first == "journal-0000000000000010.seg")
        #expect(try journal.entries(after: 17) == Entry.samples(18...40))
        #expect(throws: JournalError.self) { _ = try journal.entries(after: 5) }
    }

    @Test func `a bit flipped anywhere in a snapshot leads to the one before it`() throws {
        let storage = FaultyStorage(seed: 4)
        var journal = try Self.journal(storage)
        try journal.saveSnapshot(Self.draft(20))
        try journal.saveSnapshot(Self.draft(30))
        let name = "snapshot-000000000000001e.snap"
        let bytes = try #require(storage.bytes(of: name))
        for index in bytes.indices where index < 300 || index % 97 == 0 {
            var changed = bytes
            changed[index] ^= 1 << UInt8(index % 8)
            storage.overwrite(name, with: changed)
            var journal = try FileJournal(storage, .small(segmentBytes: 320))
            let position = try journal.loadSnapshot()?.position.rawValue
            let damages = journal.damagedSnapshots
            #expect(position == 20, "byte \(index)")
            #expect(damages.map(\.file) == ["faulty/\(name)"])
            if index % 500 == 0 {
                #expect(try journal.entries(after: 20) == Entry.samples(21...40))
            }
        }
        for length in [0, 1, 63, 64, 100, bytes.count - 1] {
            storage.overwrite(name, with: Array(bytes.prefix(length)))
            var journal = try FileJournal(storage, .small(segmentBytes: 320))
            let position = try journal.loadSnapshot()?.position.rawValue
            #expect(position == 20, "\(length) bytes")
        }
        storage.overwrite(name, with: bytes + [0])
        var opened = try FileJournal(storage, .small(segmentBytes: 320))
        let position = try opened.loadSnapshot()?.position.rawValue
        #expect(position == 20)
    }

    @Test func `a damaged snapshot does not count as one of the two`() throws {
        let storage = FaultyStorage(seed: 5)
        var journal = try Self.journal(storage)
        try journal.saveSnapshot(Self.draft(10))
        try journal.saveSnapshot(Self.draft(20))
        let name = "snapshot-0000000000000014.snap"
        storage.overwrite(name, with: [1, 2, 3])
        var opened = try FileJournal(storage, .small(segmentBytes: 320))
        _ = try opened.loadSnapshot()
        try opened.saveSnapshot(Self.draft(30))
        #expect(
            try storage.names().filter { $0.hasPrefix("snapshot") } == [
                "snapshot-000000000000000a.snap", "snapshot-000000000000001e.snap",
            ])
        #expect(try opened.entries(after: 10) == Entry.samples(11...40))
    }

    @Test func `a snapshot waits for the journal to be on disk`() throws {
        let storage = FaultyStorage(seed: 6)
        var journal = try FileJournal(storage, .small(.os))
        try journal.append(groups: [3])
        storage.faults.sync = 1
        #expect(throws: JournalError.self) { try journal.saveSnapshot(Self.draft(3)) }
        storage.faults = .none
        #expect(try storage.names() == ["journal-0000000000000001.seg"])
        try journal.saveSnapshot(Self.draft(3))
        let durable = journal.durable.rawValue
        #expect(durable == 3)
        var opened = try FileJournal(storage.crash(), .small(.os))
        let position = try opened.loadSnapshot()?.position.rawValue
        #expect(position == 3)
    }

    @Test func `another partition's or deployment's snapshot is not taken for this one's`() throws {
        let storage = FaultyStorage(seed: 7)
        var journal = try Self.journal(storage, groups: 4)
        try journal.saveSnapshot(Self.draft(2))
        let other = JournalOptions(
            deployment: DeploymentID(Bits128(high: 5, low: 5)), saltSeed: 1)
        #expect {
            _ = try FileJournal(storage, other)
        } throws: { "\($0)".contains("belongs to deployment 00112233") }
        storage.overwrite(
            "snapshot-0000000000000003.snap",
            with: try #require(storage.bytes(of: "snapshot-0000000000000002.snap")))
        var opened = try FileJournal(storage, .small())
        let position = try opened.loadSnapshot()?.position.rawValue
        #expect(position == 2)
    }

    @Test func `segments that are not needed are used again, and what they held is no record`()
        throws
    {
        var storage = FaultyStorage(seed: 3)
        var journal = try FileJournal(storage, .small(segmentBytes: 1_000))
        var spares = 0
        for round in 1...20 as ClosedRange<UInt64> {
            try journal.append(groups: Array(repeating: 1, count: 15))
            try journal.saveSnapshot(SnapshotDraft(position: journal.last))
            let names = try storage.names()
            spares = max(spares, names.filter { $0.hasPrefix("spare-") }.count)
            #expect(names.count <= 3 * 2 + 2 + 8, "\(names)")
            #expect(try JournalCheck(storage).verdict == .whole)
            if round % 4 == 0 {
                // A crash finds the end of the records, and calls nothing torn.
                storage = storage.crash()
                journal = try FileJournal(storage, .small(segmentBytes: 1_000))
                #expect(journal.last.rawValue == round * 15 && journal.recovery.tornTail == nil)
            }
        }
        #expect(spares > 0)
        #expect(try journal.entries(after: 285) == Entry.samples(286...300))
    }
}
