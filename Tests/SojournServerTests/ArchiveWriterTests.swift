import Dispatch
import Glibc
import Logging
import SojournArchive
import SojournModel
import Synchronization
import Testing
import ZeroMQ

@testable import SojournServer

/// Who writes the archive, and when.
@Suite(.timeLimit(.minutes(1))) struct ArchiveWriterTests {
    /// Remembers of each transaction in which class of the scheduler its thread was, and lets the first one wait.
    private final class WatchedArchive: Archive {
        static let usual = SCHED_OTHER
        /// SCHED_IDLE.
        static let idle: Int32 = 5

        let archive: SQLiteArchive
        let classes = Mutex<[Int32]>([])
        let firstHasBegun = DispatchSemaphore(value: 0)
        let firstMayGoOn = DispatchSemaphore(value: 0)

        init() throws {
            archive = try SQLiteArchive(
                path: nil, deployment: DeploymentID(Bits128(high: 1, low: 2)))
        }

        func write(_ groups: [PackedGroup]) throws(ArchiveError) {
            let count = classes.withLock { classes in
                classes.append(sched_getscheduler(0))
                return classes.count
            }
            if count == 1 {
                firstHasBegun.signal()
                firstMayGoOn.wait()
            }
            try archive.write(groups)
        }

        func archived() throws(ArchiveError) -> FeedPlace { try archive.archived() }

        func rewind(to place: FeedPlace) throws(ArchiveError) { try archive.rewind(to: place) }

        func expire(
            _ property: PropertyID, before start: Int64, atMost count: Int
        ) throws(ArchiveError) -> Int {
            try archive.expire(property, before: start, atMost: count)
        }

        func newestStarts() throws(ArchiveError) -> [(property: PropertyID, start: Int64)] {
            try archive.newestStarts()
        }

        func read<Result>(
            _ body: (any ArchiveView) throws -> Result
        ) throws(ArchiveError) -> Result {
            try archive.read(body)
        }

        func entries(
            after place: FeedPlace, atMost count: Int, bytes: Int
        ) throws(ArchiveError) -> (entries: [ArchivedEntry], hasMore: Bool) {
            try archive.entries(after: place, atMost: count, bytes: bytes)
        }
    }

    private static let groupSessions = 1_000

    /// A thousand sessions, each of a record of its own.
    private func group(_ number: Int) -> PackedGroup {
        var list = PackedSessions()
        for row in 1...Self.groupSessions {
            let position = UInt64(number * Self.groupSessions + row)
            list.place = FeedPlace(position: position, index: 1)
            let bits = Bits128(high: 7, low: position)
            var head = PackedHead(
                .finished, property: PropertyID(1), visitor: VisitorHash(bits),
                id: SessionID(bits))
            list.append(&head)
        }
        return PackedGroup(list)
    }

    private func writer(_ archive: WatchedArchive, hurryBytes: Int) throws -> ArchiveWriter {
        ArchiveWriter(
            archive, keepMilliseconds: nil, hurryBytes: hurryBytes, wakeUp: try WakeUp(),
            log: Logger(label: "test"))
    }

    private func waitUntilWritten(_ groups: Int, by writer: ArchiveWriter) {
        while writer.counters.sessions < UInt64(groups * Self.groupSessions) { usleep(1_000) }
    }

    @Test func `a second thread writes too when room runs short, and ends`() throws {
        let archive = try WatchedArchive()
        let writer = try writer(archive, hurryBytes: 1 << 20)
        writer.write([group(0)])
        archive.firstHasBegun.wait()
        // Some 3 MB.
        for number in 1..<20 { writer.write([group(number)]) }
        archive.firstMayGoOn.signal()
        waitUntilWritten(20, by: writer)
        let classes = archive.classes.withLock { $0 }
        #expect(classes.first == WatchedArchive.idle)
        #expect(classes.dropFirst().contains(WatchedArchive.usual))
        // There is room again.
        writer.write([group(20)])
        waitUntilWritten(21, by: writer)
        #expect(archive.classes.withLock { $0.last } == WatchedArchive.idle)
        writer.stop()
        // Each once, and in order, or the later ones would have been left out.
        let found = try archive.entries(after: .start, atMost: 100_000, bytes: 1 << 30)
        #expect(found.entries.map(\.place.position) == Array(1...21_000))
    }

    @Test func `sessions that come soon after others wait for more`() throws {
        let archive = try WatchedArchive()
        archive.firstMayGoOn.signal()
        let writer = try writer(archive, hurryBytes: 1 << 30)
        for number in 0..<50 {
            writer.write([group(number)])
            usleep(2_000)
        }
        waitUntilWritten(50, by: writer)
        // Two, where the machine has nothing else to do.
        #expect(writer.counters.transactions < 10)
        writer.stop()
    }

    @Test func `a stop does not wait for a thread that stands back`() throws {
        let archive = try WatchedArchive()
        archive.firstMayGoOn.signal()
        let writer = try writer(archive, hurryBytes: 1 << 30)
        writer.write([group(0)])
        waitUntilWritten(1, by: writer)
        for number in 1..<5 { writer.write([group(number)]) }
        writer.stop()
        #expect(writer.counters.sessions == 5_000)
        #expect(try archive.archived().position == 5_000)
    }
}
