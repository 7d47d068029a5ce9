import SojournModel

extension Engine {
    /// Makes a session part of an earlier one, which keeps its id, and issues the revision.
    ///
    /// Counters add up; what is first comes from the earlier session, what is last from the later one.
    /// The later one stays as an alias, so that its id can be looked up until the survivor is finished.
    mutating func merge(
        _ later: SessionSlot, into earlier: SessionSlot, _ property: inout PropertyState,
        _ result: inout BatchResult
    ) {
        movePath(from: later, to: earlier, &property)
        let taken = sessions[later]
        if taken.views > 0 {
            property.texts.release(sessions[earlier].exitPage)
            sessions[earlier].exitPage = taken.exitPage
            sessions[earlier].exitMilliseconds = taken.exitMilliseconds
        } else {
            sessions[earlier].exitMilliseconds = sessions[earlier].exitMilliseconds.advanced(
                byMilliseconds: taken.lastEvent - sessions[earlier].lastEvent)
        }
        sessions[later].exitPage = 0
        property.contexts.release(taken.context, &property.texts)
        sessions[later].context = 0

        sessions[earlier].lastEvent = taken.lastEvent
        sessions[earlier].events &+= taken.events
        sessions[earlier].views &+= taken.views
        sessions[earlier].actions &+= taken.actions
        sessions[earlier].conversions &+= taken.conversions
        sessions[earlier].add(value: taken.value)
        sessions[earlier].burstStart = taken.burstStart
        sessions[earlier].burstEvents = taken.burstEvents
        sessions[earlier].markMerged()
        if taken.state.isAutomated { sessions[earlier].markAutomated() }
        if taken.state.isEnded { sessions[earlier].markEnded() }

        unlink(later)
        mergeExtension(of: later, into: earlier, &property)
        counters.sessionsMerged += 1
        property.revisions += 1
        result.revisions.append(
            Revision(
                number: property.revisions, from: taken.id, into: sessions[earlier].id,
                cause: .bridge, partition: partition))
    }

    /// Takes a session out of its visitor's chain.
    ///
    /// - Returns: true when it was the visitor's last one.
    @discardableResult
    mutating func unlink(_ slot: SessionSlot) -> Bool {
        let visitor = sessions[slot].visitor
        let front = index.find(visitor, in: sessions)
        if front == slot {
            let next = sessions[slot].older
            if next == 0 {
                index.remove(visitor, slot)
                return true
            }
            sessions[next].ordinalsUsed = sessions[slot].ordinalsUsed
            sessions[next].chainLength = sessions[slot].chainLength - 1
            sessions[next].marks.insert(.newest)
            index.replace(visitor, slot, with: next)
            return false
        }
        var newer = front
        while sessions[newer].older != slot { newer = sessions[newer].older }
        sessions[newer].older = sessions[slot].older
        sessions[front].chainLength -= 1
        return false
    }

    /// Moves what an extension holds, and the aliases, to the surviving session; the session that was
    /// merged becomes one of them.
    private mutating func mergeExtension(
        of later: SessionSlot, into earlier: SessionSlot, _ property: inout PropertyState
    ) {
        let target = extensionSlot(of: earlier)
        sessions[later].marks = .alias
        sessions[later].older = 0
        var lastAlias = later
        let source = sessions[later].extension
        if source != 0 {
            let taken = extensions[source]
            sessions[later].older = taken.aliases
            while sessions[lastAlias].older != 0 { lastAlias = sessions[lastAlias].older }
            for index in 0..<taken.eventIDsKept {
                extensions[target].remember(taken.eventID(at: index))
            }
            if extensions[target].campaign == 0 {
                extensions[target].campaign = taken.campaign
            } else {
                property.contexts.release(taken.campaign, &property.texts)
            }
            extensions.remove(source)
            sessions[later].extension = 0
        }
        sessions[lastAlias].older = extensions[target].aliases
        extensions[target].aliases = later
    }
}
