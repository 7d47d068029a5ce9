import SojournModel

extension Scenario {
    /// A scenario for `Oracle`: no event is too late, `start` and `end` arrive in order, no caps.
    package static func inOrder(seed: UInt64) -> Scenario {
        var random = SplitMix64(seed: seed)
        let scale: Int64 = random.pick([1, 1, 1, 1_000])
        var policy = SessionPolicy()
        policy.timeoutMilliseconds = random.pick([1_000, 1_500, 4_000]) * scale
        policy.latenessMilliseconds = randomLateness(&random, policy.timeoutMilliseconds)
        // Nobody is forgotten: the oracles remember everyone.
        policy.visitorRetentionMilliseconds = 366 * 86_400_000
        policy.maxDurationMilliseconds = nil
        policy.maxEvents = nil
        let days = randomDays(&random, scale)
        policy.midnight = days.midnight
        let events = randomEvents(&random, scale, policy, around: days.center)

        // Each event is delayed by at most the lateness, so none is too late.
        let keyed = events.map { ($0, $0.time + random.number(0...policy.latenessMilliseconds)) }
        let ordered = random.once(in: 8) ? events : keyed.sorted { $0.1 < $1.1 }.map(\.0)
        var scenario = Scenario(policy: policy, arrivals: ordered.map { Arrival($0) })
        scenario.cutIntoBatches(&random)
        scenario.moveClock(&random)
        scenario.keepMarksInOrder()
        return scenario
    }

    /// A scenario for `ArrivalOracle`: anything goes.
    package static func anyOrder(seed: UInt64) -> Scenario {
        var random = SplitMix64(seed: ~seed)
        let scale: Int64 = random.pick([1, 1, 1, 1_000])
        var policy = SessionPolicy()
        policy.timeoutMilliseconds = random.pick([1_000, 1_500, 4_000]) * scale
        policy.latenessMilliseconds = randomLateness(&random, policy.timeoutMilliseconds)
        // Nobody is forgotten: the oracles remember everyone.
        policy.visitorRetentionMilliseconds = 366 * 86_400_000
        policy.maxDurationMilliseconds =
            random.once(in: 2) ? nil : policy.timeoutMilliseconds * Int64(random.number(1...3))
        policy.maxEvents = random.once(in: 2) ? nil : UInt32(random.number(1...6))
        policy.splitsOnCampaign = random.once(in: 3)
        let days = randomDays(&random, scale)
        policy.midnight = days.midnight
        var events = randomEvents(&random, scale, policy, around: days.center)
        switch random.number(0...3) {
        case 0: events.shuffle(using: &random)
        case 1: break
        default:
            let delay = random.pick([1, 4, 20, 60]) * policy.timeoutMilliseconds / 2
            let keyed = events.map { ($0, $0.time + random.number(0...delay)) }
            events = keyed.sorted { $0.1 < $1.1 }.map(\.0)
        }
        var scenario = Scenario(policy: policy, arrivals: events.map { Arrival($0) })
        scenario.cutIntoBatches(&random)
        for index in scenario.arrivals.indices where random.once(in: 24) {
            let time = scenario.arrivals[index].event.time
            let ahead = random.number(-policy.timeoutMilliseconds...3 * policy.timeoutMilliseconds)
            scenario.arrivals[index].clock = time + ahead
            scenario.arrivals[index].ticks = random.once(in: 2)
        }
        return scenario
    }

    /// None, hardly any, or so much that events of many sessions arrive in any order; or so much that
    /// a visitor's sessions finish in one tick of the wheel.
    private static func randomLateness(_ random: inout SplitMix64, _ timeout: Int64) -> Int64 {
        min(
            random.pick([0, 1, timeout / 2] + [3, 3, 8, 8, 8, 30, 3_000].map { $0 * timeout }),
            7 * 86_400_000)
    }

    /// Days of a zone, or none, and a time near which something happens in it.
    private static func randomDays(
        _ random: inout SplitMix64, _ scale: Int64
    ) -> (midnight: LocalDays?, center: Int64) {
        let hour: Int64 = 3_600_000
        let midnight = Int64(random.number(1...2)) * 10_000 * 24 * hour
        switch random.number(0...3) {
        case 0: return (.utc, midnight)
        case 1:
            let offset = random.pick([-5, 2, 9]) * hour
            return (LocalDays(firstOffset: offset, transitions: []), midnight - offset)
        case 2:
            // The clocks jump over midnight, as they do in some zones.
            let days = LocalDays(
                firstOffset: 0,
                transitions: [.init(start: midnight - 3_000 * scale, offset: hour)])
            return (days, midnight - 3_000 * scale)
        default: return (nil, random.once(in: 4) ? 20_000 * scale : midnight)
        }
    }

