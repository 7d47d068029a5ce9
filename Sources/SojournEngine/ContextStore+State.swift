import SojournModel

/// A section of entries, free ones included; the table over them is made again (journal, "State of
/// the engine").
extension ContextStore {
    func save(to sink: inout some StateSink & ~Copyable, _ section: UInt32) {
        sink.save(section, entries)
    }

    /// The fields beside the entries.
    func save(to words: inout StateWords) {
        words.put(UInt64(firstFree))
        words.put(overflows)
    }

    /// Fills a store that holds nothing.
    ///
    /// - Parameter textUses: per text; each use by a context is added.
    mutating func restore(
        from source: borrowing some StateSource & ~Copyable, _ section: UInt32,
        _ words: inout StateWords, textUses: inout GrowableBuffer<UInt32>
    ) throws(StateFault) {
        firstFree = ContextID(
            try words.takeCount("the first free context", max: UInt64(UInt32.max)))
        overflows = try words.takeCount("the number of contexts too many")
        let fixed = [entries[0], entries[1], entries[2]]
        try source.load(section, into: &entries, repeating: fixed[0])
        guard entries.count >= 3, fixed.indices.allSatisfy({ fixed[$0] == entries[$0] }) else {
            throw StateFault(section, "the first three contexts are not those that always are")
        }
        for id in 3..<entries.count where entries[id].holders > 0 {
            let context = entries[id].context
            guard context.flags <= 1, context.hash == entries[id].hash else {
                throw StateFault(section, "context \(id) does not have the hash that is noted")
            }
            for attribute in 0..<8 {
                let text = Int(context.texts[attribute])
                guard text < textUses.count else {
                    throw StateFault(section, "context \(id) names a text that is not there")
                }
                textUses[text] &+= 1
            }
            count += 1
        }
        try checkFreeEntries(section)
        var size = buckets.count
        while count * 2 > size { size *= 2 }
        placeAll(among: size)
    }

    private func checkFreeEntries(_ section: UInt32) throws(StateFault) {
        var free = Int(firstFree)
        for _ in 3..<entries.count - count {
            guard free >= 3, free < entries.count, entries[free].holders == 0 else {
                throw StateFault(section, "the list of free contexts is wrong")
            }
            free = Int(entries[free].nextFree)
        }
        guard free == 0 else { throw StateFault(section, "the list of free contexts is too long") }
    }

    /// Every context must be held as often as it is used.
    func check(uses: borrowing GrowableBuffer<UInt32>, _ section: UInt32) throws(StateFault) {
        for id in 3..<entries.count where entries[id].holders != uses[id] {
            throw StateFault(
                section, "context \(id) has \(entries[id].holders) holders and \(uses[id]) uses")
        }
    }
}
