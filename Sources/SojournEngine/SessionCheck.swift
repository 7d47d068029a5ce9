import SojournModel

/// Checks restored sessions, so that the engine never meets one that it could not have made.
///
/// 1. `walk` goes through the wheel of each property: every session that is not free is in one list,
///    and what it names in the property's tables is there and nobody else's.
/// 2. `link` goes through the slots: every live session is in the chain of its visitor, whose front
///    goes into the index; every session that was merged away is in one list of aliases.
struct SessionCheck: ~Copyable {
    private var claims: BlockClaims
    private var extensionClaims: BlockClaims
    /// Per session by its place: row of its property plus one; 0 for a free one.
    private var owners = GrowableBuffer<UInt16>()
    /// Per session by its place: 1 once a chain or a list of aliases was found to hold it.
    private var linked = GrowableBuffer<UInt8>()
    /// Visitors per shard of the index.
    private var visitors = InlineArray<256, Int>(repeating: 0)
    /// Sessions that were not merged away.
    private var live = 0
    private var aliases = 0

    private var section: UInt32 { claims.section }

    init(_ sessions: consuming BlockClaims, _ extensions: consuming BlockClaims) {
        claims = sessions
        extensionClaims = extensions
        owners.resize(to: claims.total, repeating: 0)
        linked.resize(to: claims.total, repeating: 0)
    }

    // MARK: Property by property

    /// Goes through the lists of a property's wheel, one step in each after the other, so that the
    /// memory is asked for many sessions at a time, and for their paths.
    mutating func walk(
        _ property: inout RestoredProperty, row: Int, _ sessions: borrowing SessionTable,
        _ extensions: borrowing ExtensionTable
    ) throws(StateFault) {
        var lists = property.state.wheel.firstSessions
        guard lists.isEmpty || property.state.wheel.hasStarted else {
            throw StateFault(property.sections.wheel, "a wheel that never started holds sessions")
        }
        while !lists.isEmpty {
            for list in 0..<lists.count {
                let slot = lists[list]
                guard let place = claims.claim(slot) else {
                    throw StateFault(
                        property.sections.wheel, "session \(slot) is not there, or filed twice")
                }
                owners[place] = UInt16(row + 1)
                try check(slot, sessions, extensions, &property)
            }
            var left = 0
            for list in 0..<lists.count {
                let slot = lists[list]
                try checkSteps(of: slot, sessions, &property)
                let next = sessions[slot].wheelNext
                if next == 0 { continue }
                if claims.place(of: next) != nil { sessions.prefetch(next) }
                lists[left] = next
                left += 1
            }
            lists.truncate(to: left)
        }
    }

    private mutating func check(
        _ slot: SessionSlot, _ sessions: borrowing SessionTable,
        _ extensions: borrowing ExtensionTable, _ property: inout RestoredProperty
    ) throws(StateFault) {
        let session = sessions[slot]
        guard session.firstEvent >= 0, session.firstEvent <= session.lastEvent,
            session.lastEvent < Limits.eventTimeEnd
        else { throw fault(slot, "has impossible times") }
        if session.marks == .alias || session.marks == .dead {
            guard session.landingPage == 0, session.exitPage == 0, session.context == 0,
                session.path == 0,
                session.pathLength == 0, session.extension == 0
            else { throw fault(slot, "was merged away and still holds something") }
            if session.marks == .alias { aliases += 1 }
            return
        }
        guard session.marks.isOfLiveSession else { throw fault(slot, "has impossible marks") }
        live += 1
        if session.marks.contains(.newest) {
            visitors[VisitorIndex.Place(session.visitor).shard] += 1
        }
        try use(text: session.exitPage, slot, &property)
        try use(context: session.context, slot, &property)
        try checkPath(of: session, slot, &property)
        if session.extension != 0 {
            guard extensionClaims.claim(session.extension) != nil else {
                throw fault(slot, "has no extension of its own")
            }
            guard extensions[session.extension].eventIDCount < 2 * SessionExtension.eventIDsMax
            else { throw fault(slot, "has an impossible count of event ids") }
            try use(context: extensions[session.extension].campaign, slot, &property)
        }
    }

    private func checkPath(
        of session: Session, _ slot: SessionSlot, _ property: inout RestoredProperty
    ) throws(StateFault) {
        let length = Int(session.pathLength)
        guard length <= PathStore.stepsMax else { throw fault(slot, "has a path that is too long") }
        if length > 0 {
            try use(text: session.landingPage, slot, &property)
        } else if session.landingPage != 0 {
            throw fault(slot, "has a landing page without a path")
        }
        if length <= 1 {
            if session.path != 0 { throw fault(slot, "has a block for a path without steps") }
            return
        }
        guard
            property.pathClaims.claim(
                session.path, byteCount: (length - 1) * MemoryLayout<PathStore.Step>.stride)
        else { throw fault(slot, "has no path of its own") }
        property.state.paths.prefetch(session.path, 0)
    }

