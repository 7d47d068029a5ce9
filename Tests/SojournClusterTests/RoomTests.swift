import SojournCluster
import SojournJournal
import SojournTestKit
import Testing

/// What the log drops is in a snapshot (cluster, "Room").
@Suite struct RoomTests {
    private static let claimReserve: UInt64 = 64
    private static let logMessages = 4 * claimReserve

    private static var limits: OwnerLimits {
        var limits = OwnerLimits()
        limits.logMessages = logMessages
        limits.claimReserve = claimReserve
        return limits
    }

    /// An owner that has written as long as it could, and its log.
    private static func full() -> (owner: Contender, log: MemoryLog) {
        var log = MemoryLog()
        log.messagesMax = Int(logMessages)
        let owner = Contender(1, limits: limits)
        owner.settle(&log, now: 0)
        while owner.canSend {
            owner.write(now: 1)
            owner.settle(&log, now: 1)
        }
        return (owner, log)
    }

    @Test
    func `an owner stops before the log drops what is in no snapshot, and goes on behind one`() {
        var (owner, log) = Self.full()
        #expect(log.lastSequence == Self.logMessages - Self.claimReserve)
        #expect(log.messages.first?.sequence == 1)
        let takesBatches = owner.owner.takesBatches
        #expect(!takesBatches)
        let canRenew = owner.owner.canRenew
        #expect(canRenew, "a snapshot is the way out")
        owner.owner.renew(now: 2)
        owner.settle(&log, now: 2)
        guard let sequence = owner.renewals.last else {
            Issue.record("it was not renewed")
            return
        }
        owner.owner.stored(through: sequence)
        #expect(owner.canSend)
        let takesAgain = owner.owner.takesBatches
        #expect(takesAgain)
        // The log is as long as it may be, and drops what the snapshot has.
        for _ in 0..<2 * Self.claimReserve {
            owner.write(now: 3)
            owner.settle(&log, now: 3)
        }
        #expect(log.messages.count == Int(Self.logMessages))
        #expect(log.messages.first.map { $0.sequence <= sequence } == true)
    }

    @Test func `batches are refused before records find no room`() {
        var log = MemoryLog()
        let owner = Contender(1, limits: Self.limits)
        owner.settle(&log, now: 0)
        var records = 0
        while owner.canSend {
            if !owner.owner.takesBatches { records += 1 }
            owner.write(now: 1)
            owner.settle(&log, now: 1)
        }
        #expect(records == Int(Self.claimReserve))
    }

    @Test(arguments: [
        (last: Self.logMessages - 1, snapshot: 0 as UInt64, isFull: false),
        (last: Self.logMessages, snapshot: 0, isFull: true),
        (last: Self.logMessages + 9, snapshot: 10, isFull: false),
        (last: Self.logMessages + 10, snapshot: 10, isFull: true),
    ])
    func `nobody claims where a claim would drop what is in no snapshot`(
        last: UInt64, snapshot: UInt64, isFull: Bool
    ) {
        let contender = Contender(2, limits: Self.limits)
        contender.owner.sawEnd(
            lastSequence: last, claim: nil, snapshotSequence: snapshot, now: 0)
        let full = OwnerEnd.logFull(lastSequence: last, snapshotSequence: snapshot)
        #expect(contender.phase == (isFull ? .ended(full) : .claiming))
        #expect(full.isFault)
    }
}
