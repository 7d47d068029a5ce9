import SojournModel

/// The different visitors of a set of sessions, and in which group the first session of each is.
struct VisitorTable: ~Copyable {
    struct Entry: BitwiseCopyable {
        var visitor: VisitorHash
        var start: Int64
        var ordinal: UInt32
        var group: UInt32
    }

    private(set) var entries = GrowableBuffer<Entry>()
    /// Open addressing over `entries`: index plus one; 0 when empty. A power of two.
    private var slots = GrowableBuffer<UInt32>()

    init() { slots.resize(to: 1_024, repeating: 0) }

    mutating func take(_ visitor: VisitorHash, _ start: Int64, _ ordinal: UInt32, group: UInt32) {
        var slot = home(visitor)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            let entry = entries[index]
            if entry.visitor == visitor {
                if (start, ordinal) < (entry.start, entry.ordinal) {
                    entries[index] = Entry(
                        visitor: visitor, start: start, ordinal: ordinal, group: group)
                }
                return
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        entries.append(Entry(visitor: visitor, start: start, ordinal: ordinal, group: group))
        slots[slot] = UInt32(entries.count)
        if entries.count * 2 > slots.count { grow() }
    }

    /// Hashes are spread evenly as they are.
    private func home(_ visitor: VisitorHash) -> Int {
        Int(truncatingIfNeeded: visitor.bits.low) & (slots.count - 1)
    }

    private mutating func grow() {
        let size = slots.count * 2
        slots.removeAll()
        slots.resize(to: size, repeating: 0)
        for index in 0..<entries.count {
            var slot = home(entries[index].visitor)
            while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}
