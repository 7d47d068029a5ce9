import SojournModel

/// A section of entries, free ones included, and those of the blocks with the bytes; the table over
/// them is made again (journal, "State of the engine").
extension TextTable {
    func save(to sink: inout some StateSink & ~Copyable, _ section: UInt32) {
        sink.save(section, entries)
    }

    /// The fields beside the entries.
    func save(to words: inout StateWords) {
        words.put(UInt64(firstFree))
        words.put(overflows)
    }

    /// Fills a table that holds nothing.
    mutating func restore(
        from source: borrowing some StateSource & ~Copyable, _ sections: PropertySections,
        _ words: inout StateWords
    ) throws(StateFault) {
        let section = sections.texts
        firstFree = TextID(try words.takeCount("the first free text", max: UInt64(UInt32.max)))
        overflows = try words.takeCount("the number of texts too many")
        let first = entries[0]
        try source.load(section, into: &entries, repeating: first)
        guard entries.count >= 2, entries[0] == first, entries[1] == first else {
            throw StateFault(section, "the first two texts are not those that always are")
        }
        var claims = try blocks.restore(from: source, sections.textBlocks)
        for id in 2..<entries.count where entries[id].holders > 0 {
            let entry = entries[id]
            guard claims.claim(entry.block, byteCount: Int(entry.length)) else {
                throw StateFault(section, "text \(id) has no bytes of its own")
            }
            guard hasHash(entry) else {
                throw StateFault(section, "text \(id) does not have the hash that is noted")
            }
            count += 1
        }
        try claims.checkAll()
        try checkFreeEntries(section)
        var size = buckets.count
        while count * 2 > size { size *= 2 }
        placeAll(among: size)
    }

    private func hasHash(_ entry: Entry) -> Bool {
        // The block was claimed for so many bytes.
        let bytes = unsafe RawSpan(
            _unsafeStart: blocks.address(of: entry.block), byteCount: Int(entry.length))
        return UInt32(truncatingIfNeeded: hasher.quickHash64(bytes)) == entry.hash
    }

    private func checkFreeEntries(_ section: UInt32) throws(StateFault) {
        var free = Int(firstFree)
        for _ in 2..<entries.count - count {
            guard free >= 2, free < entries.count, entries[free].holders == 0 else {
                throw StateFault(section, "the list of free texts is wrong")
            }
            free = Int(entries[free].block)
        }
        guard free == 0 else { throw StateFault(section, "the list of free texts is too long") }
    }

    /// Every text must be held as often as it is used.
    func check(uses: borrowing GrowableBuffer<UInt32>, _ section: UInt32) throws(StateFault) {
        for id in 2..<entries.count where entries[id].holders != uses[id] {
            throw StateFault(
                section, "text \(id) has \(entries[id].holders) holders and \(uses[id]) uses")
        }
    }
}
