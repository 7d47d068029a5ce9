import SojournCluster
import SojournJournal
import SojournModel
import SojournTestKit
import Testing

/// Several workers that all believe that they own one partition, over a network that delays, repeats and loses:
/// whatever anybody would have answered is in the log that everybody reads, once, as he wrote it.
@Suite struct ContestTests {
    @Test func `nobody answers what is not in the log, whoever believes what`() {
        var (written, deposed) = (0, 0)
        for seed in 1...2_000 as ClosedRange<UInt64> {
            var contest = Contest(seed: seed)
            contest.run()
            written += contest.recordCount
            deposed += contest.deposedCount
            if let fault = contest.fault {
                Issue.record("seed \(seed): \(fault)")
                return
            }
        }
        #expect(written > 10_000)
        #expect(deposed > 2_000)
    }

    @Test func `without fencing somebody answers what is not in the log`() {
        let isFound = (1...200 as ClosedRange<UInt64>).contains { seed in
            var contest = Contest(seed: seed, isFencing: false)
            contest.run()
            return contest.fault != nil
        }
        #expect(isFound)
    }
}

private struct Contest {
    private var log = MemoryLog()
    private var random: SplitMix64
    private var contenders: [Contender] = []
    private var now: UInt64 = 0
    private var nextNumber: UInt64 = 1
    private(set) var fault: String?

    init(seed: UInt64, isFencing: Bool = true) {
        random = SplitMix64(seed: seed)
        log.isFencing = isFencing
    }

    var recordCount: Int { Contender.read(log).writers.count }
    private(set) var deposedCount = 0

    mutating func run() {
        for _ in 0..<150 {
            now += UInt64(random.number(0...300))
            step()
        }
        // The network is whole again: what can come to an end does.
        for _ in 0..<60 {
            now += 200
            for contender in contenders {
                contender.owner.tick(now: now)
                contender.settle(&log, now: now)
            }
        }
        judge()
    }

    private mutating func step() {
        if contenders.count(where: { $0.end == nil }) < 3, random.once(in: 12) || contenders.isEmpty
        {
            contenders.append(Contender(nextNumber, now: now))
            nextNumber += 1
            return
        }
        let contender = contenders[random.number(0...contenders.count - 1)]
        // One that stands still does not even see time go by.
        if random.once(in: 3) { contender.owner.tick(now: now) }
        contender.carryOut(log, now: now)
        if random.once(in: 2), contender.canSend { contender.write(random.number(1...3), now: now) }
        if random.once(in: 40), contender.canSend { contender.owner.renew(now: now) }
        if random.once(in: 80) { contender.owner.release(now: now) }
        if random.once(in: 60) { log.forgetIDs() }
        contender.carryOut(log, now: now)
        guard !contender.posts.isEmpty else { return }
        // Mostly in order, for a connection keeps it; not so over several.
        let row = random.once(in: 4) ? random.number(0...contender.posts.count - 1) : 0
        switch random.number(0...11) {
        case 0: contender.posts.remove(at: row)
        case 1: contender.posts.append(contender.posts[row])
        case 2: contender.deliver(row, &log, now: now, losesAnswer: true)
        default: contender.deliver(row, &log, now: now)
        }
        contender.carryOut(log, now: now)
    }

    private mutating func judge() {
        let writers = Contender.read(log).writers
        for contender in contenders {
            switch contender.end {
            case .deposed?, .outrun?: deposedCount += 1
            case .notFenced?: fault = "\(contender.number) found that the log does not fence"
            default: break
            }
            for (position, writer) in contender.answered {
                let row = Int(position.rawValue) - 1
                guard row < writers.count, writers[row] == writer else {
                    fault = "\(writer) answered record \(position), which the log does not have"
                    return
                }
            }
        }
    }
}
