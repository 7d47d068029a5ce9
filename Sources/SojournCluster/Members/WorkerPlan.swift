/// What a worker does about partitions: which to look at, to take and to hand over, by the workers that live and
/// the claims that are known. Heartbeats, claims and moments go in, orders come out.
///
/// It may be wrong, for what it knows is old: then the log refuses the claim that it leads to.
package struct WorkerPlan: ~Copyable {
    package enum Order: Equatable, Sendable {
        /// Read the last claim of a partition: `saw`.
        case look(Int)
        /// Claim it and serve it: `ended` when that is over, soon or late.
        case take(Int)
        /// Let go of it.
        case handOver(Int)
        /// Somebody else has claimed it since: who serves it here has missed that.
        case giveUp(Int, PartitionClaim)
    }

    package struct Limits: Equatable, Sendable {
        package var membership = Membership.Limits()
        /// A worker listens for so long before it takes anything, and moves nothing to one that it has not known for
        /// so long: workers that start together share at once.
        package var settleMilliseconds: UInt64 = 1_000
        /// A partition that should be ours, and is not, is looked at as often.
        package var lookMilliseconds: UInt64 = 500
        /// And one that is held here, for word of another's claim may be lost, and one who has nothing to write does not
        /// find out by himself.
        package var heldLookMilliseconds: UInt64 = 3_000
        /// Partitions that are handed over at one time.
        package var handOversMax = 2

        package init() {}
    }

    private enum Holding: Equatable {
        case none
        /// Claimed or served here; under which epoch, once it is claimed.
        case held(since: UInt64, epoch: UInt64?)
        case handingOver
    }

    package let me: OwnerIdentity
    private let limits: Limits
    private let startedAt: UInt64
    package private(set) var membership: Membership
    package private(set) var claims: ClaimBook
    private var holdings: [Holding]
    /// When each was looked at last, whatever came of it.
    private var lookedAt: [UInt64?]
    /// Its last claim was read since it was last held here.
    private var isSeen: [Bool]
    /// Of that claim; 0 for none.
    private var seenEpochs: [UInt64]
    /// When the owner that is known was last known to hold it: by his claim, or his heartbeat.
    private var heldAt: [UInt64]
    /// Before that, no attempt is made to take it.
    private var takeAt: [UInt64]
    /// No partitions are wanted.
    package private(set) var isDraining = false
    /// It is about to end: everything is handed over at once.
    package private(set) var isLeaving = false

    package init(
        _ me: OwnerIdentity, partitions: Int, limits: Limits = Limits(), now: UInt64
    ) {
        self.me = me
        self.limits = limits
        startedAt = now
        membership = Membership(limits.membership)
        claims = ClaimBook(partitions: partitions)
        holdings = Array(repeating: .none, count: partitions)
        lookedAt = Array(repeating: nil, count: partitions)
        isSeen = Array(repeating: false, count: partitions)
        seenEpochs = Array(repeating: 0, count: partitions)
        heldAt = Array(repeating: 0, count: partitions)
        takeAt = Array(repeating: 0, count: partitions)
    }

    // MARK: What is heard

    package mutating func hear(_ heartbeat: Heartbeat, now: UInt64) {
        if heartbeat.worker.name == me.name { return }
        membership.hear(heartbeat, now: now)
        for holding in heartbeat.holdings where holdings.indices.contains(holding.partition) {
            guard let claim = claims[holding.partition], claim.owner == heartbeat.worker,
                holding.epoch >= claim.epoch
            else { continue }
            heldAt[holding.partition] = now
        }
    }

    /// A claim or release that somebody announced.
    package mutating func hear(_ claim: PartitionClaim, now: UInt64) {
        if claims.take(claim) { heldAt[claim.partition] = now }
    }

    /// The last claim in the log of a partition; nil when there is none.
    package mutating func saw(_ partition: Int, _ claim: PartitionClaim?, now: UInt64) {
        isSeen[partition] = true
        seenEpochs[partition] = claim?.epoch ?? 0
        if let claim { hear(claim, now: now) }
    }

    /// What those who serve partitions here say of them.
    package mutating func hold(_ held: [Heartbeat.Holding]) {
        for holding in held {
            guard case .held(let since, _) = holdings[holding.partition] else { continue }
            holdings[holding.partition] = .held(since: since, epoch: holding.epoch)
        }
    }

    /// A partition that was taken is so no more.
    ///
    /// - Parameter pause: how long not to try again.
    package mutating func ended(_ partition: Int, pause: UInt64, now: UInt64) {
        holdings[partition] = .none
        lookedAt[partition] = nil
        isSeen[partition] = false
        takeAt[partition] = now + pause
    }

    package mutating func drain(_ isDraining: Bool) { self.isDraining = isDraining }

    package mutating func leave() { isLeaving = true }

    /// What it says of itself to the others.
    package func heartbeat(_ holdings: [Heartbeat.Holding]) -> Heartbeat {
        var heartbeat = Heartbeat(worker: me)
        heartbeat.isDraining = isDraining || isLeaving
        heartbeat.isLeaving = isLeaving && isEmpty
        heartbeat.holdings = holdings
        return heartbeat
    }

    package var isEmpty: Bool { holdings.allSatisfy { $0 == .none } }

    // MARK: What is to be done

    /// Who is to have each partition, as far as is known here; empty when nobody wants any.
    package var spread: [String] {
        var names = membership.live.filter { !$0.heartbeat.isDraining }.map {
            $0.heartbeat.worker.name
        }
        if !isDraining, !isLeaving { names.append(me.name) }
        return PartitionSpread.owners(of: claims.count, among: names)
    }

    /// Lets time go by.
    ///
    /// - Returns: what is to be done now.
    package mutating func tick(now: UInt64) -> [Order] {
        membership.tick(now: now)
        guard now - startedAt >= limits.settleMilliseconds || isLeaving else { return [] }
        let spread = spread
        var orders: [Order] = []
        var handOvers = holdings.count { $0 == .handingOver }
        for partition in holdings.indices {
            let isMine = !spread.isEmpty && spread[partition] == me.name
            switch holdings[partition] {
            case .handingOver: continue
            case .held(let since, let epoch):
                let later = claims[partition].flatMap { $0.epoch > epoch ?? .max ? $0 : nil }
                if let later, seenEpochs[partition] >= later.epoch {
                    orders.append(.giveUp(partition, later))
                    continue
                }
                // What was announced is a hint; the log knows.
                let pause =
                    later == nil ? limits.heldLookMilliseconds : limits.lookMilliseconds
                look(partition, every: pause, now, &orders)
                if isLeaving || isDraining && (spread.isEmpty || !isMine) {
                    // All at once: nobody is served better by waiting.
                } else if isMine || spread.isEmpty || handOvers >= limits.handOversMax
                    || now - since < limits.settleMilliseconds
                    || !isSettled(spread[partition], now)
                {
                    continue
                }
                holdings[partition] = .handingOver
                handOvers += 1
                orders.append(.handOver(partition))
            case .none:
                guard isMine, now >= takeAt[partition] else { continue }
                if mayTake(partition, now) {
                    holdings[partition] = .held(since: now, epoch: nil)
                    orders.append(.take(partition))
                } else {
                    // What is known may be old: the owner may have let go since.
                    look(partition, every: limits.lookMilliseconds, now, &orders)
                }
            }
        }
        return orders
    }

    private mutating func look(
        _ partition: Int, every milliseconds: UInt64, _ now: UInt64, _ orders: inout [Order]
    ) {
        if let at = lookedAt[partition], now - min(now, at) < milliseconds { return }
        lookedAt[partition] = now
        orders.append(.look(partition))
    }

    /// Whether nobody who lives is known to hold a partition.
    private func mayTake(_ partition: Int, _ now: UInt64) -> Bool {
        guard let claim = claims[partition] else {
            return isSeen[partition] && !isHeld(partition, from: 0)
        }
        // A claim that came after the one that is known.
        if isHeld(partition, from: claim.epoch + 1) { return false }
        if claim.isReleased || !membership.lives(claim.owner) { return true }
        // One who lives, and does not hold it any more, may have failed to say so in the log.
        return now - min(now, heldAt[partition]) >= limits.membership.deadMilliseconds
    }

    /// Whether somebody who lives says that he holds a partition, under an epoch or a later one.
    private func isHeld(_ partition: Int, from epoch: UInt64) -> Bool {
        membership.live.contains { member in
            member.heartbeat.holdings.contains {
                $0.partition == partition && $0.epoch >= epoch
            }
        }
    }

    private func isSettled(_ worker: String, _ now: UInt64) -> Bool {
        membership.live.contains {
            $0.heartbeat.worker.name == worker
                && now - min(now, $0.since) >= limits.settleMilliseconds
        }
    }
}
