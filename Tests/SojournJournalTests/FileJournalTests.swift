import SojournJournal
import SojournModel
import Testing

@Suite struct FileJournalTests {
    @Test(arguments: Durability.allCases)
    func `records read as they were appended`(durability: Durability) throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(directory: directory.path)
        var journal = try FileJournal(storage, .small(durability))
        try journal.append(groups: [1, 3, 2])
        #expect(try journal.entries() == Entry.samples(1...6))
        #expect(try journal.entries(after: 4) == Entry.samples(5...6))
        #expect(try journal.entries(after: 6).isEmpty)
        try journal.close()

        var opened = try FileJournal(storage, .small(durability))
        let (last, durable) = (opened.last.rawValue, opened.durable.rawValue)
        #expect(last == 6)
        #expect(durable == 6)
        #expect(try opened.entries() == Entry.samples(1...6))
        try opened.append(groups: [2])
        #expect(try opened.entries() == Entry.samples(1...8))
    }

    @Test func `payloads may be empty or have any number of bytes`() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(directory: directory.path)
        var journal = try FileJournal(storage, .small())
        let entries = (0..<40).map { Entry.sample(UInt64($0 + 1), bytes: $0) }
        try journal.append(entries)
        #expect(try journal.entries() == entries)
        try journal.close()
        #expect(try FileJournal(storage, .small()).entries() == entries)
    }

    @Test func `a segment that is full is followed by another`() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(directory: directory.path)
        var journal = try FileJournal(storage, .small(segmentBytes: 256))
        // Of 72 bytes each: two fit into a segment.
        try journal.append(groups: [1, 1, 1, 1, 1])
        let names = try directory.names()
        #expect(
            names == [
                "journal-0000000000000001.seg", "journal-0000000000000003.seg",
                "journal-0000000000000005.seg",
            ])
        #expect(try journal.entries() == Entry.samples(1...5))
        #expect(try journal.entries(after: 2) == Entry.samples(3...5))
        #expect(try journal.entries(after: 3) == Entry.samples(4...5))
    }

    @Test func `a group larger than a segment gets a segment of its size`() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(directory: directory.path)
        var journal = try FileJournal(storage, .small(segmentBytes: 256))
        try journal.append(groups: [1, 20, 1])
        #expect(try journal.entries() == Entry.samples(1...22))
        try journal.close()
        #expect(
            try FileJournal(storage, .small(segmentBytes: 256)).entries() == Entry.samples(1...22))
    }

    @Test func `a journal in memory does the same`() throws {
        var journal = try MemoryJournal(.small(.none, segmentBytes: 256))
        try journal.append(groups: [1, 20, 1])
        #expect(try journal.entries(after: 3) == Entry.samples(4...22))
    }
}
