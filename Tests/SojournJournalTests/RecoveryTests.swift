import SojournJournal
import SojournModel
import SojournTestKit
import Testing

/// What a journal is after its bytes were changed: the right records, or a clear error.
@Suite struct RecoveryTests {
    /// A journal of three segments, as files; records 1 to `count`.
    private static func files(
        groups: [Int] = [1, 2, 1, 3], segmentBytes: Int = 320
    ) throws -> [String: [UInt8]] {
        let storage = FaultyStorage(seed: 1)
        var journal = try FileJournal(storage, .small(segmentBytes: segmentBytes))
        try journal.append(groups: groups)
        try journal.close()
        var files: [String: [UInt8]] = [:]
        for name in try storage.names() { files[name] = storage.bytes(of: name) }
        return files
    }

    private static func storage(_ files: [String: [UInt8]]) -> FaultyStorage {
        let storage = FaultyStorage(seed: 2)
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
            storage.overwrite(name, with: bytes)
        }
        return storage
    }

    /// The records of a directory, or the error that says why not.
    private static func read(
        _ files: [String: [UInt8]]
    ) -> (entries: [Entry], torn: JournalRecovery.TornTail?, error: JournalError?) {
        do throws(JournalError) {
            let journal = try FileJournal(storage(files), .small(segmentBytes: 320))
            return (try journal.entries(), journal.recovery.tornTail, nil)
        } catch {
            return ([], nil, error)
        }
    }

    @Test func `a bit flipped anywhere gives the right records or a clear error`() throws {
        let files = try Self.files()
        let all = Entry.samples(1...7)
        var (whole, prefixes, errors) = (0, 0, 0)
        for name in files.keys.sorted() {
            for index in files[name]!.indices {
                var changed = files
                changed[name]![index] ^= 1 << UInt8(index % 8)
                let (entries, torn, error) = Self.read(changed)
                if let error {
                    errors += 1
                    #expect("\(error)".contains(name), "byte \(index) of \(name): \(error)")
                } else if entries == all {
                    whole += 1
                } else {
                    // Only the last group, which nothing behind it tells of.
                    prefixes += 1
                    #expect(entries == Array(all.prefix(entries.count)))
                    #expect(entries.count >= 4)
                    #expect(name == files.keys.max())
                    #expect(torn?.position.rawValue == UInt64(entries.count) + 1)
                }
            }
        }
        // What is behind the records of a segment that has a successor does not matter.
        #expect(whole > 0 && prefixes == 3 * 72 && errors > 300, "\(whole) \(prefixes) \(errors)")
    }

    @Test(arguments: [[1, 1], [2, 3], [1, 5]])
    func `every torn prefix of the last group is cut`(groups: [Int]) throws {
        let files = try Self.files(groups: groups, segmentBytes: 1_000)
        let name = try #require(files.keys.max())
        let first = groups[0]
        let start = 64 + 72 * first
        let end = start + 72 * groups[1]
        for length in start..<end {
            // As a short write leaves it, in a file that was made with room and in one that grew.
            for hasRoom in [true, false] {
                var bytes = files[name]!
                bytes.replaceSubrange(
                    length..., with: repeatElement(0, count: bytes.count - length))
                if !hasRoom { bytes.removeLast(bytes.count - length) }
                let storage = Self.storage([name: bytes])
                var journal = try FileJournal(storage, .small(segmentBytes: 1_000))
                let count = first + (length - start) / 72
                #expect(try journal.entries() == Entry.samples(1...UInt64(count)))
                let torn = journal.recovery.tornTail
                #expect(torn?.position.rawValue ?? UInt64(count + 1) == UInt64(count + 1))
                // What is appended stands where the torn records stood.
                try journal.append(groups: [2])
                try journal.close()
                let again = try FileJournal(storage.crash(), .small(segmentBytes: 1_000))
                #expect(try again.entries() == Entry.samples(1...UInt64(count + 2)))
            }
        }
    }

    @Test func `any sectors of the last group may be missing`() throws {
        for seed in 0..<200 as Range<UInt64> {
            let storage = FaultyStorage(seed: seed)
            var journal = try FileJournal(storage, .small(segmentBytes: 20_000))
            try journal.append(groups: [2], bytes: 700)
            storage.faults.sync = 1
            #expect(throws: JournalError.self) { try journal.append(groups: [5], bytes: 700) }
            storage.faults = .none
            let found = try FileJournal(storage.crash(), .small(segmentBytes: 20_000))
            let entries = try found.entries()
            #expect(entries.count >= 2, "seed \(seed)")
            #expect(entries == Entry.samples(1...UInt64(entries.count), bytes: 700))
        }
    }

    @Test func `a bad record that a later one knew to be on disk is damage`() throws {
        var files = try Self.files(groups: [1, 1, 1], segmentBytes: 1_000)
        let name = try #require(files.keys.first)
        files[name]![64 + 72 + 40] ^= 1
        let (_, _, error) = Self.read(files)
        #expect(
            error
                == .damaged(
                    Damage(
                        file: "faulty/\(name)", offset: 136, position: JournalPosition(2),
                        fault: .record(.checksum))))
        let text = "\(error!)"
        #expect(text.contains("byte 136") && text.contains("record 2") && text.contains("--repair"))
    }

    @Test func `zeros in the place of a record that was on disk are damage`() throws {
        var files = try Self.files(groups: [1, 1, 1], segmentBytes: 1_000)
        let name = try #require(files.keys.first)
        files[name]!.replaceSubrange(136..<208, with: repeatElement(0, count: 72))
        #expect(Self.read(files).error != nil)
    }

    @Test func `a damaged segment before the last is an error of its records`() throws {
        var files = try Self.files()
        let first = try #require(files.keys.min())
        files[first]![64 + 33] ^= 1
        #expect(Self.read(files).error != nil)
        // Not of those behind it.
        let journal = try FileJournal(Self.storage(files), .small(segmentBytes: 320))
        #expect(try journal.entries(after: 3) == Entry.samples(4...7))
    }

    @Test func `a missing segment is named`() throws {
        var files = try Self.files()
        let names = files.keys.sorted()
        #expect(names.count == 3)
        files[names[1]] = nil
        guard case .damaged(let damage) = Self.read(files).error else {
            Issue.record("not damaged")
            return
        }
        #expect(damage.fault == .record(.missing) && damage.position.rawValue == 4)
        files[names[0]] = nil
        guard case .damaged(let damage) = Self.read(files).error else {
            Issue.record("not damaged")
            return
        }
        #expect(damage.fault == .missingRecords(before: JournalPosition(5)))
        #expect(damage.file == "faulty/journal-0000000000000001.seg")
    }

    @Test func `a journal that ends before a snapshot has lost something`() throws {
        let storage = FaultyStorage(seed: 3)
        var journal = try FileJournal(storage, .small(segmentBytes: 320))
        try journal.append(groups: [1, 2, 1, 3])
        try journal.saveSnapshot(SnapshotDraft(position: JournalPosition(6)))
        let last = try #require(try storage.names().last { $0.hasPrefix("journal") })
        try storage.remove(last)
        #expect(throws: JournalError.self) { _ = try FileJournal(storage, .small()) }
    }

    @Test func `a newer version is refused by its number`() throws {
        var files = try Self.files()
        let name = try #require(files.keys.max())
        files[name]![4] = 3
        Checksum.set(&files[name]!, at: 60, over: 0..<60)
        guard case .newerVersion(let file, let found) = Self.read(files).error else {
            Issue.record("not refused")
            return
        }
        #expect(file == "faulty/\(name)" && found == "format 3")
    }

    @Test func `a record of an unknown kind is a newer version's, and never torn`() throws {
        var files = try Self.files(groups: [1, 1], segmentBytes: 1_000)
        let name = try #require(files.keys.first)
        files[name]![136 + 24] = 9
        Checksum.set(
            &files[name]!, at: 136 + 4, over: 136 + 8..<208, salt: Array(files[name]![32..<36]))
        guard case .newerVersion(_, let found) = Self.read(files).error else {
            Issue.record("not refused")
            return
        }
        #expect(found == "record 2 has kind 9")
    }

    @Test func `another deployment's journal is refused by its id`() throws {
        let storage = Self.storage(try Self.files())
        let other = DeploymentID(Bits128(high: 1, low: 2))
        #expect {
            _ = try FileJournal(storage, JournalOptions(deployment: other, saltSeed: 1))
        } throws: { error in
            guard case .otherDeployment(_, let found, other)? = error as? JournalError else {
                return false
            }
            return found == testDeployment
                && "\(error)".contains("00112233445566778899aabbccddeeff")
        }
    }

    @Test func `payloads that look like records are only payloads`() throws {
        // A sender may put a whole record, which claims that all was on disk, into a payload.
        var inner = RecordGroup()
        inner.append(Entry.sample(4), durable: JournalPosition(3))
        let storage = FaultyStorage(seed: 4)
        var journal = try FileJournal(storage, .small(segmentBytes: 1_000))
        let bytes = [UInt8](inner.bytes)
        try journal.append([Entry(position: 1, payload: bytes)])
        try journal.append([Entry(position: 2, payload: bytes)])
        #expect(try journal.entries().map(\.payload) == [bytes, bytes])
        try journal.close()
        let opened = try FileJournal(storage.crash(), .small(segmentBytes: 1_000))
        #expect(try opened.entries().map(\.payload) == [bytes, bytes])
    }

    @Test func `a tail of nothing but promising headers is judged with bounded work`() throws {
        // Each header asks for all that follows and claims to know of the bad record.
        var bytes = try #require(try Self.files(groups: [1], segmentBytes: 64 + 72).values.first)
        let end = 64 + 72
        bytes.replaceSubrange(end..., with: [UInt8](repeating: 1, count: 8))
        let count = 40_000
        for index in 0..<count {
            let rest = (count - index - 1) * 32
            var header: [UInt8] = []
            for value in [UInt64(rest), 5, 3, 1] {
                header += (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
            }
            bytes += header
        }
        let start = ContinuousClock.now
        #expect(Self.read(["journal-0000000000000001.seg": bytes]).error != nil)
        // Behind the mark of the end it is what the file held before, as far as anybody can tell.
        bytes.replaceSubrange(end..<end + 8, with: [UInt8](repeating: 0, count: 32))
        let found = Self.read(["journal-0000000000000001.seg": bytes])
        #expect(found.error == nil && found.torn == nil && found.entries.count == 1)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func `what was never finished is removed, and what is not ours is left alone`() throws {
        var files = try Self.files()
        files["journal-0000000000000009.seg.tmp"] = [1, 2, 3]
        files["snapshot-0000000000000005.snap.tmp"] = []
        files["notes.txt"] = [1]
        files["other.tmp"] = [1]
        let storage = Self.storage(files)
        let journal = try FileJournal(storage, .small())
        let removed = journal.recovery.removedFiles
        #expect(
            removed == [
                "journal-0000000000000009.seg.tmp", "snapshot-0000000000000005.snap.tmp",
            ])
        #expect(removed.allSatisfy { storage.bytes(of: $0) == nil })
        #expect(storage.bytes(of: "notes.txt") != nil && storage.bytes(of: "other.tmp") != nil)
        #expect(try journal.entries() == Entry.samples(1...7))
    }
}
