import SojournModel

extension PropertyState {
    private static let wordCount = 12

    func save(to sink: inout some StateSink & ~Copyable, _ sections: PropertySections) {
        var words = StateWords(sections.scalars)
        words.put(UInt64(id.rawValue))
        words.put(clock)
        words.put(revisions)
        wheel.save(to: &words)
        ordinals.save(to: &words)
        texts.save(to: &words)
        contexts.save(to: &words)
        words.save(to: &sink)
        policy.save(to: &sink, sections)
        wheel.save(to: &sink, sections.wheel)
        ordinals.save(to: &sink, sections.ordinals)
        texts.save(to: &sink, sections.texts)
        contexts.save(to: &sink, sections.contexts)
        texts.blocks.save(to: &sink, sections.textBlocks)
        paths.blocks.save(to: &sink, sections.pathBlocks)
    }

    /// The state that was saved, and who uses what in it so far. Sessions are not looked at.
    static func restored(
        from source: borrowing some StateSource & ~Copyable, _ sections: PropertySections,
        secret: DeploymentSecret, limits: EngineLimits
    ) throws(StateFault) -> RestoredProperty {
        var words = try StateWords(sections.scalars, count: wordCount, from: source)
        let id = PropertyID(
            UInt32(try words.takeCount("the property", max: UInt64(UInt32.max))))
        let policy = try SessionPolicy(from: source, sections)
        var state = PropertyState(id: id, policy: policy, secret: secret, limits: limits)
        state.clock = words.takeSigned()
        state.revisions = try words.takeCount("the number of revisions")
        try state.wheel.restore(from: source, sections.wheel, &words)
        try state.ordinals.restore(from: source, sections.ordinals, &words)
        try state.texts.restore(from: source, sections, &words)
        var textUses = GrowableBuffer<UInt32>()
        textUses.resize(to: state.texts.entries.count, repeating: 0)
        try state.contexts.restore(from: source, sections.contexts, &words, textUses: &textUses)
        var contextUses = GrowableBuffer<UInt32>()
        contextUses.resize(to: state.contexts.entries.count, repeating: 0)
        let paths = try state.paths.blocks.restore(from: source, sections.pathBlocks)
        return RestoredProperty(
            state: state, sections: sections, textUses: textUses, contextUses: contextUses,
            pathClaims: paths)
    }
}

/// A property's state that was read, while its sessions are checked.
struct RestoredProperty: ~Copyable {
    var state: PropertyState
    let sections: PropertySections
    /// Per text: how many contexts and sessions name it.
    var textUses: GrowableBuffer<UInt32>
    /// Per context: how many sessions name it.
    var contextUses: GrowableBuffer<UInt32>
    var pathClaims: BlockStoreClaims

    /// All that somebody holds must be used.
    func checkUses() throws(StateFault) {
        try state.texts.check(uses: textUses, sections.texts)
        try state.contexts.check(uses: contextUses, sections.contexts)
        try pathClaims.checkAll()
    }
}
