import SojournCluster
import SojournJournal
import SojournTestKit
import Testing

@Suite struct SnapshotPlanTests {
    @Test func `a snapshot is due after so many messages, and replaces the older of two`() {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        var limits = SnapshotPlan.Limits()
        limits.messages = 2
        var plan = SnapshotPlan(limits)
        var now: UInt64 = 0
        for number in 1...4 {
            plan.count(10)
            let isEarly = plan.isDue(now: now)
            #expect(!isEarly)
            plan.count(10)
            let isDue = plan.isDue(now: now)
            #expect(isDue)
            plan.begin([1, 2, 3], at: JournalPosition(UInt64(number)), now: now)
            plan.renewed(at: UInt64(10 * number), by: owner.owner)
            guard let upload = plan.upload(oldestUnarchived: .max) else {
                Issue.record("snapshot \(number) is not made")
                return
            }
            #expect(upload.steps == [.piece(0), .manifest])
            #expect(upload.range(ofPiece: 0) == 0..<3)
            #expect(upload.slot == 2 + (number + 1) % 2)
            plan.ended(upload.manifest)
            let isSoon = plan.isDue(now: now)
            #expect(!isSoon)
            now += limits.pauseMilliseconds
        }
        #expect(plan.newestSequence == 40)
        #expect(plan.coveredSequence == 30, "should the newest be damaged, it will do")
        #expect(plan.snapshots == 4)
    }

    @Test(arguments: [UInt64(1), 2])
    func `an owner spares the newest snapshot, and the slots of the owner before`(epoch: UInt64)
        throws
    {
        var log = MemoryLog()
        var owner = Contender(1)
        for number in 1...epoch {
            owner = Contender(number)
            owner.settle(&log, now: 0)
        }
        var plan = SnapshotPlan()
        var slots: [Int] = []
        for number in 1...4 as ClosedRange<UInt64> {
            plan.begin([1, 2, 3], at: .start, now: 0)
            plan.renewed(at: number, by: owner.owner)
            let early = plan.upload(oldestUnarchived: 0)
            #expect(early?.slot == nil, "the archive lacks what was finished before")
            let begun = plan.upload(oldestUnarchived: .max)
            let upload = try #require(begun)
            slots.append(upload.slot)
            plan.ended(number == 3 ? nil : upload.manifest)
            let isDue = plan.isDue(now: 1_000_000)
            #expect(isDue == (number == 3), "one that failed is made up for")
        }
        // The third failed, so its slot is not whole, and the next one goes there again.
        #expect(slots == (epoch == 1 ? [2, 3, 2, 2] : [0, 1, 0, 0]))
    }
}
