import SojournModel

/// The general case: events that are late, that begin or end something, or that a rule cuts off.
extension Engine {
    /// The sessions between which an event falls.
    private struct Neighbours {
        /// The latest session that begins at or before the event, and is not finished; or 0.
        var earlier: SessionSlot = 0
        /// The earliest session that begins after the event, and is not finished; or 0.
        var later: SessionSlot = 0
        /// Where a new session goes into the chain: behind this one; 0 for the front.
        var newer: SessionSlot = 0
    }

    /// Assigns an event to a session, or says why not.
    ///
    /// - Parameter newest: the visitor's newest session, or 0.
    /// - Returns: what became of the event, and the session that it is part of, or 0.
    mutating func place(
        _ event: Event, newest: SessionSlot, _ property: inout PropertyState,
        _ result: inout BatchResult
    ) -> (Outcome, SessionSlot) {
        let between = neighbours(of: event, newest: newest, &property)
        if event.id != 0, hasSeen(event, between.earlier) || hasSeen(event, between.later) {
            return (.duplicate, 0)
        }
        if covers(between.earlier, event) {
            let last = sessions[between.earlier].lastEvent
            add(event, to: between.earlier, isLate: event.time < last, &property)
            return (event.time < last ? .lateJoined : .extended, between.earlier)
        }

        let cutBefore = cut(between.earlier, before: event, isNewest: between.later == 0, &property)
        let cutAfter = cut(after: event, between.later, &property)
        let canJoinEarlier = between.earlier != 0 && cutBefore == nil
        let canJoinLater =
            between.later != 0 && cutAfter == nil
            && (event.kind != .heartbeat || canJoinEarlier)

        if canJoinEarlier && canJoinLater, canMerge(between.earlier, between.later, &property) {
            merge(between.later, into: between.earlier, &property, &result)
            add(event, to: between.earlier, isLate: true, &property)
            return (.merged, between.earlier)
        }
        if canJoinEarlier {
            stretchForward(between.earlier, to: event.time)
            add(event, to: between.earlier, isLate: false, &property)
            renewBoundary(of: between.later, after: between.earlier, &property)
            return (.extended, between.earlier)
        }
        if canJoinLater {
            stretchBack(between.later, to: event, &property)
            add(event, to: between.later, isLate: true, &property)
            renewBoundary(of: between.later, after: between.earlier, &property)
            return (.lateJoined, between.later)
        }
        return open(event, between, newest: newest, because: cutBefore, &property)
    }

    private func neighbours(
        of event: Event, newest: SessionSlot, _ property: inout PropertyState
    ) -> Neighbours {
        var found = Neighbours()
        var slot = newest
        while slot != 0 {
            let isDue = property.isDue(sessions[slot])
            if sessions[slot].firstEvent > event.time {
                found.newer = slot
                if !isDue { found.later = slot }
            } else if !isDue {
                found.earlier = slot
                break
            }
            slot = sessions[slot].older
        }
        return found
    }

    private func hasSeen(_ event: Event, _ slot: SessionSlot) -> Bool {
        guard slot != 0 else { return false }
        let slot = sessions[slot].extension
        return slot != 0 && extensions[slot].hasSeen(event.id)
    }

    /// True when the event lies within the session's span, so that nothing can cut it off. A `start`
    /// at the session's last event is behind it.
    private func covers(_ slot: SessionSlot, _ event: Event) -> Bool {
        guard slot != 0 else { return false }
        let last = sessions[slot].lastEvent
        return event.time < last || event.time == last && event.kind != .start
    }

    /// Which rule cuts between a session and a later event, or nil when the event extends it. The order
    /// of the questions is the order of precedence of the boundaries.
    private func cut(
        _ slot: SessionSlot, before event: Event, isNewest: Bool,
        _ property: inout PropertyState
    ) -> Boundary? {
        guard slot != 0 else { return .first }
        let policy = property.policy
        let last = sessions[slot].lastEvent
        let first = sessions[slot].firstEvent
        if event.kind == .start { return .explicit }
        if event.time - last >= policy.timeoutMilliseconds { return .idle }
        if sessions[slot].state.isEnded { return .explicit }
        if !property.sameDay(last, event.time) { return .midnight }
        if let longest = policy.maxDurationMilliseconds, event.time - first > longest {
            return .maxDuration
        }
        if let most = policy.maxEvents, sessions[slot].events >= most { return .maxEvents }
        if policy.splitsOnCampaign, isNewest, bringsAnotherCampaign(event, slot, &property) {
            return .campaign
        }
        return nil
    }

