package import SojournModel

/// When a batch was admitted. Stamped once, so that every partition and every replay sees the same.
package struct AdmissionTime: Equatable, Sendable {
    /// The property's clock, in milliseconds; `Int64.min` before the first event.
    package var clock: Int64
    /// The server's time, in milliseconds since the epoch.
    package var server: Int64

    package init(clock: Int64, server: Int64) {
        self.clock = clock
        self.server = server
    }
}

/// What the keys of a batch's visitors are.
package enum VisitorKeys: Sendable {
    /// What the sender has chosen.
    case raw
    /// 16 bytes each: visitor hashes as they lie in memory, like those of `Engine.batchVisitors`.
    case hashed
}

extension Engine {
    /// Applies a batch: every event is assigned, or told why not.
    ///
    /// 1. Hash all visitor keys, and ask for their index entries.
    /// 2. Find the entries, and ask for their sessions.
    /// 3. Walk the events. Nearly all extend the visitor's newest session in order, which is
    ///    `canExtend` and `extend`; the others go through `place`, which reads like the
    ///    specification.
    ///
    /// - Parameters:
    ///   - batch: its events, in the order in which they arrived.
    ///   - keys: what the batch's visitor keys are. Hashed ones give the same result as the keys that
    ///     they were made of.
    ///   - time: stamped at admission; a clock that goes back is taken as standing still.
    ///   - result: is emptied, then filled with the batch's assignments and revisions.
    ///   - sink: gets sessions that are due by `time.clock`, at most `finishBudget(events:)` of them.
    package mutating func apply(
        _ batch: borrowing EventBatch, keys: VisitorKeys = .raw, to propertyID: PropertyID,
        at time: AdmissionTime, result: inout BatchResult, sink: inout some SessionSink & ~Copyable
    ) {
        let box = box(propertyID)
        var property = box.take()
        property.clock = max(property.clock, time.clock)
        finishDue(&property, &sink, budget: Self.finishBudget(events: batch.count))

        result.removeAll()
        result.clock = property.clock
        result.eventSessions.resize(to: batch.count, repeating: 0)
        result.positions.resize(to: batch.count, repeating: 0)
        result.outcomes.resize(to: batch.count, repeating: 0)
        scratch.rows.removeAll()
        scratch.texts.removeAll()
        scratch.texts.resize(to: batch.texts.count, repeating: 0)
        scratch.contexts.removeAll()
        scratch.contexts.resize(to: batch.contexts.count, repeating: 0)
        findVisitors(of: batch, keys, property)

        let policy = property.policy
        let isPlain =
            policy.midnight == nil && !policy.splitsOnCampaign && batch.eventIDs.isEmpty
            && !hasKnownBots(batch)
        let latest = time.server.addingReportingOverflow(policy.maxClockSkewMilliseconds)
        let lastAllowed = latest.overflow ? Int64.max : latest.partialValue
        let reach = Reach(policy, clock: property.clock)

        for row in 0..<batch.count {
            let key = batch.visitors[row]
            let visitor = scratch.visitors[key]
            let time = batch.time(at: row)
            let kind = batch.kind(at: row)
            var outcome = Outcome.extended
            var slot: SessionSlot = 0
            if time > lastAllowed {
                outcome = .rejectedClockSkew
            } else {
                slot = newestSession(of: visitor, key: key)
                if isPlain, slot != 0, reach.canExtend(sessions[slot], at: time, kind) {
                    let page = kind == .view ? text(batch.names[row], of: batch, &property) : 0
                    extend(slot, at: time, kind, page: page, value: batch.value(at: row), &property)
                } else {
                    let event = event(row, of: batch, visitor, time, kind, &property)
                    (outcome, slot) = place(event, newest: slot, &property, &result)
                    scratch.newest[key] = slot
                }
            }
            record(outcome, slot, at: row, in: &result)
        }

        describeSessions(in: &result)
        for revision in 0..<result.revisions.count {
            sink.revise(propertyID, result.revisions[revision])
        }
        tellOpened(result, &property, &sink)
        releaseHolds(&property)
        box.put(property)
    }

    /// The hashes of the visitor keys of the batch that was applied last, in the batch's order.
    package var batchVisitors: Span<VisitorHash> {
        @_lifetime(borrow self) get { scratch.visitors.span }
    }

