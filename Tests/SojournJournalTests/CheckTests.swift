import SojournJournal
import SojournModel
import SojournTestKit
import Testing

@Suite struct CheckTests {
    private static let options = JournalOptions.small(segmentBytes: 320)

    /// Records 1 to 20, three a segment; snapshots where they are asked for.
    private static func storage(snapshots: [UInt64] = []) throws -> FaultyStorage {
        let storage = FaultyStorage(seed: 1)
        var journal = try FileJournal(storage, options)
        var rest = snapshots[...]
        while journal.last.rawValue < 20 {
            try journal.append(groups: [1])
            if journal.last.rawValue == rest.first {
                var draft = SnapshotDraft(position: journal.last)
                draft.beginSection(1, elementBytes: 1)
                draft.append(copying: unsafe [1, 2, 3].span.bytes)
                try journal.saveSnapshot(draft)
                rest.removeFirst()
            }
        }
        try journal.close()
        return storage
    }

    private static func flip(_ storage: FaultyStorage, _ name: String, _ byte: Int) throws {
        var bytes = try #require(storage.bytes(of: name))
        bytes[byte] ^= 4
        storage.overwrite(name, with: bytes)
    }

    private static func content(_ storage: FaultyStorage) throws -> [String: [UInt8]] {
        var content: [String: [UInt8]] = [:]
        for name in try storage.names() { content[name] = storage.bytes(of: name) }
        return content
    }

    /// What a service has: its snapshot's position, and the records behind it.
    private static func start(_ storage: FaultyStorage) throws -> (UInt64, [Entry]) {
        var journal = try FileJournal(storage, options)
        let position = try journal.loadSnapshot()?.position.rawValue ?? 0
        return (position, try journal.entries(after: position))
    }

    @Test func `a whole directory is told as it is`() throws {
        let storage = try Self.storage(snapshots: [7, 14])
        let content = try Self.content(storage)
        let check = try JournalCheck(storage, deployment: testDeployment)
        #expect(check.verdict == .whole)
        #expect(check.obstacle == nil)
        #expect(check.snapshot?.rawValue == 14 && check.last.rawValue == 20)
        let segment = check.files[0]
        #expect(segment.name == "journal-0000000000000007.seg")
        #expect(segment.count == 3 && segment.last?.rawValue == 9)
        let repair = try JournalRepair(storage, deployment: testDeployment)
        #expect(repair.putAside.isEmpty && repair.lost == nil && repair.last.rawValue == 20)
        #expect(try Self.content(storage) == content)
    }

    @Test func `an empty directory is whole`() throws {
        let check = try JournalCheck(FaultyStorage(seed: 1), deployment: testDeployment)
        #expect(check.verdict == .whole && check.last == .start && check.files.isEmpty)
    }

