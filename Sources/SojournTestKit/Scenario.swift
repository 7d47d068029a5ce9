package import SojournModel

/// A policy and events in their order of arrival: the input of a property test.
package struct Scenario: Sendable {
    /// An event, and what happens before it arrives.
    package struct Arrival: Equatable, Sendable {
        package var event: TestEvent
        /// It is the first of a batch.
        package var startsBatch: Bool
        /// The clock has moved on to here; meant only where a batch starts.
        package var clock: Int64?
        /// The shell sends a tick before the batch.
        package var ticks: Bool

        package init(
            _ event: TestEvent, startsBatch: Bool = true, clock: Int64? = nil, ticks: Bool = false
        ) {
            self.event = event
            self.startsBatch = startsBatch
            self.clock = clock
            self.ticks = ticks
        }
    }

    package var policy: SessionPolicy
    package var arrivals: [Arrival]

    package init(policy: SessionPolicy, arrivals: [Arrival]) {
        self.policy = policy
        self.arrivals = arrivals
    }

    /// The same events in batches.
    package var batches: [[Arrival]] {
        var batches: [[Arrival]] = []
        for arrival in arrivals {
            if arrival.startsBatch || batches.isEmpty {
                batches.append([arrival])
            } else {
                batches[batches.count - 1].append(arrival)
            }
        }
        return batches
    }

    /// The smallest scenario that still fails, found by leaving out events and what is between them.
    package func shrunk(while fails: (Scenario) -> Bool) -> Scenario {
        var smallest = self
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for candidate in smallest.reductions where fails(candidate) {
                smallest = candidate
                isSmaller = true
                break
            }
        }
        return smallest
    }

    private var reductions: [Scenario] {
        var reductions: [Scenario] = []
        func add(_ change: (inout Scenario) -> Void) {
            var candidate = self
            change(&candidate)
            reductions.append(candidate)
        }
        for index in arrivals.indices {
            add { $0.arrivals.remove(at: index) }
        }
        for index in arrivals.indices {
            let arrival = arrivals[index]
            if arrival.ticks { add { $0.arrivals[index].ticks = false } }
            if arrival.clock != nil { add { $0.arrivals[index].clock = nil } }
            if !arrival.startsBatch { add { $0.arrivals[index].startsBatch = true } }
            if arrival.event.id != 0 { add { $0.arrivals[index].event.id = 0 } }
            if !arrival.event.context.isEmpty {
                add { $0.arrivals[index].event.context = TestContext() }
            }
            if arrival.event.value != 0 { add { $0.arrivals[index].event.value = 0 } }
        }
        if policy.midnight != nil { add { $0.policy.midnight = nil } }
        if policy.splitsOnCampaign { add { $0.policy.splitsOnCampaign = false } }
        if policy.maxEvents != nil { add { $0.policy.maxEvents = nil } }
        if policy.maxDurationMilliseconds != nil {
            add { $0.policy.maxDurationMilliseconds = nil }
        }
        return reductions
    }
}

extension Scenario: CustomStringConvertible {
    /// Swift that makes the same scenario, to be pasted into a test.
    package var description: String {
        var lines = ["var policy = SessionPolicy()"]
        lines.append("policy.timeoutMilliseconds = \(policy.timeoutMilliseconds)")
        lines.append("policy.latenessMilliseconds = \(policy.latenessMilliseconds)")
        let duration = policy.maxDurationMilliseconds.map { "\($0)" } ?? "nil"
        lines.append("policy.maxDurationMilliseconds = \(duration)")
        lines.append("policy.maxEvents = \(policy.maxEvents.map { "\($0)" } ?? "nil")")
        if policy.splitsOnCampaign { lines.append("policy.splitsOnCampaign = true") }
        if let midnight = policy.midnight {
            lines.append("policy.midnight = // \(midnight)")
        }
        lines.append("let scenario = Scenario(policy: policy, arrivals: [")
        for arrival in arrivals {
            var text = "    .init(\(Self.source(arrival.event))"
            if !arrival.startsBatch { text += ", startsBatch: false" }
            if let clock = arrival.clock { text += ", clock: \(clock)" }
            if arrival.ticks { text += ", ticks: true" }
            lines.append(text + "),")
        }
        lines.append("])")
        return lines.joined(separator: "\n")
    }

    private static func source(_ event: TestEvent) -> String {
        var text = "TestEvent(\"\(event.visitor)\", \(event.time), .\(event.kind.name)"
        if !event.name.isEmpty { text += ", name: \"\(event.name)\"" }
        if !event.context.isEmpty {
            let context = event.context
            text += ", context: TestContext(device: \"\(context.attributes[0])\""
            text += ", campaign: \"\(context.attributes[7])\", isKnownBot: \(context.isKnownBot))"
        }
        if event.value != 0 { text += ", value: \(event.value)" }
        if event.id != 0 { text += ", id: \(event.id)" }
        return text + ")"
    }
}
