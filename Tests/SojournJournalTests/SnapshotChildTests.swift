import Foundation
import Glibc
import SojournJournal
import SojournModel
import Testing

/// One after the other: a child has its parent's locks for a moment, and would have those of
/// another test too.
@Suite(.serialized) enum ProcessTests {}

extension ProcessTests {
    /// Children are forked from a process with many threads, as in the service.
    @Suite struct SnapshotChildTests {
        private let directory: TemporaryDirectory
        private let storage: FileStorage

        init() throws {
            directory = try TemporaryDirectory()
            storage = try FileStorage(directory: directory.path)
        }

        /// Memory that a child writes while it changes here.
        @safe private final class Memory: @unchecked Sendable {
            let bytes: UnsafeMutableRawBufferPointer

            init(byteCount: Int) {
                unsafe bytes = .allocate(byteCount: byteCount, alignment: 8)
                fill(1)
            }

            deinit { unsafe bytes.deallocate() }

            func fill(_ value: UInt8) {
                unsafe _ = memset(bytes.baseAddress!, Int32(value), bytes.count)
            }

            func draft(_ position: UInt64) -> SnapshotDraft {
                var draft = SnapshotDraft(position: JournalPosition(position))
                draft.beginSection(1, elementBytes: 1)
                unsafe draft.append(UnsafeRawBufferPointer(bytes))
                return draft
            }
        }

        private func start(_ memory: Memory, _ position: UInt64) throws -> SnapshotChild {
            try SnapshotChild.start(
                memory.draft(position), deployment: testDeployment, in: storage)
        }

        @Test func `a child writes what memory was while the parent changes it`() throws {
            var journal = try FileJournal(storage, .small())
            try journal.append(groups: [2])
            let memory = Memory(byteCount: 64 << 20)
            var child = try start(memory, 2)
            memory.fill(2)
            try journal.append(groups: [1])
            var polls = 0
            while try !child.poll() {
                polls += 1
                usleep(1_000)
            }
            try journal.finish(child)
            guard let snapshot = try journal.loadSnapshot() else {
                Issue.record("no snapshot")
                return
            }
            let section = snapshot.section(1)!
            let isAllOnes = unsafe section.bytes.withUnsafeBytes { bytes in
                unsafe bytes.count == 64 << 20 && bytes.allSatisfy { $0 == 1 }
            }
            #expect(isAllOnes)
            #expect(try journal.entries(after: 2) == Entry.samples(3...3))
            let names = try directory.names()
            #expect(
                names == ["journal-0000000000000001.seg", "snapshot-0000000000000002.snap"],
                "after \(polls) looks")
        }

        @Test func `a child's file is byte for byte that of the parent`() throws {
            var journal = try FileJournal(storage, .small())
            try journal.append(groups: [1])
            let memory = Memory(byteCount: 1_000_003)
            try journal.finish(try start(memory, 1))
            let child = try directory.bytes(of: "snapshot-0000000000000001.snap")
            try journal.saveSnapshot(memory.draft(1))
            #expect(try directory.bytes(of: "snapshot-0000000000000001.snap") == child)
        }

        @Test func `only one child writes at a time`() throws {
            let memory = Memory(byteCount: 8 << 20)
            var journal = try FileJournal(storage, .small())
            try journal.append(groups: [1])
            let child = try start(memory, 1)
            #expect(throws: JournalError.snapshotRunning) {
                try journal.saveSnapshot(memory.draft(1))
            }
            #expect(throws: JournalError.snapshotRunning) { _ = try start(memory, 2) }
            drop(child)
            drop(try start(memory, 2))
        }

        private func drop(_: consuming SnapshotChild) {}

        @Test func `a child that nobody wants any more is ended and leaves nothing`() throws {
            let memory = Memory(byteCount: 128 << 20)
            let child = try start(memory, 1)
            let process = child.process
            drop(child)
            // Neither running nor waiting to be reaped.
            #expect(kill(process, 0) == -1 && errno == ESRCH)
            #expect(try directory.names().isEmpty)
        }

        @Test func `a child that is killed is told of, and its file is not used`() throws {
            var journal = try FileJournal(storage, .small())
            try journal.append(groups: [1])
            let memory = Memory(byteCount: 128 << 20)
            var child = try start(memory, 1)
            kill(child.process, SIGKILL)
            var failure: JournalError?
            do throws(JournalError) { try child.wait() } catch { failure = error }
            #expect(failure == .snapshotKilled(signal: SIGKILL))
            drop(child)
            #expect(try directory.names() == ["journal-0000000000000001.seg"])
            drop(try start(memory, 1))
        }

        @Test func `a child takes no notice of what stops its parent`() throws {
            let memory = Memory(byteCount: 64 << 20)
            var child = try start(memory, 1)
            for signal in [SIGTERM, SIGINT, SIGHUP] { kill(child.process, signal) }
            try child.wait()
            let isWritten = try child.poll()
            #expect(isWritten)
            drop(child)
        }

        @Test func `a child has no file open but its own`() throws {
            // Its parent's lock, above all.
            let memory = Memory(byteCount: 128 << 20)
            let child = try start(memory, 1)
            // Until it has come to that.
            var open: [String] = []
            for _ in 0..<500 {
                open =
                    (try? FileManager.default.contentsOfDirectory(
                        atPath: "/proc/\(child.process)/fd")) ?? []
                if open.count == 1 { break }
                usleep(1_000)
            }
            #expect(open.count == 1)
            drop(child)
        }

        @Test(.enabled(if: SmallDisk.isPossible))
        func `a child tells of a full disk`() throws {
            guard let disk = SmallDisk(at: directory.path) else { return }
            defer { disk.end() }
            let storage = try FileStorage(directory: directory.path)
            let memory = Memory(byteCount: 4 << 20)
            var child = try SnapshotChild.start(
                memory.draft(1), deployment: testDeployment, in: storage)
            var failure: JournalError?
            do throws(JournalError) { try child.wait() } catch { failure = error }
            guard case .storage(let error) = failure else {
                Issue.record("no failure of the disk")
                return
            }
            #expect(error.code == ENOSPC)
            drop(child)
            #expect(try directory.names().isEmpty)
        }
    }
}