    @Test func `a torn tail is told apart from damage`() throws {
        let storage = try Self.storage()
        let name = "journal-0000000000000013.seg"
        try Self.flip(storage, name, 64 + 72 + 50)
        let check = try JournalCheck(storage)
        #expect(
            check.verdict
                == .tornTail(
                    .init(
                        file: "faulty/\(name)", offset: 136, position: JournalPosition(20))))
        #expect(check.obstacle == nil && check.last.rawValue == 19)
        #expect(try Self.start(storage).1.count == 19)
    }

    @Test func `damage without a snapshot costs what is behind it`() throws {
        let storage = try Self.storage()
        try Self.flip(storage, "journal-000000000000000a.seg", 64 + 72 + 50)
        let check = try JournalCheck(storage)
        guard case .damaged(let damages) = check.verdict else {
            Issue.record("not damaged")
            return
        }
        #expect(damages.map(\.position.rawValue) == [11] && check.obstacle == damages[0])
        let repair = try JournalRepair(storage, deployment: testDeployment)
        #expect(repair.last.rawValue == 10)
        #expect(repair.lost == JournalPosition(11)...JournalPosition(20))
        #expect(
            repair.putAside.sorted() == [
                "damaged-journal-000000000000000a.seg-from-136",
                "damaged-journal-000000000000000d.seg", "damaged-journal-0000000000000010.seg",
                "damaged-journal-0000000000000013.seg",
            ])
        #expect(storage.bytes(of: "damaged-journal-000000000000000a.seg-from-136")?.count == 144)
        #expect(try JournalCheck(storage).verdict == .whole)
        var journal = try FileJournal(storage, Self.options)
        #expect(try journal.entries() == Entry.samples(1...10))
        try journal.append(groups: [2])
        #expect(try Self.start(storage.crash()).1 == Entry.samples(1...12))
    }

    @Test func `damage that snapshots stand for costs nothing`() throws {
        let storage = try Self.storage(snapshots: [7, 14])
        // Between the two: only the older one needs it.
        try Self.flip(storage, "journal-000000000000000a.seg", 64 + 50)
        let check = try JournalCheck(storage)
        #expect(check.obstacle == nil)
        guard case .damaged = check.verdict else {
            Issue.record("not damaged")
            return
        }
        #expect(try Self.start(storage) == (14, Entry.samples(15...20)))
        let repair = try JournalRepair(storage, deployment: testDeployment)
        #expect(repair.putAside == ["damaged-snapshot-0000000000000007.snap"])
        #expect(repair.lost == nil && repair.last.rawValue == 20)
        #expect(try JournalCheck(storage).verdict == .whole)
        #expect(try Self.start(storage) == (14, Entry.samples(15...20)))
    }

    @Test func `a damaged snapshot is put aside, and the older one goes on`() throws {
        let storage = try Self.storage(snapshots: [7, 14])
        try Self.flip(storage, "snapshot-000000000000000e.snap", 129)
        let check = try JournalCheck(storage)
        #expect(check.snapshot?.rawValue == 7 && check.obstacle == nil)
        let repair = try JournalRepair(storage, deployment: testDeployment)
        #expect(repair.putAside == ["damaged-snapshot-000000000000000e.snap"])
        #expect(repair.lost == nil)
        #expect(try JournalCheck(storage).verdict == .whole)
        #expect(try Self.start(storage) == (7, Entry.samples(8...20)))
    }

    @Test func `what leads on from no snapshot is put aside, and the journal goes on behind it`()
        throws
    {
        let storage = try Self.storage(snapshots: [7, 14])
        // The records behind the snapshot begin in this one.
        try storage.remove("journal-000000000000000d.seg")
        let check = try JournalCheck(storage)
        #expect(check.obstacle?.position.rawValue == 13)
        let repair = try JournalRepair(storage, deployment: testDeployment)
        #expect(repair.last.rawValue == 14)
        #expect(repair.lost == JournalPosition(15)...JournalPosition(20))
        #expect(try JournalCheck(storage).verdict == .whole)
        var journal = try FileJournal(storage, Self.options)
        let position = try journal.loadSnapshot()?.position.rawValue
        #expect(position == 14)
        try journal.append(groups: [1])
        #expect(try Self.start(storage.crash()) == (14, Entry.samples(15...15)))
    }

    @Test func `a directory without anything whole is left as it is`() throws {
        let storage = try Self.storage()
        try storage.remove("journal-0000000000000001.seg")
        let content = try Self.content(storage)
        #expect(throws: JournalError.nothingWhole(directory: "faulty/.")) {
            _ = try JournalRepair(storage, deployment: testDeployment)
        }
        #expect(try Self.content(storage) == content)
    }

    @Test
    func `any damage can be repaired, also when the repair is cut off, and nothing is deleted`()
        throws
    {
        for seed in 0..<600 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var storage = try Self.storage(
                snapshots: random.pick([[], [5], [7, 14], [4, 11, 17], [20], [12, 20]]))
            for _ in 0..<random.number(1...3) { try Self.damage(storage, &random) }
            let before = try Self.content(storage)
            var cutOff = 0
            var repair: JournalRepair?
            while repair == nil {
                storage.operationsLeft = cutOff < 4 ? random.number(0...12) : nil
                do throws(JournalError) {
                    repair = try JournalRepair(storage, deployment: testDeployment)
                } catch {
                    if case .nothingWhole = error { break }
                    cutOff += 1
                    storage = random.once(in: 2) ? storage.crash() : storage.kill()
                }
            }
            storage.operationsLeft = nil
            guard repair != nil else { continue }
            let after = try Self.content(storage)
            let (position, entries) = try Self.start(storage)
            let end = position + UInt64(entries.count)
            #expect(
                entries == (entries.isEmpty ? [] : Entry.samples(position + 1...end)),
                "seed \(seed)")
            #expect(repair!.last.rawValue == end, "seed \(seed)")
            // Bytes of what is gone are in what was put aside.
            for (name, bytes) in before {
                let isKept = after.contains { file in
                    (file.key == name || file.key.hasPrefix("damaged-\(name)"))
                        && bytes.starts(with: file.value)
                }
                #expect(isKept, "seed \(seed): \(name)")
            }
            if case .damaged(let damages) = try JournalCheck(storage).verdict {
                Issue.record("seed \(seed): \(damages)")
            }
        }
    }

    private static func damage(_ storage: FaultyStorage, _ random: inout SplitMix64) throws {
        let name = random.pick(try storage.names())
        guard var bytes = storage.bytes(of: name), !bytes.isEmpty else { return }
        switch random.number(0...5) {
        case 0:
            try storage.remove(name)
            try storage.syncDirectory()
            return
        case 1: bytes.removeLast(random.number(1...bytes.count))
        case 2:
            let start = random.number(0...bytes.count - 1)
            let end = min(bytes.count, start + 64)
            bytes.replaceSubrange(start..<end, with: repeatElement(0, count: end - start))
        default: bytes[random.number(0...bytes.count - 1)] ^= 1 << UInt8(random.number(0...7))
        }
        storage.overwrite(name, with: bytes)
    }
}