    /// Which rule cuts between an event and a later session, or nil when the session takes it in.
    private func cut(
        after event: Event, _ slot: SessionSlot, _ property: inout PropertyState
    ) -> Boundary? {
        guard slot != 0 else { return nil }
        let policy = property.policy
        let first = sessions[slot].firstEvent
        let last = sessions[slot].lastEvent
        if event.kind == .end || sessions[slot].marks.contains(.startsExplicitly) {
            return .explicit
        }
        if first - event.time >= policy.timeoutMilliseconds { return .idle }
        if !property.sameDay(event.time, first) { return .midnight }
        if let longest = policy.maxDurationMilliseconds, last - event.time > longest {
            return .maxDuration
        }
        if let most = policy.maxEvents, sessions[slot].events >= most { return .maxEvents }
        return nil
    }

    /// True when an event between two sessions may join them. What a cap or a campaign has cut stays
    /// cut: those rules look at the session as it was.
    private func canMerge(
        _ earlier: SessionSlot, _ later: SessionSlot, _ property: inout PropertyState
    ) -> Bool {
        if isCapOrCampaign(sessions[later].boundary) { return false }
        let policy = property.policy
        if let longest = policy.maxDurationMilliseconds,
            sessions[later].lastEvent - sessions[earlier].firstEvent > longest
        {
            return false
        }
        if let most = policy.maxEvents,
            Int(sessions[earlier].events) + Int(sessions[later].events) >= Int(most)
        {
            return false
        }
        return true
    }

    /// The boundary of a session whose neighbour before it has come or changed.
    private mutating func renewBoundary(
        of slot: SessionSlot, after earlier: SessionSlot, _ property: inout PropertyState
    ) {
        guard slot != 0, earlier != 0 else { return }
        let policy = property.policy
        let first = sessions[slot].firstEvent
        let last = sessions[earlier].lastEvent
        if sessions[slot].marks.contains(.startsExplicitly) {
            sessions[slot].boundary = .explicit
        } else if first - last >= policy.timeoutMilliseconds {
            sessions[slot].boundary = .idle
        } else if sessions[earlier].state.isEnded {
            sessions[slot].boundary = .explicit
        } else if !property.sameDay(last, first) {
            sessions[slot].boundary = .midnight
        } else if isCapOrCampaign(sessions[slot].boundary) {
            // What these have cut stays cut for that reason.
        } else if let longest = policy.maxDurationMilliseconds,
            sessions[slot].lastEvent - sessions[earlier].firstEvent > longest
        {
            sessions[slot].boundary = .maxDuration
        } else {
            sessions[slot].boundary = .maxEvents
        }
    }

    private func isCapOrCampaign(_ boundary: Boundary) -> Bool {
        switch boundary {
        case .maxDuration, .maxEvents, .campaign: true
        case .first, .idle, .midnight, .explicit: false
        }
    }

    private func bringsAnotherCampaign(
        _ event: Event, _ slot: SessionSlot, _ property: inout PropertyState
    ) -> Bool {
        let brought = property.contexts[event.context]
        guard brought.hasCampaign, sessions[slot].extension != 0 else { return false }
        let campaign = extensions[sessions[slot].extension].campaign
        return campaign != 0 && !property.contexts[campaign].sameCampaign(as: brought)
    }

    // MARK: Opening

    private mutating func open(
        _ event: Event, _ between: Neighbours, newest: SessionSlot, because cut: Boundary?,
        _ property: inout PropertyState
    ) -> (Outcome, SessionSlot) {
        if event.kind == .heartbeat { return (.rejectedNoSession, 0) }
        let finish = property.policy.finishTime(lastEvent: event.time)
        if finish <= property.clock { return (.tooLate, 0) }
        if newest == 0, index.count >= limits.liveVisitorsMax { return (.rejectedVisitorLimit, 0) }
        if sessions.count >= limits.liveSessionsMax
            || newest != 0 && sessions[newest].chainLength >= limits.sessionsPerVisitorMax
        {
            return (.rejectedSessionLimit, 0)
        }

        let used =
            newest == 0 ? property.ordinals.take(event.visitor) : sessions[newest].ordinalsUsed
        let ordinal = used &+ 1
        let slot = sessions.insert(
            Session(
                visitor: event.visitor,
                id: sessionID(event.visitor, property.id, event.time, ordinal: ordinal),
                firstEvent: event.time, lastEvent: event.time, value: 0, events: 0, views: 0,
                actions: 0, conversions: 0, landingPage: 0, landingMilliseconds: 0, exitPage: 0,
                exitMilliseconds: 0, context: event.context, ordinal: ordinal,
                ordinalsUsed: ordinal, state: SessionState(boundary: .first),
                marks: event.kind == .start ? .startsExplicitly : [], pathLength: 0,
                burstEvents: 0, burstStart: UInt16(truncatingIfNeeded: event.time >> 10),
                chainLength: 1, path: 0, row: .max, older: 0, wheelNext: 0, extension: 0))
        property.contexts.hold(event.context)
        counters.sessionsOpened += 1

        if between.earlier != 0, let cut {
            sessions[slot].boundary = cut
        } else if hasHistory(before: between, newest: newest, used: used) {
            sessions[slot].boundary = event.kind == .start ? .explicit : .idle
        }
        link(slot, between, newest: newest)
        add(event, to: slot, isLate: false, &property)
        renewBoundary(of: between.later, after: slot, &property)
        property.wheel.file(slot, at: finish, &sessions)
        return (.new, slot)
    }

