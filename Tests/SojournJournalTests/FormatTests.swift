import Foundation
import SojournJournal
import SojournModel
import SojournTestKit
import SojournWire
import Testing

/// The examples of the specification are what the code writes.
@Suite struct FormatTests {
    /// Three levels up from this file.
    private static let specification = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "proto-spec/journal.md")

    /// The bytes of the rows that begin with an offset, behind a line that begins with a name.
    private static func example(_ name: String) throws -> [UInt8] {
        let text = try String(contentsOf: specification, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let section = try #require(lines.firstIndex { $0 == "## A worked example" })
        let start = try #require(lines[section...].firstIndex { $0.hasPrefix("`\(name)`") })
        var bytes: [UInt8] = []
        for line in lines[(start + 1)...] {
            if line.hasPrefix("`") || line.hasPrefix("#") { break }
            // Offset, two spaces, bytes; a meaning behind two more.
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard line.hasPrefix("    "), let offset = words.first.flatMap({ Int($0) }) else {
                continue
            }
            #expect(offset == bytes.count, "\(line)")
            for word in words.dropFirst() {
                guard word.utf8.count == 2, let byte = UInt8(word, radix: 16) else { break }
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func written() throws -> FaultyStorage {
        let storage = FaultyStorage(seed: 1)
        var journal = try FileJournal(storage, .small())
        var group = RecordGroup()
        group.append(.tick, at: JournalPosition(1), durable: .start) { writer in
            writer.append(UInt16(0))
            writer.append(UInt16(0))
            writer.append(UInt32(1))
            writer.append(Int64(1_749_988_800_000))
        }
        try journal.append(&group)
        var draft = SnapshotDraft(position: JournalPosition(1))
        draft.beginSection(1, elementBytes: 4)
        draft.append(copying: unsafe ([1, 2, 3] as [UInt32]).span.bytes)
        draft.beginSection(7, elementBytes: 8)
        try journal.saveSnapshot(draft)
        return storage
    }

    @Test func `the segment of the specification is what is written`() throws {
        let name = "journal-0000000000000001.seg"
        let example = try Self.example(name)
        let bytes = try #require(try Self.written().bytes(of: name))
        #expect(example.count == 112)
        #expect(bytes.prefix(112) == example[...])
        #expect(bytes.dropFirst(112).allSatisfy { $0 == 0 })
    }

    @Test func `the snapshot of the specification is what is written`() throws {
        let name = "snapshot-0000000000000001.snap"
        let example = try Self.example(name)
        let bytes = try #require(try Self.written().bytes(of: name))
        #expect(bytes == example)
    }

    /// As a program wrote it that knew format 1 alone.
    private static func ofFormat1(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes[4] = 1
        let checksum = CRC32C.checksum(of: unsafe bytes.span.bytes.extracting(0..<60))
        for byte in 0..<4 { bytes[60 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * byte)) }
        return bytes
    }

    @Test func `files of format 1 are read; what is written is of format 2`() throws {
        let storage = FaultyStorage(seed: 3)
        let names = ["journal-0000000000000001.seg", "snapshot-0000000000000001.snap"]
        for name in names { storage.overwrite(name, with: Self.ofFormat1(try Self.example(name))) }
        var journal = try FileJournal(storage, .small())
        #expect(try journal.entries().map(\.kind) == [.tick])
        #expect(try journal.loadSnapshot() != nil)
        var group = RecordGroup()
        group.append(.forget, at: JournalPosition(2), durable: .start) { $0.append(UInt64(7)) }
        try journal.append(&group)
        // Nothing says that the disk has the end of the old segment, so it was written anew.
        let written = try #require(storage.bytes(of: names[0]))
        #expect(written[4] == 2)
        #expect(storage.bytes(of: names[1])?[4] == 1)
        // A program that knows format 1 alone refuses that file by its version, and not as damaged.
        let again = try FileJournal(storage, .small())
        #expect(try again.entries().map(\.kind) == [.tick, .forget])
    }

    @Test func `a file of a later format is refused by its version`() throws {
        let storage = FaultyStorage(seed: 4)
        let name = "journal-0000000000000001.seg"
        var bytes = try Self.example(name)
        bytes[4] = 3
        let checksum = CRC32C.checksum(of: unsafe bytes.span.bytes.extracting(0..<60))
        for byte in 0..<4 { bytes[60 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * byte)) }
        storage.overwrite(name, with: bytes)
        var refusal: JournalError?
        do throws(JournalError) { _ = try FileJournal(storage, .small()) } catch { refusal = error }
        guard case .newerVersion(_, "format 3") = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
    }

    @Test func `the files of the specification are read as it says`() throws {
        let storage = FaultyStorage(seed: 2)
        for name in ["journal-0000000000000001.seg", "snapshot-0000000000000001.snap"] {
            storage.overwrite(name, with: try Self.example(name))
        }
        var journal = try FileJournal(storage, .small())
        let entries = try journal.entries()
        #expect(entries.map(\.kind) == [.tick])
        guard let snapshot = try journal.loadSnapshot() else {
            Issue.record("no snapshot")
            return
        }
        let section = snapshot.section(1)!
        let elements: [UInt32] = (0..<section.count).map { section.bytes.integer(at: 4 * $0) }
        #expect(elements == [1, 2, 3])
        let empty = snapshot.section(7)!
        #expect(empty.count == 0 && empty.elementBytes == 8)
    }
}
