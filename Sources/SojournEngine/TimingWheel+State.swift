import SojournModel

/// A section with the first session of each list (journal, "State of the engine").
extension TimingWheel {
    func save(to sink: inout some StateSink & ~Copyable, _ section: UInt32) {
        sink.save(section, heads)
    }

    /// The fields beside the lists.
    func save(to words: inout StateWords) {
        words.put(UInt64(hasStarted ? 1 : 0))
        words.put(cursor)
    }

    /// Fills an empty wheel. What its lists hold is not checked.
    mutating func restore(
        from source: borrowing some StateSource & ~Copyable, _ section: UInt32,
        _ words: inout StateWords
    ) throws(StateFault) {
        hasStarted = try words.takeCount("the mark of a started wheel", max: 1) == 1
        cursor = words.takeSigned()
        // No clock leads beyond: a tick has at least 100 milliseconds.
        let farthest = Int64.max / 100 + Int64(Self.slotCount)
        guard cursor.magnitude <= UInt64(farthest) else {
            throw StateFault(section, "the wheel stands at tick \(cursor)")
        }
        try source.load(section, into: &heads, repeating: 0)
        guard heads.count == Self.slotCount else {
            throw StateFault(section, "\(heads.count) lists instead of \(Self.slotCount)")
        }
    }

    /// The first session of each list that is not empty.
    var firstSessions: GrowableBuffer<SessionSlot> {
        var sessions = GrowableBuffer<SessionSlot>(capacity: Self.slotCount)
        for index in 0..<heads.count where heads[index] != 0 { sessions.append(heads[index]) }
        return sessions
    }
}
