package import SojournEngine
package import SojournModel

/// Saved state in memory.
package struct MemoryState: ~Copyable, StateSink, StateSource {
    package struct Section: Equatable, Sendable {
        package let id: UInt32
        package var elementBytes: Int
        package fileprivate(set) var bytes: Range<Int>
    }

    package private(set) var sections: [Section] = []
    private var bytes = GrowableBuffer<UInt8>()

    package init() {}

    package mutating func beginSection(_ id: UInt32, elementBytes: Int) {
        precondition(sections.last.map { $0.id < id } ?? true)
        sections.append(
            Section(id: id, elementBytes: elementBytes, bytes: bytes.count..<bytes.count))
    }

    @unsafe package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        self.bytes.append(contentsOf: unsafe bytes.bindMemory(to: UInt8.self).span)
        sections[sections.count - 1].bytes =
            sections[sections.count - 1].bytes.lowerBound..<self.bytes.count
    }

    package mutating func append(copying bytes: RawSpan) {
        // They are copied at once.
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    @_lifetime(borrow self)
    package func section(_ id: UInt32) -> StateSection? {
        guard let section = sections.first(where: { $0.id == id }) else { return nil }
        // Bytes have no padding, so they may be read.
        return StateSection(
            elementBytes: section.elementBytes,
            count: section.bytes.count / section.elementBytes,
            bytes: unsafe bytes.span.bytes.extracting(section.bytes))
    }

    /// Where two states differ, in words; nil when they are the same.
    package func difference(from other: borrowing MemoryState) -> String? {
        if sections.map(\.id) != other.sections.map(\.id) { return "they have other sections" }
        for (section, second) in zip(sections, other.sections) {
            if section.elementBytes != second.elementBytes {
                return "section \(section.id) has other elements"
            }
            if section.bytes.count != second.bytes.count {
                return "section \(section.id) has \(section.bytes.count) and "
                    + "\(second.bytes.count) bytes"
            }
            for offset in 0..<section.bytes.count
            where bytes[section.bytes.lowerBound + offset]
                != other.bytes[second.bytes.lowerBound + offset]
            {
                return "section \(section.id) differs at byte \(offset)"
            }
        }
        return nil
    }

    // MARK: Damage

    package var byteCount: Int { bytes.count }

    package subscript(offset: Int) -> UInt8 {
        get { bytes[offset] }
        set { bytes[offset] = newValue }
    }

    /// The state without some of its sections.
    package mutating func remove(_ id: UInt32) { sections.removeAll { $0.id == id } }

    /// Cuts elements off the end of a section.
    package mutating func cut(_ id: UInt32, elements: Int) {
        for index in sections.indices where sections[index].id == id {
            let bytes = sections[index].bytes
            let cut = min(bytes.count, elements * sections[index].elementBytes)
            sections[index].bytes = bytes.lowerBound..<bytes.upperBound - cut
        }
    }
}

extension EngineRun {
    /// What the engine saves.
    package var savedState: MemoryState {
        var state = MemoryState()
        engine.save(to: &state)
        return state
    }

    /// Goes on with a fresh engine that has the state of another one.
    package mutating func restart(
        from state: borrowing MemoryState
    ) throws(StateFault) {
        engine = Engine(secret: Self.secret, partition: 3, limits: limits)
        try engine.restore(from: state)
    }
}
