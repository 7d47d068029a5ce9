/// Which workers live, by the heartbeats that were heard. Moments are steady milliseconds.
package struct Membership: Equatable, Sendable {
    package struct Limits: Equatable, Sendable {
        package var heartbeatMilliseconds: UInt64 = 300
        /// So many missed heartbeats make a worker dead.
        package var missedMax: UInt64 = 5

        package init() {}

        /// Silence after which a worker is taken for dead.
        package var deadMilliseconds: UInt64 { heartbeatMilliseconds * missedMax }
    }

    package struct Member: Equatable, Sendable {
        package var heartbeat: Heartbeat
        /// Since when it has been heard of, in this incarnation.
        package var since: UInt64
        package var heardAt: UInt64
    }

    private let limits: Limits
    /// By name; walked only in the order of names.
    private var members: [String: Member] = [:]
    /// Incarnations that said that they end: what they said before may still be on its way.
    private var gone: Set<UInt64> = []

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    package mutating func hear(_ heartbeat: Heartbeat, now: UInt64) {
        let (name, incarnation) = (heartbeat.worker.name, heartbeat.worker.incarnation)
        if gone.contains(incarnation) { return }
        if heartbeat.isLeaving {
            gone.insert(incarnation)
            if members[name]?.heartbeat.worker.incarnation == incarnation { members[name] = nil }
            return
        }
        let since =
            members[name].flatMap {
                $0.heartbeat.worker.incarnation == incarnation ? $0.since : nil
            }
        members[name] = Member(heartbeat: heartbeat, since: since ?? now, heardAt: now)
    }

    /// Forgets those that have been silent for too long.
    package mutating func tick(now: UInt64) {
        members = members.filter { now - min(now, $0.value.heardAt) < limits.deadMilliseconds }
    }

    /// Those that live, in the order of their names.
    package var live: [Member] {
        members.keys.sorted().compactMap { members[$0] }
    }

    package func lives(_ owner: OwnerIdentity) -> Bool {
        members[owner.name]?.heartbeat.worker.incarnation == owner.incarnation
    }
}