    /// Passes time without events: hands due sessions over and forgets old visitors. When nothing
    /// is due, it changes nothing, so such a tick may as well be left out.
    ///
    /// - Returns: true when there may be more that is due than the budget allowed.
    package mutating func tick(
        _ propertyID: PropertyID, clock: Int64, sink: inout some SessionSink & ~Copyable,
        budget: Int = 20_000
    ) -> Bool {
        let box = box(propertyID)
        var property = box.take()
        guard property.isAnythingDue(at: clock) else {
            box.put(property)
            return false
        }
        property.clock = max(property.clock, clock)
        let more = finishDue(&property, &sink, budget: budget)
        box.put(property)
        return more
    }

    /// True when a tick at this clock would change anything.
    package func isAnythingDue(_ property: PropertyID, clock: Int64) -> Bool {
        box(property).read { $0.isAnythingDue(at: clock) }
    }

    /// How many sessions a batch finishes at most: more than it can open, so that the backlog shrinks,
    /// and few enough that no batch waits long.
    package static func finishBudget(events: Int) -> Int { 2_048 + 2 * events }

    // MARK: Before the events

    private mutating func findVisitors(
        of batch: borrowing EventBatch, _ form: VisitorKeys, _ property: borrowing PropertyState
    ) {
        let hasher = property.visitorHasher
        let keys = batch.visitorKeys.count
        scratch.visitors.removeAll()
        if form == .hashed {
            for key in 0..<keys {
                let visitor = VisitorHash(littleEndian: batch.visitorKeys[key])
                index.prefetch(VisitorIndex.Place(visitor))
                scratch.visitors.append(visitor)
            }
        } else if let words = batch.visitorKeys.pairs {
            // Keys of 16 bytes, as most senders have them.
            hasher.append128(ofPairs: words, to: &scratch.visitors)
            for key in 0..<keys {
                index.prefetch(VisitorIndex.Place(scratch.visitors[key]))
            }
        } else {
            for key in 0..<keys {
                let visitor = VisitorHash(hasher.hash128(batch.visitorKeys[key]))
                index.prefetch(VisitorIndex.Place(visitor))
                scratch.visitors.append(visitor)
            }
        }
        scratch.newest.removeAll()
        for key in 0..<keys {
            let slot = index.likely(scratch.visitors[key])
            scratch.newest.append(slot)
            if slot != 0 { sessions.prefetch(slot) }
        }
    }

    /// The newest session of a visitor, or 0. What the batch found before is right unless another
    /// visitor has the same tag, or the visitor has a newer session by now.
    @inline(always)
    private func newestSession(of visitor: VisitorHash, key: Int) -> SessionSlot {
        let slot = scratch.newest[key]
        if slot != 0, sessions[slot].visitor == visitor, sessions[slot].marks.contains(.newest) {
            return slot
        }
        return index.find(visitor, in: sessions)
    }

    private func hasKnownBots(_ batch: borrowing EventBatch) -> Bool {
        for row in 0..<batch.contexts.count where batch.contexts.isKnownBot(row: row) {
            return true
        }
        return false
    }

    // MARK: The common case

    /// The conditions under which an event extends a session in order, as plain numbers.
    struct Reach {
        private let timeout: Int64
        private let maxDuration: Int64
        private let maxEvents: UInt32
        /// A session whose last event is at or before this is finished.
        private let finishedLast: Int64

        init(_ policy: SessionPolicy, clock: Int64) {
            timeout = policy.timeoutMilliseconds
            maxDuration = policy.maxDurationMilliseconds ?? .max
            maxEvents = policy.maxEvents ?? .max
            let span = policy.timeoutMilliseconds + policy.latenessMilliseconds
            let last = clock.subtractingReportingOverflow(span)
            finishedLast = last.overflow ? .min : last.partialValue
        }

        /// True when nothing but the newest session has to be looked at.
        @inline(always)
        func canExtend(_ session: borrowing Session, at time: Int64, _ kind: EventKind) -> Bool {
            let gap = time &- session.lastEvent
            if gap < 0 || gap >= timeout { return false }
            if time &- session.firstEvent > maxDuration { return false }
            if session.events >= maxEvents { return false }
            if session.state.isEnded { return false }
            if session.lastEvent <= finishedLast { return false }
            return kind.rawValue <= EventKind.heartbeat.rawValue
        }
    }

    /// Extends a session by an event at or after its last one.
    @inline(always)
    private mutating func extend(
        _ slot: SessionSlot, at time: Int64, _ kind: EventKind, page: TextID, value: Int64,
        _ property: inout PropertyState
    ) {
        // One call, so that the session's place in memory is worked out once.
        sessions[slot].extend(at: time, kind, value: value)
        if kind == .view { appendView(slot, at: time, page, &property) }
    }

