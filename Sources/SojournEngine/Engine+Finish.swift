import SojournModel

extension Engine {
    /// Hands over sessions that are due by the property's clock, and forgets old visitors.
    ///
    /// - Parameter budget: how many entries of the timing wheel are looked at.
    /// - Returns: true when the budget was used up.
    @discardableResult
    mutating func finishDue(
        _ property: inout PropertyState, _ sink: inout some SessionSink & ~Copyable, budget: Int
    ) -> Bool {
        let clock = property.clock
        guard clock > .min else { return false }
        if let oldest = property.oldestRemembered(at: clock) {
            property.ordinals.forget(before: oldest, budget: budget)
        }
        for _ in 0..<budget {
            let slot = property.wheel.take(upTo: clock, sessions)
            if slot == 0 { return false }
            prefetch(behind: property.wheel.upcoming, property)
            let marks = sessions[slot].marks
            if marks.contains(.dead) {
                sessions.remove(slot)
            } else if marks.contains(.alias) {
                // At the end of the number range the sum wraps; never before the clock, or it would
                // be taken again and again.
                property.wheel.refile(
                    slot, at: max(clock, property.policy.finishTime(lastEvent: clock)), &sessions)
            } else if property.isDue(sessions[slot]) {
                finish(slot, &property, &sink)
            } else {
                property.wheel.refile(
                    slot,
                    at: property.policy.finishTime(lastEvent: sessions[slot].lastEvent), &sessions)
            }
        }
        return true
    }

    /// Asks for what the next session needs, and for the one behind it: due sessions lie far apart, and this one
    /// takes as long as fetching them does.
    @inline(always)
    private func prefetch(behind next: SessionSlot, _ property: borrowing PropertyState) {
        if next == 0 { return }
        let marks = sessions[next].marks
        // Of what was merged away only the place in the wheel means something.
        if !marks.contains(.dead), !marks.contains(.alias) {
            index.prefetch(VisitorIndex.Place(sessions[next].visitor))
            if sessions[next].pathLength > 1 { property.paths.prefetch(sessions[next].path, 0) }
        }
        let behind = sessions[next].wheelNext
        if behind != 0 { sessions.prefetch(behind) }
    }

    private mutating func finish(
        _ slot: SessionSlot, _ property: inout PropertyState,
        _ sink: inout some SessionSink & ~Copyable
    ) {
        let visitor = sessions[slot].visitor
        // The session before is due as well. It may come later, and needs to know what ended it.
        let older = sessions[slot].older
        if older != 0, sessions[older].marks.boundaryOut == nil {
            sessions[older].marks.boundaryOut = boundaryOut(
                of: older, before: slot, &property)
        }
        sink.finished(property.id) { pack(slot, as: .finished, &property, into: &$0) }
        counters.sessionsFinished += 1

        let used = sessions[slot].ordinalsUsed
        if unlink(slot) { property.ordinals.insert(visitor, ordinal: used, at: property.clock) }
        releaseHoldings(of: slot, &property)
        sessions.remove(slot)
    }

    /// Gives back all that a session holds in the tables of its property.
    mutating func releaseHoldings(of slot: SessionSlot, _ property: inout PropertyState) {
        freePath(slot, &property)
        property.texts.release(sessions[slot].exitPage)
        property.contexts.release(sessions[slot].context, &property.texts)
        let extensionSlot = sessions[slot].extension
        if extensionSlot != 0 {
            property.contexts.release(extensions[extensionSlot].campaign, &property.texts)
            var alias = extensions[extensionSlot].aliases
            while alias != 0 {
                sessions[alias].marks = .dead
                alias = sessions[alias].older
            }
            extensions.remove(extensionSlot)
        }
    }
}
