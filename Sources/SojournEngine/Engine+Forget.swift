package import SojournModel

extension Engine {
    /// The hash by which a visitor of a property is known.
    package func visitor(_ key: RawSpan, of property: PropertyID) -> VisitorHash {
        box(property).read { VisitorHash($0.visitorHasher.hash128(key)) }
    }

    /// Erases a visitor's unfinished sessions and the memory of how many there were. Nothing of them is
    /// handed over.
    ///
    /// The sessions' places wait, empty, for their turn in the timing wheel.
    ///
    /// - Returns: how many sessions were erased.
    package mutating func forget(_ visitor: VisitorHash, of propertyID: PropertyID) -> Int {
        let box = box(propertyID)
        var property = box.take()
        _ = property.ordinals.take(visitor)
        var erased = 0
        var slot = index.find(visitor, in: sessions)
        while slot != 0 {
            let older = sessions[slot].older
            unlink(slot)
            eraseAliases(of: slot)
            releaseHoldings(of: slot, &property)
            erase(slot)
            erased += 1
            slot = older
        }
        box.put(property)
        return erased
    }

    private mutating func eraseAliases(of slot: SessionSlot) {
        guard sessions[slot].extension != 0 else { return }
        var alias = extensions[sessions[slot].extension].aliases
        extensions[sessions[slot].extension].aliases = 0
        while alias != 0 {
            let next = sessions[alias].older
            erase(alias)
            alias = next
        }
    }

    /// Leaves nothing of a session but its place in the timing wheel.
    private mutating func erase(_ slot: SessionSlot) {
        let wheelNext = sessions[slot].wheelNext
        sessions[slot] = .erased
        sessions[slot].wheelNext = wheelNext
    }
}
