import Foundation
import SojournJournal
import Testing

/// A real file system under a journal.
@Suite struct FileStorageTests {
    /// Sizes around those of blocks, and one of more than is written at once.
    @Test(arguments: [1, 40, 2_000, 4_000, 4_096, 9_001, 300_000, 1_100_000])
    func `what is written in blocks is read as it was written`(bytes: Int) throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(directory: directory.path)
        var journal = try FileJournal(storage, .small(segmentBytes: 1 << 20))
        for groups in [[1], [3, 1], [2, 5, 1]] {
            try journal.append(groups: groups, bytes: bytes)
            let read = try FileJournal(
                FileStorage(directory: directory.path), .small(segmentBytes: 1 << 20))
            #expect(read.last == journal.last && read.recovery.tornTail == nil)
            // The one that reads has begun another segment, and cut off the room of the last.
            journal = read
        }
        #expect(try journal.entries() == Entry.samples(1...13, bytes: bytes))
    }

    @Test func `a segment that is used again is full size, and reads as what is new`() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(directory: directory.path)
        var journal = try FileJournal(storage, .small(segmentBytes: 64 << 10))
        for _ in 1...12 {
            try journal.append(groups: [4, 1, 2, 1], bytes: 9_000)
            try journal.saveSnapshot(SnapshotDraft(position: journal.last))
        }
        let spares = try directory.names().filter { $0.hasPrefix("spare-") }
        #expect(!spares.isEmpty && spares.count <= 8)
        for name in spares { #expect(try storage.size(of: name) == 64 << 10) }
        #expect(try journal.entries(after: 88) == Entry.samples(89...96, bytes: 9_000))
        #expect(try JournalCheck(storage).verdict == .whole)
    }
}
