import SojournChannels
import SojournModel

extension Engine {
    /// Appends all that is kept of a session, with its texts written out.
    func pack(
        _ slot: SessionSlot, as kind: PackedHead.Kind, _ property: inout PropertyState,
        into list: inout PackedSessions
    ) {
        let identity = list.identity
        var head = PackedHead(
            kind, property: property.id, visitor: sessions[slot].visitor, id: sessions[slot].id)
        head.state = sessions[slot].shownState
        head.boundary = boundaryOut(of: slot, &property)
        head.pathLength = sessions[slot].pathLength
        head.firstEvent = sessions[slot].firstEvent
        head.lastEvent = sessions[slot].lastEvent
        head.value = sessions[slot].value
        head.finishesAt = property.policy.finishTime(lastEvent: sessions[slot].lastEvent)
        head.ordinal = sessions[slot].ordinal
        head.events = sessions[slot].events
        head.views = sessions[slot].views
        head.actions = sessions[slot].actions
        head.conversions = sessions[slot].conversions
        let context = texts(of: sessions[slot].context, &property, in: &list, identity)
        for row in 0..<ContextTable.attributeCount { head.texts[row] = context[row] }
        head.texts[PackedHead.landingPage] =
            property.texts.number(sessions[slot].landingPage, in: &list, identity)
        head.texts[PackedHead.exitPage] =
            property.texts.number(sessions[slot].exitPage, in: &list, identity)
        property.steps.removeAll()
        for row in 0..<Int(sessions[slot].pathLength) {
            let step = step(slot, row, &property)
            property.steps.append(
                PackedStep(
                    milliseconds: step.milliseconds,
                    page: property.texts.number(step.page, in: &list, identity)))
        }
        list.append(&head, steps: property.steps.span)
    }

    /// The numbers of a context's texts in the list, with the channel that follows from the others where the sender
    /// named none. Sessions share contexts, so this is worked out once a list.
    @inline(always)
    private func texts(
        of id: ContextID, _ property: inout PropertyState, in list: inout PackedSessions,
        _ identity: UInt64
    ) -> InlineArray<8, UInt32> {
        property.contexts.packed.value(of: id, in: identity)
            ?? newTexts(of: id, &property, in: &list, identity)
    }

    @inline(never)
    private func newTexts(
        of id: ContextID, _ property: inout PropertyState, in list: inout PackedSessions,
        _ identity: UInt64
    ) -> InlineArray<8, UInt32> {
        let context = property.contexts[id]
        var texts = InlineArray<8, UInt32>(repeating: 0)
        for row in 0..<ContextTable.attributeCount {
            texts[row] = property.texts.number(context.texts[row], in: &list, identity)
        }
        if context.texts[ContextAttribute.channel.rawValue] == 0,
            let channel = channels?.channel(of: property.texts.evidence(of: context))
        {
            // Safe: the bytes of a text are all its own.
            texts[ContextAttribute.channel.rawValue] =
                unsafe list.number(of: channel.utf8Span.span.bytes)
        }
        property.contexts.packed.remember(
            texts, of: id, in: identity, count: property.contexts.entries.count)
        return texts
    }
}

extension TextTable {
    /// What a context says of where a session came from.
    fileprivate func evidence(of context: Context) -> TrafficEvidence {
        func text(_ attribute: ContextAttribute) -> String {
            string(context.texts[attribute.rawValue])
        }
        return TrafficEvidence(
            referrer: text(.referrer), source: text(.campaignSource),
            medium: text(.campaignMedium), campaign: text(.campaignName))
    }
}
