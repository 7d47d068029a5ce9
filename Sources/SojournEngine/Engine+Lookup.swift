package import SojournModel

extension Engine {
    /// The unfinished sessions of a visitor, in order of their first event, as of a clock.
    package mutating func sessions(
        of visitorKey: RawSpan, in propertyID: PropertyID, clock: Int64
    ) -> [SessionSnapshot] {
        let box = box(propertyID)
        var property = box.take()
        // Only for as long as it looks: look-ups are not in the journal, so they change nothing.
        let engineClock = property.clock
        property.clock = max(engineClock, clock)
        var found: [SessionSnapshot] = []
        let visitor = VisitorHash(property.visitorHasher.hash128(visitorKey))
        var slot = index.find(visitor, in: sessions)
        while slot != 0 {
            if !property.isDue(sessions[slot]) { found.append(snapshot(of: slot, &property)) }
            slot = sessions[slot].older
        }
        property.clock = engineClock
        box.put(property)
        return found.reversed()
    }

    /// The unfinished session with an id, or the one that it was merged into; nil when there is none.
    package mutating func session(
        _ id: SessionID, in propertyID: PropertyID, clock: Int64
    ) -> SessionSnapshot? {
        let box = box(propertyID)
        var property = box.take()
        let engineClock = property.clock
        property.clock = max(engineClock, clock)
        let slot = slot(of: id, &property)
        let found =
            slot == 0 || property.isDue(sessions[slot]) ? nil : snapshot(of: slot, &property)
        property.clock = engineClock
        box.put(property)
        return found
    }

    private func slot(of id: SessionID, _ property: inout PropertyState) -> SessionSlot {
        let place = VisitorIndex.Place(prefix: visitorPrefix(of: id, property.id))
        var position = index.home(of: place)
        while let front = index.next(place, from: &position) {
            var slot = front
            while slot != 0 {
                if sessions[slot].id == id { return slot }
                if hasAlias(id, slot) { return slot }
                slot = sessions[slot].older
            }
        }
        return 0
    }

    private func hasAlias(_ id: SessionID, _ slot: SessionSlot) -> Bool {
        guard sessions[slot].extension != 0 else { return false }
        var alias = extensions[sessions[slot].extension].aliases
        while alias != 0 {
            if sessions[alias].id == id { return true }
            alias = sessions[alias].older
        }
        return false
    }

    /// All that is kept of a session, with its texts written out.
    func snapshot(
        of slot: SessionSlot, _ property: inout PropertyState
    ) -> SessionSnapshot {
        let session = sessions[slot]
        let context = property.contexts[session.context]
        var attributes: [String] = []
        for index in 0..<ContextTable.attributeCount {
            attributes.append(property.texts.string(context.texts[index]))
        }
        var path: [SessionSnapshot.PathStep] = []
        for index in 0..<Int(session.pathLength) {
            let step = step(slot, index, &property)
            path.append(
                .init(milliseconds: step.milliseconds, page: property.texts.string(step.page)))
        }
        return SessionSnapshot(
            id: session.id, ordinal: session.ordinal, firstEvent: session.firstEvent,
            lastEvent: session.lastEvent, events: session.events, views: session.views,
            actions: session.actions, conversions: session.conversions, value: session.value,
            engagedMilliseconds: session.engagedMilliseconds, state: session.shownState,
            boundaryOut: boundaryOut(of: slot, &property), context: attributes,
            landingPage: property.texts.string(session.landingPage),
            exitPage: property.texts.string(session.exitPage), path: path,
            finishesAt: property.policy.finishTime(lastEvent: session.lastEvent))
    }

    /// Why a session ended, or nil when it has not.
    func boundaryOut(
        of slot: SessionSlot, _ property: inout PropertyState
    ) -> Boundary? {
        if let known = sessions[slot].marks.boundaryOut { return known }
        var newer = index.find(sessions[slot].visitor, in: sessions)
        if newer != slot {
            while sessions[newer].older != slot { newer = sessions[newer].older }
            return boundaryOut(of: slot, before: newer, &property)
        }
        if sessions[slot].state.isEnded { return .explicit }
        return property.isDue(sessions[slot]) ? .idle : nil
    }

    /// Why a session ended that is followed by another: an `end` event, or that the timeout went by,
    /// else the boundary of the other. So it does not matter which of them is finished first.
    func boundaryOut(
        of slot: SessionSlot, before newer: SessionSlot, _ property: inout PropertyState
    ) -> Boundary {
        if sessions[slot].state.isEnded { return .explicit }
        let gap = sessions[newer].firstEvent - sessions[slot].lastEvent
        return gap >= property.policy.timeoutMilliseconds ? .idle : sessions[newer].boundary
    }
}
