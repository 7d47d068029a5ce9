import SojournChannels
import SojournModel

extension Engine {
    /// Appends all that is kept of a session, with its texts written out.
    func pack(
        _ slot: SessionSlot, as kind: PackedHead.Kind, _ property: inout PropertyState,
        into list: inout PackedSessions
    ) {
        let session = sessions[slot]
        var head = PackedHead(
            kind, property: property.id, visitor: session.visitor, id: session.id)
        head.state = session.shownState
        head.boundary = boundaryOut(of: slot, &property)
        head.pathLength = session.pathLength
        head.firstEvent = session.firstEvent
        head.lastEvent = session.lastEvent
        head.value = session.value
        head.finishesAt = property.policy.finishTime(lastEvent: session.lastEvent)
        head.ordinal = session.ordinal
        head.events = session.events
        head.views = session.views
        head.actions = session.actions
        head.conversions = session.conversions
        list.begin(head)
        let context = property.contexts[session.context]
        for row in 0..<ContextTable.attributeCount {
            list.set(text: row, to: property.texts.number(context.texts[row], in: &list))
            if row == ContextAttribute.channel.rawValue, context.texts[row] == 0,
                let channel = channels?.channel(of: property.texts.evidence(of: context))
            {
                // Safe: the bytes of a text are all its own.
                let number = unsafe list.number(of: channel.utf8Span.span.bytes)
                list.set(text: row, to: number)
            }
        }
        list.set(
            text: PackedHead.landingPage,
            to: property.texts.number(session.landingPage, in: &list))
        list.set(
            text: PackedHead.exitPage, to: property.texts.number(session.exitPage, in: &list))
        for row in 0..<Int(session.pathLength) {
            let step = step(slot, row, &property)
            list.append(
                page: property.texts.number(step.page, in: &list), milliseconds: step.milliseconds)
        }
        list.end()
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