    /// A few events of a few visitors in a short time, in order of time, so that equal times, exact
    /// timeouts and bridges are common.
    private static func randomEvents(
        _ random: inout SplitMix64, _ scale: Int64, _ policy: SessionPolicy, around center: Int64
    ) -> [TestEvent] {
        let visitors = ["ann", "bob", "eve"].prefix(random.pick([1, 1, 2, 3]))
        let timeout = policy.timeoutMilliseconds
        let unit = random.pick([timeout / 2, timeout / 2, timeout / 4, 500 * scale, 100 * scale])
        let units = random.pick([8, 20, 40])
        let kinds = randomKinds(&random)
        let hasIDs = random.once(in: 4)
        let hasContexts = random.once(in: 2)
        let count = random.number(1...random.pick([4, 12, 24, 24, 40]))
        let start = max(0, center - Int64(units / 2) * unit)
        // Either times in a range, or each visitor's gaps one by one.
        let hasGaps = random.once(in: 2)
        let gaps = [
            0, timeout / 2, timeout * 3 / 4, timeout - 1, timeout - 1, timeout, timeout + 1,
        ]
        var latest: [String: Int64] = [:]
        let events = (0..<count).map { _ in
            let visitor = random.pick(Array(visitors))
            var time = start + Int64(random.number(0...units)) * unit
            if random.once(in: 6) { time = max(0, time + random.pick([-1, 1])) }
            if hasGaps {
                time = (latest[visitor] ?? max(0, center - 3 * timeout)) + random.pick(gaps)
                latest[visitor] = time
            }
            let kind = random.pick(kinds)
            var event = TestEvent(visitor, time, kind)
            event.name = random.pick(["/", "/a", "/b", "", "/c"])
            if hasContexts {
                event.context = TestContext(
                    device: random.pick(["", "phone", "desktop"]),
                    campaign: random.pick(["", "", "spring", "summer"]),
                    isKnownBot: random.once(in: 24))
            }
            if random.once(in: 3) { event.value = Int64(random.number(-50...1_000)) }
            if hasIDs { event.id = UInt64(random.number(0...30)) }
            return event
        }
        return events.enumerated().sorted { ($0.1.time, $0.0) < ($1.1.time, $1.0) }.map(\.1)
    }

    private static func randomKinds(_ random: inout SplitMix64) -> [EventKind] {
        switch random.number(0...3) {
        case 0: [.view]
        case 1: [.view, .view, .action, .conversion]
        case 2: [.view, .view, .action, .conversion, .heartbeat]
        default: [.view, .view, .view, .action, .conversion, .heartbeat, .start, .end]
        }
    }

    private mutating func cutIntoBatches(_ random: inout SplitMix64) {
        let size = random.pick([1, 2, 6, 100])
        for index in arrivals.indices {
            arrivals[index].startsBatch = index == 0 || random.once(in: size)
        }
    }

    /// Moves the clock on between batches, as far as no later event becomes too late.
    private mutating func moveClock(_ random: inout SplitMix64) {
        var latest = Int64.max
        var limits: [Int64] = []
        for arrival in arrivals.reversed() {
            latest = min(latest, arrival.event.time + policy.latenessMilliseconds)
            limits.append(latest)
        }
        limits.reverse()
        var clock = Int64(0)
        for index in arrivals.indices {
            if arrivals[index].startsBatch, random.once(in: 3), clock < limits[index] {
                arrivals[index].clock = random.number(clock...limits[index])
                arrivals[index].ticks = random.once(in: 2)
            }
            clock = max(clock, arrivals[index].event.time, arrivals[index].clock ?? 0)
        }
    }

    /// Makes plain events of `start` and `end` events that arrive behind a later one of their visitor.
    private mutating func keepMarksInOrder() {
        var latest: [String: Int64] = [:]
        for index in arrivals.indices {
            let event = arrivals[index].event
            if event.kind == .start || event.kind == .end,
                event.time < latest[event.visitor] ?? .min
            {
                arrivals[index].event.kind = .view
            }
            latest[event.visitor] = max(latest[event.visitor] ?? .min, event.time)
        }
    }
}
