import SojournCluster
import SojournJournal
import SojournTestKit
import Testing

@Suite struct SnapshotPlanTests {
    @Test func `the older of two snapshots goes, and the log before the other`() {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        var limits = SnapshotPlan.Limits()
        limits.messages = 2
        var plan = SnapshotPlan(limits)
        var kept: [SnapshotManifest] = []
        var now: UInt64 = 0
        for number in 1...4 {
            plan.count(10)
            let isEarly = plan.isDue(now: now)
            #expect(!isEarly)
            plan.count(10)
            let isDue = plan.isDue(now: now)
            #expect(isDue)
            plan.begin([1, 2, 3], at: JournalPosition(UInt64(number)), now: now)
            guard let upload = plan.upload(behind: UInt64(10 * number), of: owner.owner) else {
                Issue.record("snapshot \(number) is not made")
                return
            }
            var steps: [SnapshotPlan.Upload.Step] = [.piece(0..<3), .manifest]
            if kept.count == 2 { steps.append(.dropPieces(kept.removeFirst())) }
            if let other = kept.last { steps.append(.trim(through: other.sequence)) }
            #expect(upload.steps == steps)
            #expect(upload.slot == (number + 1) % 2)
            plan.ended(upload.manifest)
            kept.append(upload.manifest)
            let isSoon = plan.isDue(now: now)
            #expect(!isSoon)
            now += limits.pauseMilliseconds
        }
        #expect(plan.newestSequence == 40)
        #expect(plan.snapshots == 4)
    }
}
