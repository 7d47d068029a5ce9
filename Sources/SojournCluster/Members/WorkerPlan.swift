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
    }

    package struct Limits: Equatable, Sendable {
        package var membership = Membership.Limits()
        /// A worker listens for so long before it takes anything, and moves nothing to one that it has not known for
        /// so long: workers that start together share at once.
        package var settleMilliseconds: UInt64 = 1_000
        /// A partition that should be ours, and is not, is looked at as often.
        package var lookMilliseconds: UInt64 = 500
        /// And one that is ours, as far as is known here: who was frozen may have lost it and hear of it from
        /// nobody, for it writes nothing when nothing is sent to it.
        package var lookAtOursMilliseconds: UInt64 = 3_000
        /// Partitions that are handed over at one time.
        package var handOversMax = 2

        package init() {}
    }

    private enum Holding: Equatable {
        case none
        /// Claimed or served here, since a moment, when the last claim that was known had an epoch.
        case held(since: UInt64, above: UInt64)
        case handingOver
    }

    package let me: OwnerIdentity
    private let limits: Limits
    private let startedAt: UInt64
    package private(set) var membership: Membership
    package private(set) var claims: ClaimBook
    private var holdings: [Holding]
    /// When each was looked at last.
    private var lookedAt: [UInt64?]
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
        takeAt = Array(repeating: 0, count: partitions)
    }

    // MARK: What is heard

    package mutating func hear(_ heartbeat: Heartbeat, now: UInt64) {
        if heartbeat.worker.name == me.name { return }
        membership.hear(heartbeat, now: now)
    }

    /// A claim or release that somebody announced, or that was read.
    package mutating func take(_ claim: PartitionClaim) { _ = claims.take(claim) }

    /// The last claim in the log of a partition; nil when there is none.
    package mutating func saw(_ partition: Int, _ claim: PartitionClaim?, now: UInt64) {
        lookedAt[partition] = now
        if let claim { _ = claims.take(claim) }
    }

    /// A partition that was taken is so no more.
    ///
    /// - Parameter pause: how long not to try again.
    package mutating func ended(_ partition: Int, pause: UInt64, now: UInt64) {
        holdings[partition] = .none
        lookedAt[partition] = nil
        takeAt[partition] = now + pause
    }

    package mutating func drain(_ isDraining: Bool) { self.isDraining = isDraining }

    package mutating func leave() { isLeaving = true }

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
            case .held(let since, let above):
                if isLost(partition, above) {
                    // The log refuses what is written here, so letting go finds out that it is over.
                } else if isLeaving || isDraining && (spread.isEmpty || !isMine) {
                    // All at once: nobody is served better by waiting.
                } else if isMine || spread.isEmpty || handOvers >= limits.handOversMax
                    || now - since < limits.settleMilliseconds
                    || !isSettled(spread[partition], now)
                {
                    look(partition, now, every: limits.lookAtOursMilliseconds, &orders)
                    continue
                }
                holdings[partition] = .handingOver
                handOvers += 1
                orders.append(.handOver(partition))
            case .none:
                guard isMine, now >= takeAt[partition] else { continue }
                if mayTake(partition) {
                    holdings[partition] = .held(
                        since: now, above: claims[partition]?.epoch ?? 0)
                    orders.append(.take(partition))
                } else {
                    // What is known may be old: the owner may have let go since.
                    look(partition, now, every: limits.lookMilliseconds, &orders)
                }
            }
        }
        return orders
    }

    private mutating func look(
        _ partition: Int, _ now: UInt64, every milliseconds: UInt64, _ orders: inout [Order]
    ) {
        if let at = lookedAt[partition], now - min(now, at) < milliseconds { return }
        lookedAt[partition] = now
        orders.append(.look(partition))
    }

    /// Whether nobody who lives is known to own a partition, and somebody has looked.
    private func mayTake(_ partition: Int) -> Bool {
        guard let claim = claims[partition] else { return lookedAt[partition] != nil }
        return claim.isReleased || !membership.lives(claim.owner)
    }

    /// Whether somebody else has claimed a partition since it was taken here.
    private func isLost(_ partition: Int, _ above: UInt64) -> Bool {
        guard let claim = claims[partition] else { return false }
        return claim.owner != me && claim.epoch > above
    }

    private func isSettled(_ worker: String, _ now: UInt64) -> Bool {
        membership.live.contains {
            $0.heartbeat.worker.name == worker
                && now - min(now, $0.since) >= limits.settleMilliseconds
        }
    }
}