    // MARK: What an event names

    /// The id of the batch's text `name - 1`, or 0 for name 0. The batch holds it.
    @inline(always)
    mutating func text(
        _ name: Int, of batch: borrowing EventBatch, _ property: inout PropertyState
    ) -> TextID {
        if name == 0 { return 0 }
        let known = scratch.texts[name &- 1]
        return known != 0 ? known : hold(text: name &- 1, of: batch, &property)
    }

    private mutating func hold(
        text: Int, of batch: borrowing EventBatch, _ property: inout PropertyState
    ) -> TextID {
        let id = property.texts.hold(batch.texts[text])
        scratch.texts[text] = id
        return id
    }

    private mutating func context(
        _ number: Int, of batch: borrowing EventBatch, _ property: inout PropertyState
    ) -> ContextID {
        if number == 0 { return 0 }
        let known = scratch.contexts[number - 1]
        if known != 0 { return known }
        var context = Context()
        for attribute in 0..<ContextTable.attributeCount {
            let name = batch.contexts.text(row: number - 1, attribute: attribute)
            context.texts[attribute] = text(name, of: batch, &property)
            property.texts.hold(context.texts[attribute])
        }
        context.isKnownBot = batch.contexts.isKnownBot(row: number - 1)
        let id = property.contexts.hold(context, &property.texts)
        scratch.contexts[number - 1] = id
        return id
    }

    private mutating func event(
        _ row: Int, of batch: borrowing EventBatch, _ visitor: VisitorHash, _ time: Int64,
        _ kind: EventKind, _ property: inout PropertyState
    ) -> Event {
        Event(
            visitor: visitor, time: time, kind: kind,
            page: kind == .view ? text(batch.names[row], of: batch, &property) : 0,
            context: context(batch.contextIndexes[row], of: batch, &property),
            value: batch.value(at: row), id: batch.eventID(at: row))
    }

    private mutating func releaseHolds(_ property: inout PropertyState) {
        for text in 0..<scratch.texts.count { property.texts.release(scratch.texts[text]) }
        for context in 0..<scratch.contexts.count {
            property.contexts.release(scratch.contexts[context], &property.texts)
        }
    }

    // MARK: What the reply says

    /// Notes what became of an event.
    @inline(always)
    private mutating func record(
        _ outcome: Outcome, _ slot: SessionSlot, at event: Int, in result: inout BatchResult
    ) {
        result.outcomes[event] = outcome.rawValue
        counters.count(outcome)
        guard outcome.isAccepted else { return }
        // A session knows its row; the row knows whether that is of this batch.
        let (known, events) = sessions[slot].rowAndEvents
        var row = known
        if row >= UInt32(truncatingIfNeeded: scratch.rows.count)
            || scratch.rows[Int(row)] != slot
        {
            row = UInt32(truncatingIfNeeded: scratch.rows.count)
            scratch.rows.append(slot)
            sessions[slot].row = row
        }
        result.eventSessions[event] = row &+ 1
        result.positions[event] = events
    }

    private func describeSessions(in result: inout BatchResult) {
        for row in 0..<scratch.rows.count {
            let slot = scratch.rows[row]
            result.sessions.append(
                SessionRow(
                    id: sessions[slot].id, start: sessions[slot].firstEvent,
                    ordinal: sessions[slot].ordinal, state: sessions[slot].shownState))
        }
    }
}

extension Engine {
    /// Hands over the sessions that the batch has opened, as they stand after it. One that is part of another
    /// by now is told by its revision alone.
    private mutating func tellOpened(
        _ result: borrowing BatchResult, _ property: inout PropertyState,
        _ sink: inout some SessionSink & ~Copyable
    ) {
        sink.opened(property.id) { list in
            for event in 0..<result.eventCount
            where result.outcomes[event] == Outcome.new.rawValue {
                let slot = scratch.rows[Int(result.eventSessions[event]) - 1]
                if sessions[slot].marks.contains(.alias) { continue }
                pack(slot, as: .live, &property, into: &list)
            }
        }
    }
}

extension VisitorHash {
    /// The hash that lies in 16 bytes as in memory.
    init(littleEndian bytes: RawSpan) {
        precondition(bytes.byteCount == 16, "a visitor's hash has 16 bytes")
        self.init(Bits128(high: bytes.integer(at: 0), low: bytes.integer(at: 8)))
    }
}
