import SojournModel

/// A section of fields, and one of the transitions of its time zone (journal, "State of the engine").
extension SessionPolicy {
    func save(to sink: inout some StateSink & ~Copyable, _ sections: PropertySections) {
        var words = StateWords(sections.policy)
        words.put(timeoutMilliseconds)
        words.put(maxDurationMilliseconds ?? 0)
        words.put(UInt64(maxEvents ?? 0))
        words.put(latenessMilliseconds)
        words.put(maxClockSkewMilliseconds)
        words.put(visitorRetentionMilliseconds)
        words.put((splitsOnCampaign ? 1 : 0) | UInt64(midnight == nil ? 0 : 2))
        words.put(midnight?.firstOffset ?? 0)
        words.save(to: &sink)
        var transitions = GrowableBuffer<Int64>()
        for transition in midnight?.transitions ?? [] {
            transitions.append(transition.start)
            transitions.append(transition.offset)
        }
        sink.beginSection(sections.transitions, elementBytes: 16)
        // Integers have no padding, so their bytes may be read.
        unsafe sink.append(copying: transitions.span.bytes)
    }

    init(
        from source: borrowing some StateSource & ~Copyable, _ sections: PropertySections
    ) throws(StateFault) {
        self.init()
        var words = try StateWords(sections.policy, count: 8, from: source)
        timeoutMilliseconds = words.takeSigned()
        let duration = words.takeSigned()
        maxDurationMilliseconds = duration == 0 ? nil : duration
        let events = UInt32(try words.takeCount("the largest session", max: UInt64(UInt32.max)))
        maxEvents = events == 0 ? nil : events
        latenessMilliseconds = words.takeSigned()
        maxClockSkewMilliseconds = words.takeSigned()
        visitorRetentionMilliseconds = words.takeSigned()
        let flags = try words.takeCount("the flags", max: 3)
        splitsOnCampaign = flags & 1 != 0
        let firstOffset = words.takeSigned()
        if let fault { throw StateFault(sections.policy, fault) }

        let section = try source.section(sections.transitions, elementBytes: 16)
        var transitions: [LocalDays.Transition] = []
        var last = Int64.min
        for index in 0..<section.count {
            let start: Int64 = section.bytes.integer(at: index * 16)
            let offset: Int64 = section.bytes.integer(at: index * 16 + 8)
            guard start > last else {
                throw StateFault(sections.transitions, "transition \(index) is not in order")
            }
            transitions.append(.init(start: start, offset: offset))
            last = start
        }
        if flags & 2 != 0 {
            midnight = LocalDays(firstOffset: firstOffset, transitions: transitions)
        } else if !transitions.isEmpty {
            throw StateFault(sections.transitions, "there are transitions but no midnight")
        }
    }
}