    /// True when the visitor had a session before the event, though no live one.
    private func hasHistory(before between: Neighbours, newest: SessionSlot, used: UInt32) -> Bool {
        if between.later != 0 { return sessions[between.later].boundary != .first }
        return newest != 0 || used > 0
    }

    private mutating func link(_ slot: SessionSlot, _ between: Neighbours, newest: SessionSlot) {
        if newest == 0 {
            sessions[slot].marks.insert(.newest)
            index.insert(sessions[slot].visitor, slot)
            return
        }
        let newFront: SessionSlot
        if between.newer == 0 {
            sessions[slot].older = newest
            sessions[slot].chainLength = sessions[newest].chainLength
            sessions[newest].marks.remove(.newest)
            sessions[slot].marks.insert(.newest)
            index.replace(sessions[slot].visitor, newest, with: slot)
            newFront = slot
        } else {
            sessions[slot].older = sessions[between.newer].older
            sessions[between.newer].older = slot
            newFront = newest
        }
        sessions[newFront].chainLength += 1
        sessions[newFront].ordinalsUsed = sessions[slot].ordinal
    }

    // MARK: Joining

    /// Moves a session's last event forward to the time of an event behind it.
    private mutating func stretchForward(_ slot: SessionSlot, to time: Int64) {
        let gap = time - sessions[slot].lastEvent
        sessions[slot].lastEvent = time
        sessions[slot].exitMilliseconds =
            sessions[slot].exitMilliseconds.advanced(byMilliseconds: gap)
    }

    /// Moves a session's first event back to an event before it, whose context becomes the session's.
    private mutating func stretchBack(
        _ slot: SessionSlot, to event: Event, _ property: inout PropertyState
    ) {
        let gap = sessions[slot].firstEvent - event.time
        sessions[slot].firstEvent = event.time
        sessions[slot].landingMilliseconds =
            sessions[slot].landingMilliseconds.advanced(byMilliseconds: gap)
        for step in 0..<max(0, Int(sessions[slot].pathLength) - 1) {
            let path = sessions[slot].path
            property.paths[path, step].milliseconds =
                property.paths[path, step].milliseconds.advanced(byMilliseconds: gap)
        }
        property.contexts.hold(event.context)
        property.contexts.release(sessions[slot].context, &property.texts)
        sessions[slot].context = event.context
        if event.kind == .start { sessions[slot].marks.insert(.startsExplicitly) }
    }

    /// Counts an event that lies within the session's span by now.
    private mutating func add(
        _ event: Event, to slot: SessionSlot, isLate: Bool, _ property: inout PropertyState
    ) {
        sessions[slot].events &+= 1
        if event.value != 0 { sessions[slot].add(value: event.value) }
        sessions[slot].countBurst(at: event.time)
        if isLate { sessions[slot].markLate() }
        switch event.kind {
        case .view: insertView(slot, at: event.time, event.page, &property)
        case .action: sessions[slot].actions &+= 1
        case .conversion: sessions[slot].conversions &+= 1
        case .end where event.time == sessions[slot].lastEvent: sessions[slot].markEnded()
        case .heartbeat, .start, .end: break
        }
        if event.context != 0 { noteContext(of: event, in: slot, &property) }
        if event.id != 0 {
            let slot = extensionSlot(of: slot)
            extensions[slot].remember(event.id)
        }
    }

    private mutating func noteContext(
        of event: Event, in slot: SessionSlot, _ property: inout PropertyState
    ) {
        let context = property.contexts[event.context]
        if context.isKnownBot { sessions[slot].markAutomated() }
        if property.policy.splitsOnCampaign, context.hasCampaign {
            let slot = extensionSlot(of: slot)
            if extensions[slot].campaign == 0 {
                property.contexts.hold(event.context)
                extensions[slot].campaign = event.context
            }
        }
    }

    /// The extension of a session, made if need be.
    mutating func extensionSlot(of slot: SessionSlot) -> ExtensionTable.Slot {
        if sessions[slot].extension == 0 { sessions[slot].extension = extensions.insert() }
        return sessions[slot].extension
    }
}
