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

    @Test func `a claim is renewed when all before it is in the log, and nothing goes in between`()
    {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        owner.write(now: 0)
        owner.owner.renew(now: 0)
        owner.carryOut(log, now: 0)
        #expect(owner.posts.count == 1)
        let canSend = owner.canSend
        #expect(!canSend)
        owner.settle(&log, now: 1)
        #expect(owner.renewals == [3])
        // So one who was deposed leaves no claim behind that of his heir.
        let heir = Contender(2)
        owner.write(now: 2)
        owner.owner.renew(now: 2)
        owner.carryOut(log, now: 2)
        heir.settle(&log, now: 2)
        owner.settle(&log, now: 2)
        #expect(log.lastClaim?.owner.incarnation == 2)
        #expect(owner.end != nil)
    }

    @Test func `an owner that hears of a later claim is deposed, whether it writes or not`() {
        var log = MemoryLog()
        let owner = Contender(1)
        owner.settle(&log, now: 0)
        guard let claim = log.lastClaim else { preconditionFailure("it has claimed") }
        owner.owner.heard(claim)
        #expect(owner.phase == .serving, "it is its own")
        let heir = Contender(2)
        heir.settle(&log, now: 0)
        guard let later = log.lastClaim else { preconditionFailure("it has claimed") }
        owner.owner.heard(later)
        #expect(owner.phase == .ended(.deposed(by: later)))
    }

    @Test func `one that looks for what was dropped is outrun`() {
        var log = MemoryLog()
        let zombie = Contender(1)
        zombie.settle(&log, now: 0)
        let heir = Contender(2)
        heir.settle(&log, now: 0)
        log.messagesMax = 2
        for _ in 0..<3 {
            heir.write(now: 0)
            heir.settle(&log, now: 0)
        }
        zombie.write(now: 10)
        zombie.settle(&log, now: 10)
        #expect(zombie.end == .outrun)
    }

    @Test func `an answer to what was sent before a void message says nothing of the log`() {
        var log = MemoryLog()
        let zombie = Contender(1)
        zombie.settle(&log, now: 0)
        for _ in 0..<2 { zombie.write(now: 0) }
        zombie.carryOut(log, now: 0)
        let heir = Contender(2)
        heir.settle(&log, now: 0)
        for _ in 0..<2 { heir.write(now: 0) }
        heir.carryOut(log, now: 0)
        // The zombie's second record stands behind the claim, where the heir's first was to be; his second behind it.
        zombie.deliver(1, &log, now: 0, losesAnswer: true)
        heir.deliver(1, &log, now: 0)
        let late = heir.posts.remove(at: 1)
        guard case .answer(_, let ticket) = late else { preconditionFailure("it was answered") }
        // Nobody is answered for a while, so both are unknown.
        for now in stride(from: 2_000 as UInt64, to: 5_000, by: 50) {
            heir.owner.tick(now: now)
            heir.carryOut(log, now: now)
            while !heir.posts.isEmpty {
                // The answer comes when its message was sent again.
                let isAgain = heir.posts.contains {
                    if case .append(_, _, ticket) = $0 { true } else { false }
                }
                if isAgain { heir.posts.insert(late, at: 0) }
                heir.deliver(0, &log, now: now)
                if isAgain { heir.deliver(0, &log, now: now) }
                heir.carryOut(log, now: now)
            }
        }
        heir.posts.append(late)
        heir.settle(&log, now: 5_000)
        #expect(heir.end == nil)
        #expect(Contender.read(log).writers == [2, 2])
    }

    @Test func `a state that is not had is tried again, and in the end that is silence`() {
        let limits = OwnerLimits()
        var owner = PartitionOwner(
            partition: 3, of: Contender.deployment,
            by: OwnerIdentity(name: "worker-1", incarnation: 1), at: "tcp://127.0.0.1:1",
            behind: 0, now: 0)
        owner.sawEnd(lastSequence: 0, claim: nil, now: 0)
        owner.acknowledged(1, at: 1, isDuplicate: false, now: 0)
        var loads = 0
        for now in stride(from: 0, through: limits.silenceMilliseconds, by: 1_000) {
            owner.tick(now: now)
            while let action = owner.nextAction() {
                guard case .load(let through) = action else { continue }
                #expect(through == 1)
                loads += 1
                owner.couldNotLoad(.passing("the log has no leader"), now: now)
            }
        }
        #expect(loads == 21)
        let phase = owner.phase
        #expect(phase == .ended(.silent(milliseconds: limits.silenceMilliseconds)))
        #expect(OwnerEnd.pauseMilliseconds(after: .silent(milliseconds: 1)) < 1_000)
    }
}
