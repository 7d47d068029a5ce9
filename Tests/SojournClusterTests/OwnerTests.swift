import SojournCluster
import SojournJournal
import SojournModel
import SojournTestKit
import Testing

@Suite struct OwnerTests {
    @Test func `an owner claims, writes, renews and lets go`() {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        #expect(owner.phase == .serving)
        #expect(log.lastClaim?.epoch == 1)
        owner.write(2, now: 1)
        owner.settle(&log, now: 1)
        let position = owner.owner.position
        #expect(position == JournalPosition(2))
        owner.owner.renew(now: 2)
        owner.settle(&log, now: 2)
        #expect(owner.renewals == [3])
        owner.owner.release(now: 3)
        owner.settle(&log, now: 3)
        #expect(owner.end == .released)
        #expect(log.lastClaim?.isReleased == true)
    }

    @Test func `the next owner has all that was written, and a larger epoch`() {
        var log = MemoryLog()
        let first = Contender(1)
        first.settle(&log, now: 0)
        for _ in 0..<5 {
            first.write(now: 0)
            first.settle(&log, now: 0)
        }
        let second = Contender(2)
        second.settle(&log, now: 0)
        #expect(second.phase == .serving)
        let (position, epoch) = (second.owner.position, second.owner.epoch)
        #expect(position == JournalPosition(5))
        #expect(epoch == 2)
    }

    @Test func `a partition that comes back to a process is claimed at once`() {
        var log = MemoryLog()
        let first = Contender(1)
        first.settle(&log, now: 0)
        for now in 1...20 as ClosedRange<UInt64> {
            first.write(now: now)
            first.settle(&log, now: now)
        }
        first.owner.release(now: 30)
        first.settle(&log, now: 30)
        let second = Contender(1, now: 40, behind: 1 << 40)
        second.settle(&log, now: 40)
        #expect(second.phase == .serving)
        // Why its tickets are its own: the log takes what has an id of the first for that.
        second.owner.release(now: 50)
        second.settle(&log, now: 50)
        let third = Contender(1, now: 60)
        third.settle(&log, now: 60)
        #expect(third.phase == .claiming)
    }

    @Test func `a deposed owner finds out at its next append`() {
        var log = MemoryLog()
        let zombie = Contender(1)
        zombie.settle(&log, now: 0)
        let heir = Contender(2)
        heir.settle(&log, now: 0)
        zombie.write(now: 10)
        zombie.settle(&log, now: 10)
        guard case .deposed(let claim) = zombie.end else {
            Issue.record("the zombie is \(zombie.phase)")
            return
        }
        #expect(claim.owner.name == "worker-2")
        let position = zombie.owner.position
        #expect(position == .start)
    }

    @Test
    func `what a deposed owner had on its way behind the claim is void, and the heir goes on`() {
        var log = MemoryLog()
        let zombie = Contender(1)
        zombie.settle(&log, now: 0)
        // Three on their way; the claim takes the place of the first.
        for _ in 0..<3 { zombie.write(now: 0) }
        zombie.carryOut(log, now: 0)
        let heir = Contender(2)
        heir.settle(&log, now: 0)
        #expect(heir.phase == .serving)
        zombie.settle(&log, now: 0)
        guard case .deposed = zombie.end else {
            Issue.record("the zombie is \(zombie.phase)")
            return
        }
        // They stand in the log, for the sequences that they expect are there.
        #expect(log.lastSequence == 4)
        heir.write(now: 1)
        for now in stride(from: 1 as UInt64, to: 2_000, by: 50) {
            heir.owner.tick(now: now)
            heir.settle(&log, now: now)
        }
        let position = heir.owner.position
        #expect(position == JournalPosition(1))
        #expect(Contender.read(log).writers == [2])
    }

    @Test func `an append without an answer is sent again under its id, and counts once`() {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        owner.write(now: 0)
        owner.carryOut(log, now: 0)
        owner.deliver(0, &log, now: 0, losesAnswer: true)
        let before = owner.owner.position
        #expect(before == .start)
        owner.owner.tick(now: 2_000)
        let canSend = owner.canSend
        #expect(!canSend, "nothing else is sent before it is known")
        owner.settle(&log, now: 2_000)
        let (position, resends) = (owner.owner.position, owner.owner.resends)
        #expect(position == JournalPosition(1))
        #expect(resends == 1)
        #expect(log.messages.count == 2)
    }

    @Test
    func `an append that is lost on its way is sent again when the log refuses the one behind it`()
    {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        for _ in 0..<3 { owner.write(now: 0) }
        owner.carryOut(log, now: 0)
        owner.posts.removeFirst()
        for now in stride(from: 0 as UInt64, to: 10_000, by: 50) {
            owner.owner.tick(now: now)
            owner.settle(&log, now: now)
        }
        let position = owner.owner.position
        #expect(position == JournalPosition(3))
        #expect(Contender.read(log).writers == [1, 1, 1])
    }

    @Test
    func `a group larger than a message is written in pieces, and half of one does not count`() {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        owner.write(1, bytes: 2_500_000, now: 0)
        owner.carryOut(log, now: 0)
        #expect(owner.posts.count == 3)
        owner.deliver(0, &log, now: 0)
        owner.deliver(0, &log, now: 0)
        #expect(Contender.read(log).writers == [])
        let heir = Contender(2)
        heir.settle(&log, now: 0)
        heir.write(1, bytes: 1_000_000, now: 0)
        heir.settle(&log, now: 0)
        #expect(Contender.read(log).writers == [2])
    }

    @Test func `who claims gives way to one who writes`() {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        let rival = Contender(2)
        rival.carryOut(log, now: 0)
        owner.write(now: 0)
        owner.settle(&log, now: 0)
        rival.settle(&log, now: 0)
        #expect(rival.end == .outrun)
        #expect(owner.phase == .serving)
    }

    @Test func `an owner gives up when the log is silent for too long`() {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        owner.write(now: 0)
        for now in stride(from: 0 as UInt64, through: 20_000, by: 500) {
            owner.owner.tick(now: now)
            owner.carryOut(log, now: now)
            owner.posts.removeAll()
        }
        #expect(owner.end == .silent(milliseconds: 20_000))
    }

    @Test func `a log that does not fence is not used`() {
        var log = MemoryLog()
        log.isFencing = false
        let first = Contender(1)
        first.settle(&log, now: 0)
        let second = Contender(2)
        second.settle(&log, now: 0)
        first.write(now: 0)
        first.settle(&log, now: 0)
        #expect(first.end == .notFenced(expected: 2, sequence: 3))
        let position = first.owner.position
        #expect(position == .start)
    }
}
