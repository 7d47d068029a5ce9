import Foundation
import Glibc
import SojournJournal
import SojournModel
import SojournTestKit
import Testing

/// Disks that refuse: nothing is acknowledged that is not there, and all goes on when they do.
@Suite struct FaultTests {
    @Test func `a failed sync is never taken for success, and the group goes to a new segment`()
        throws
    {
        for seed in 0..<50 as Range<UInt64> {
            let storage = FaultyStorage(seed: seed)
            var journal = try FileJournal(storage, .small())
            try journal.append(groups: [2])
            var group = RecordGroup()
            for entry in Entry.samples(3...4) { group.append(entry, durable: journal.durable) }

            storage.faults.sync = 1
            for _ in 0..<3 {
                #expect(throws: JournalError.self) { try journal.append(&group) }
                let (last, durable) = (journal.last.rawValue, journal.durable.rawValue)
                #expect(last == 2 && durable == 2)
            }
            storage.faults = .none
            try journal.append(&group)
            let names = try storage.names()
            #expect(
                names == ["journal-0000000000000001.seg", "journal-0000000000000003.seg"])
            try journal.append(groups: [1])
            let opened = try FileJournal(storage.crash(), .small())
            #expect(try opened.entries() == Entry.samples(1...5), "seed \(seed)")
        }
    }

    @Test func `another group may take the place of one that failed`() throws {
        let storage = FaultyStorage(seed: 5)
        var journal = try FileJournal(storage, .small())
        try journal.append(groups: [1])
        storage.faults.sync = 1
        #expect(throws: JournalError.self) { try journal.append(groups: [3]) }
        storage.faults = .none
        let other = Entry(position: 2, payload: [9, 9])
        try journal.append([other])
        #expect(try journal.entries() == [Entry.sample(1), other])
        #expect(try FileJournal(storage.kill(), .small()).entries() == [Entry.sample(1), other])
    }

    @Test func `records that only the system had are written anew after a failed sync`() throws {
        let storage = FaultyStorage(seed: 6)
        var journal = try FileJournal(storage, .small(.os))
        try journal.append(groups: [2, 2])
        storage.faults.sync = 1
        #expect(throws: JournalError.self) { try journal.sync() }
        storage.faults = .none
        try journal.append(groups: [1])
        try journal.sync()
        let durable = journal.durable.rawValue
        #expect(durable == 5)
        #expect(try FileJournal(storage.crash(), .small(.os)).entries() == Entry.samples(1...5))
    }

    @Test func `a process does not trust what the one before it could not sync`() throws {
        let storage = FaultyStorage(seed: 7)
        var journal = try FileJournal(storage, .small())
        try journal.append(groups: [1])
        storage.faults.sync = 1
        #expect(throws: JournalError.self) { try journal.append(groups: [2]) }
        storage.faults = .none
        // The pages are in memory, and lost for the disk.
        let second = storage.kill()
        let opened = try FileJournal(second, .small())
        let rewritten = opened.recovery.rewrittenRecords
        #expect(rewritten == 2)
        #expect(try opened.entries() == Entry.samples(1...3))
        #expect(try FileJournal(second.crash(), .small()).entries() == Entry.samples(1...3))
    }

    @Test(arguments: [true, false])
    func `a full disk refuses, and works when there is room again`(canPreallocate: Bool) throws {
        let storage = FaultyStorage(seed: 8)
        storage.canPreallocate = canPreallocate
        storage.capacity = 6_000
        var journal = try FileJournal(storage, .small())
        var refusals = 0
        var group = RecordGroup()
        while refusals < 3 {
            group.removeAll()
            group.append(Entry.sample(journal.last.rawValue + 1), durable: journal.durable)
            if let error = journal.refusal(of: &group) {
                #expect(error.isFull && "\(error)".contains("make room"))
                refusals += 1
            }
        }
        // A segment that does not fit as a whole is made smaller.
        let count = journal.last.rawValue
        #expect(count > 70, "\(count)")
        storage.capacity = 50_000
        try journal.append(&group)
        #expect(try journal.entries() == Entry.samples(1...count + 1))
        #expect(
            try FileJournal(storage.crash(), .small()).entries() == Entry.samples(1...count + 1))
    }

    @Test func `a disk that became read-only refuses, and works when it is writable again`() throws
    {
        let storage = FaultyStorage(seed: 9)
        var journal = try FileJournal(storage, .small())
        try journal.append(groups: [1])
        storage.isReadOnly = true
        #expect {
            try journal.append(groups: [1])
        } throws: {
            "\($0)".contains("Read-only file system; the file system is read-only: mount it")
        }
        #expect(try journal.entries() == Entry.samples(1...1))
        storage.isReadOnly = false
        try journal.append(groups: [1])
        #expect(try journal.entries() == Entry.samples(1...2))
    }

    @Test func `a real limit on the size of files refuses, and works when it is lifted`()
        async throws
    {
        // The limit is the process's, so another one has it: see `ExitTests` of Swift Testing.
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            let directory = try TemporaryDirectory()
            let storage = try FileStorage(directory: directory.path)
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let old = limit.rlim_cur
            limit.rlim_cur = 8_192
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            var journal = try FileJournal(storage, .small(segmentBytes: 4_096))
            try journal.append(groups: [1, 1])
            var group = RecordGroup()
            group.append(Entry.sample(3, bytes: 9_000), durable: journal.durable)
            let refusal = journal.refusal(of: &group)
            precondition(refusal?.code == EFBIG && refusal?.isFull == true)
            limit.rlim_cur = old
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            try journal.append(&group)
            let entries = try journal.entries()
            precondition(entries == Entry.samples(1...2) + [Entry.sample(3, bytes: 9_000)])
        }
    }

    @Test(.enabled(if: SmallDisk.isPossible))
    func `a real full disk refuses, and works when there is room again`() throws {
        let directory = try TemporaryDirectory()
        guard let disk = SmallDisk(at: directory.path) else { return }
        defer { disk.end() }
        let storage = try FileStorage(directory: directory.path)
        var journal = try FileJournal(storage, .small(segmentBytes: 100_000))
        let filler = URL(filePath: "\(directory.path)/filler")
        try Data(count: 700_000).write(to: filler)
        var group = RecordGroup()
        var error: StorageError?
        while error == nil {
            group.removeAll()
            group.append(
                Entry.sample(journal.last.rawValue + 1, bytes: 9_000), durable: journal.durable)
            error = journal.refusal(of: &group)
        }
        #expect(error?.code == ENOSPC)
        let count = journal.last.rawValue
        #expect(count >= 20, "\(count)")
        // Emptied, not removed: a process that another test has just started may have it open.
        try Data().write(to: filler)
        try journal.append(&group)
        try journal.close()
        let entries = try FileJournal(storage, .small()).entries()
        #expect(entries == Entry.samples(1...count + 1, bytes: 9_000))
    }
}

extension FileJournal {
    /// Appends a group, or tells what the disk has against it.
    mutating func refusal(of group: inout RecordGroup) -> StorageError? {
        do throws(JournalError) { try append(&group) } catch {
            if case .storage(let refusal) = error { return refusal }
            Issue.record("\(error)")
        }
        return nil
    }
}

/// A file system of 1 MiB in memory.
struct SmallDisk {
    private let path: String

    /// - Returns: nil when this user may not make one.
    init?(at path: String) {
        self.path = path
        guard unsafe mount("tmpfs", path, "tmpfs", 0, "size=1m") == 0 else { return nil }
    }

    func makeReadOnly() -> Bool {
        unsafe mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "") == 0
    }

    func end() { unsafe umount2(path, 2) }
}

extension SmallDisk {
    static let isPossible: Bool = {
        guard let directory = try? TemporaryDirectory() else { return false }
        guard let disk = SmallDisk(at: directory.path) else { return false }
        disk.end()
        return true
    }()
}
