package import SojournModel

/// The definition of sessions for events of which none is too late: sort, walk, cut.
///
/// For policies with a timeout, midnight, and `start` and `end` events that arrive in order; the caps
/// and the campaign depend on the arrival, and `ArrivalOracle` defines them.
package enum Oracle {
    /// The sessions of events that the engine has accepted, by visitor and then by time.
    package static func sessions(
        of events: [NumberedEvent], _ policy: SessionPolicy
    ) -> [ExpectedSession] {
        precondition(policy.maxDurationMilliseconds == nil)
        precondition(policy.maxEvents == nil)
        precondition(!policy.splitsOnCampaign)
        let byVisitor = Dictionary(grouping: events, by: \.event.visitor)
        return byVisitor.keys.sorted().flatMap { sessions(ofOne: byVisitor[$0] ?? [], policy) }
    }

    private static func sessions(
        ofOne events: [NumberedEvent], _ policy: SessionPolicy
    ) -> [ExpectedSession] {
        var parts: [(events: [NumberedEvent], boundaries: [Boundary], gap: Int64)] = []
        for event in events.sorted(by: NumberedEvent.isOrdered) {
            guard let part = parts.last, let previous = part.events.last else {
                parts.append(([event], [.first], 0))
                continue
            }
            let gap = event.event.time - previous.event.time
            let boundaries = cut(part.events, event.event, policy)
            if boundaries.isEmpty {
                parts[parts.count - 1].events.append(event)
            } else {
                parts.append(([event], boundaries, gap))
            }
        }
        return parts.indices.map { index in
            let next = index + 1 < parts.count ? parts[index + 1] : nil
            return ExpectedSession(
                parts[index].events, boundaries: parts[index].boundaries,
                boundariesOut: out(
                    parts[index].events, next.map { ($0.boundaries, $0.gap) }, policy))
        }
    }

    /// Why an event does not belong to the events before it; empty when it does.
    private static func cut(
        _ events: [NumberedEvent], _ event: TestEvent, _ policy: SessionPolicy
    ) -> [Boundary] {
        let last = events[events.count - 1].event.time
        let isIdle = event.time - last >= policy.timeoutMilliseconds
        if event.kind == .start { return [.explicit] }
        if isIdle { return [.idle] }
        if isClosed(events), event.time > last { return [.explicit] }
        if let midnight = policy.midnight, midnight.day(of: last) != midnight.day(of: event.time) {
            return [.midnight]
        }
        return []
    }

    /// Why events are followed by others, or by none.
    private static func out(
        _ events: [NumberedEvent], _ next: (boundaries: [Boundary], gap: Int64)?,
        _ policy: SessionPolicy
    ) -> [Boundary] {
        if isClosed(events) { return [.explicit] }
        guard let next, next.gap < policy.timeoutMilliseconds else { return [.idle] }
        return next.boundaries
    }

    private static func isClosed(_ events: [NumberedEvent]) -> Bool {
        let last = events[events.count - 1].event.time
        return events.contains { $0.event.kind == .end && $0.event.time == last }
    }
}
