package import SojournModel

/// The state can be saved at any time between batches, and restored in another engine, which then does
/// what this one would have done, byte for byte (journal, "State of the engine").
///
/// The tables are saved as they lie in memory. What can be made again is left out: the index of the
/// visitors, and the hash tables over texts, contexts and remembered visitors.
extension Engine {
    /// Of the sections' layout. A change that an older engine would misread needs a new number.
    private static var stateVersion: UInt64 { 1 }
    private static var wordCount: Int { 7 + EngineCounters.outcomeCount }

    /// Saves the state as sections with ascending ids.
    ///
    /// The sink keeps the addresses of large tables, so nothing may be done with the engine until they
    /// are written; or a forked child writes them, and has them as they were when it was born.
    package func save(to sink: inout some StateSink & ~Copyable) {
        precondition(boxes.count <= PropertySections.propertiesMax)
        var words = StateWords(StateSections.engine)
        words.put(Self.stateVersion)
        words.put(UInt64(partition))
        words.put(secretCheck)
        words.put(UInt64(boxes.count))
        counters.save(to: &words)
        words.save(to: &sink)
        sessions.slab.save(to: &sink, StateSections.sessions)
        extensions.slab.save(to: &sink, StateSections.extensions)
        for row in boxes.indices {
            let state = boxes[row].take()
            state.save(to: &sink, PropertySections(row))
            boxes[row].put(state)
        }
    }

    /// Replaces all state, properties and policies included, by a saved one. Everything is checked
    /// first: bytes that `save` cannot have written are refused, and change nothing.
    ///
    /// The secret and the partition must be those of the engine that was saved. Limits may differ; then
    /// what comes is limited in another way.
    package mutating func restore(
        from source: borrowing some StateSource & ~Copyable
    ) throws(StateFault) {
        let section = StateSections.engine
        var words = try StateWords(section, count: Self.wordCount, from: source)
        let version = words.take()
        guard version == Self.stateVersion else {
            throw StateFault(
                section, "it has version \(version), and this program reads \(Self.stateVersion)")
        }
        let saved = words.take()
        guard saved == UInt64(partition) else {
            throw StateFault(section, "it is of partition \(saved), not of \(partition)")
        }
        guard words.take() == secretCheck else {
            throw StateFault(section, "it was saved with another secret")
        }
        let count = Int(
            try words.takeCount(
                "the number of properties", max: UInt64(PropertySections.propertiesMax)))
        let counters = try EngineCounters(&words)

        var sessions = SessionTable()
        var extensions = ExtensionTable()
        let sessionClaims = try sessions.slab.restore(from: source, StateSections.sessions)
        let extensionClaims = try extensions.slab.restore(from: source, StateSections.extensions)
        var check = SessionCheck(sessionClaims, extensionClaims)
        var boxes: [PropertyBox] = []
        var known: Set<PropertyID> = []
        for row in 0..<count {
            let sections = PropertySections(row)
            var property = try PropertyState.restored(
                from: source, sections, secret: secret, limits: limits)
            guard known.insert(property.state.id).inserted else {
                throw StateFault(
                    sections.scalars, "property \(property.state.id.rawValue) is there twice")
            }
            try check.walk(&property, row: row, sessions, extensions)
            try property.checkUses()
            boxes.append(PropertyBox(property.state))
        }
        index = try check.link(sessions, extensions)
        self.sessions = sessions
        self.extensions = extensions
        self.boxes = boxes
        self.counters = counters
    }

    /// Tells secrets apart, and tells nothing about them.
    private var secretCheck: UInt64 {
        SipHash(secret: secret, purpose: SecretPurpose.state).hash128(0, 0).high
    }
}

extension EngineCounters {
    fileprivate func save(to words: inout StateWords) {
        words.put(sessionsOpened)
        words.put(sessionsFinished)
        words.put(sessionsMerged)
        for index in 0..<Self.outcomeCount { words.put(outcomes[index]) }
    }

    fileprivate init(_ words: inout StateWords) throws(StateFault) {
        self.init()
        sessionsOpened = try words.takeCount("the number of opened sessions")
        sessionsFinished = try words.takeCount("the number of finished sessions")
        sessionsMerged = try words.takeCount("the number of merged sessions")
        for index in 0..<Self.outcomeCount { outcomes[index] = words.take() }
    }
}