    /// Of a session whose path is its own.
    private func checkSteps(
        of slot: SessionSlot, _ sessions: borrowing SessionTable,
        _ property: inout RestoredProperty
    ) throws(StateFault) {
        let path = sessions[slot].path
        if path == 0 { return }
        for step in 0..<Int(sessions[slot].pathLength) - 1 {
            try use(text: property.state.paths[path, step].page, slot, &property)
        }
    }

    @inline(always)
    private func use(
        text: TextID, _ slot: SessionSlot, _ property: inout RestoredProperty
    ) throws(StateFault) {
        guard Int(text) < property.textUses.count else {
            throw fault(slot, "names a text that is not there")
        }
        property.textUses[Int(text)] &+= 1
    }

    @inline(always)
    private func use(
        context: ContextID, _ slot: SessionSlot, _ property: inout RestoredProperty
    ) throws(StateFault) {
        guard Int(context) < property.contextUses.count else {
            throw fault(slot, "names a context that is not there")
        }
        property.contextUses[Int(context)] &+= 1
    }

    // MARK: All together

    /// How far ahead of the session that is looked at its place in the index is asked for.
    private static var distance: UInt32 { 12 }

    /// Makes the index, and checks that all sessions are where it leads to.
    mutating func link(
        _ sessions: borrowing SessionTable, _ extensions: borrowing ExtensionTable
    ) throws(StateFault) -> VisitorIndex {
        try claims.checkAll()
        try extensionClaims.checkAll()
        var index = VisitorIndex(visitors: visitors)
        var inChains = 0
        var inLists = 0
        for slot in sessions.slots {
            if claims.place(of: slot &+ Self.distance) != nil {
                index.prefetch(VisitorIndex.Place(sessions[slot &+ Self.distance].visitor))
            }
            guard let place = claims.place(of: slot), owners[place] != 0 else { continue }
            if sessions[slot].marks.contains(.newest) {
                let visitor = sessions[slot].visitor
                guard index.find(visitor, in: sessions) == 0 else {
                    throw fault(slot, "is the second newest one of its visitor")
                }
                index.insert(visitor, slot)
                inChains += try checkChain(from: slot, sessions, owner: owners[place])
            }
            if sessions[slot].extension != 0 {
                inLists += try checkAliases(
                    from: extensions[sessions[slot].extension].aliases, sessions,
                    owner: owners[place])
            }
        }
        guard inChains == live else {
            throw StateFault(section, "\(live - inChains) sessions are in no visitor's chain")
        }
        guard inLists == aliases else {
            throw StateFault(
                section, "\(aliases - inLists) sessions that were merged away are in no list")
        }
        return index
    }

    /// Goes from a visitor's newest session to the older ones, and counts them.
    private mutating func checkChain(
        from front: SessionSlot, _ sessions: borrowing SessionTable, owner: UInt16
    ) throws(StateFault) -> Int {
        var length = 1
        var slot = sessions[front].older
        while slot != 0 {
            try follow(to: slot, from: front, owner: owner)
            guard sessions[slot].visitor == sessions[front].visitor,
                sessions[slot].marks.isOfLiveSession, !sessions[slot].marks.contains(.newest)
            else { throw fault(front, "has a chain that leads astray") }
            length += 1
            slot = sessions[slot].older
        }
        guard length == Int(sessions[front].chainLength) else {
            throw fault(front, "has a chain of \(length) sessions")
        }
        return length
    }

    /// Goes through the sessions that were merged into another, and counts them.
    private mutating func checkAliases(
        from first: SessionSlot, _ sessions: borrowing SessionTable, owner: UInt16
    ) throws(StateFault) -> Int {
        var length = 0
        var slot = first
        while slot != 0 {
            try follow(to: slot, from: first, owner: owner)
            guard sessions[slot].marks == .alias else {
                throw fault(first, "is in a list of aliases that leads astray")
            }
            length += 1
            slot = sessions[slot].older
        }
        return length
    }

    /// A link leads to a session of the same property to which no other one leads.
    private mutating func follow(
        to slot: SessionSlot, from other: SessionSlot, owner: UInt16
    ) throws(StateFault) {
        guard let place = claims.place(of: slot), owners[place] == owner, linked[place] == 0 else {
            throw fault(other, "has a link that leads astray")
        }
        linked[place] = 1
    }

    private func fault(_ slot: SessionSlot, _ reason: String) -> StateFault {
        StateFault(section, "session \(slot) \(reason)")
    }
}

extension Session.Marks {
    /// True when a session that was not merged away may have them.
    var isOfLiveSession: Bool { rawValue & ~(1 | 8 | 7 << 5) == 0 }
}
