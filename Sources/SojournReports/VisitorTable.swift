import SojournModel

/// The different visitors of a set of sessions, and in which group the first session of each is.
///
/// Sessions are gathered and looked up many at a time: the table is far larger than the caches, and the memory
/// answers many questions at once as soon as one.
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

    /// Not looked up yet.
    private var waiting = GrowableBuffer<Entry>()
    private static let batch = 256
    /// Keeps what was read only to have it near from being left out.
    private var touched: UInt64 = 0

    init() { slots.resize(to: 1_024, repeating: 0) }

    mutating func take(_ visitor: VisitorHash, _ start: Int64, _ ordinal: UInt32, group: UInt32) {
        waiting.append(Entry(visitor: visitor, start: start, ordinal: ordinal, group: group))
        if waiting.count == Self.batch { lookUp() }
    }

    /// Looks up what waits. `entries` is complete then.
    mutating func lookUp() {
        // First all slots, then all entries, so that the third time everything is near.
        for index in 0..<waiting.count {
            touched &+= UInt64(slots[home(waiting[index].visitor)])
        }
        for index in 0..<waiting.count {
            let slot = slots[home(waiting[index].visitor)]
            if slot != 0 { touched &+= UInt64(entries[Int(slot) - 1].group) }
        }
        for index in 0..<waiting.count { place(waiting[index]) }
        waiting.removeAll()
    }

    private mutating func place(_ new: Entry) {
        var slot = home(new.visitor)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            let entry = entries[index]
            if entry.visitor == new.visitor {
                if (new.start, new.ordinal) < (entry.start, entry.ordinal) { entries[index] = new }
                return
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        entries.append(new)
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
