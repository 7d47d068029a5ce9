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
            property.texts.append(context.texts[row], row, to: &list)
            if row == ContextAttribute.channel.rawValue, context.texts[row] == 0,
                let channel = channels?.channel(of: property.texts.evidence(of: context))
            {
                // Safe: the bytes of a text are all its own.
                unsafe list.append(text: channel.utf8Span.span.bytes, row)
            }
        }
        property.texts.append(session.landingPage, PackedHead.landingPage, to: &list)
        property.texts.append(session.exitPage, PackedHead.exitPage, to: &list)
        for row in 0..<Int(session.pathLength) {
            let step = step(slot, row, &property)
            property.texts.append(page: step.page, milliseconds: step.milliseconds, to: &list)
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

    /// Appends a text of an entry; nothing for none.
    fileprivate func append(_ id: TextID, _ row: Int, to list: inout PackedSessions) {
        if id == 0 { return }
        withBytes(id) { list.append(text: $0, row) }
    }

    fileprivate func append(
        page id: TextID, milliseconds: UInt32, to list: inout PackedSessions
    ) {
        withBytes(id) { list.append(page: $0, milliseconds: milliseconds) }
    }
}
