import SojournModel

/// What only few sessions need, beside their record.
struct SessionExtension: BitwiseCopyable {
    /// How many event ids are remembered per session.
    static let eventIDsMax = 16

    /// The sessions that were merged into this one, linked by `older`; 0 for none.
    var aliases: SessionSlot = 0
    /// The context that brought the campaign; 0 for none. Kept where the policy splits on campaign.
    var campaign: ContextID = 0
    /// The last event ids, the newest at `eventIDCount - 1` modulo the capacity.
    var eventIDs: InlineArray<16, UInt64> = .init(repeating: 0)
    var eventIDCount: UInt32 = 0
    /// Zero, so that every byte of an extension says something.
    private(set) var reserved: UInt32 = 0

    /// True when the id is among the last ones.
    func hasSeen(_ eventID: UInt64) -> Bool {
        for index in 0..<eventIDsKept where eventIDs[index] == eventID {
            return true
        }
        return false
    }

    mutating func remember(_ eventID: UInt64) {
        eventIDs[Int(eventIDCount) % Self.eventIDsMax] = eventID
        // The count runs in 16 ... 31 once the ring is full, so it cannot overflow.
        eventIDCount += 1
        if eventIDCount == UInt32(2 * Self.eventIDsMax) { eventIDCount = UInt32(Self.eventIDsMax) }
    }

    /// How many ids are remembered.
    var eventIDsKept: Int { min(Int(eventIDCount), Self.eventIDsMax) }

    /// The remembered ids, the oldest first.
    func eventID(at index: Int) -> UInt64 {
        eventIDs[(Int(eventIDCount) - eventIDsKept + index) % Self.eventIDsMax]
    }
}

/// The extensions of the sessions that have one.
@safe
struct ExtensionTable: ~Copyable {
    typealias Slot = UInt32

    var slab = Slab(blockSize: 144, chunkShift: 11)

    init() { precondition(MemoryLayout<SessionExtension>.size == 144) }

    var reservedBytes: Int { slab.reservedBytes }

    subscript(slot: Slot) -> SessionExtension {
        unsafeAddress {
            // A slot in use holds an extension: `insert` is the only way to get one.
            unsafe UnsafePointer(slab[slot].assumingMemoryBound(to: SessionExtension.self))
        }
        unsafeMutableAddress {
            unsafe slab[slot].assumingMemoryBound(to: SessionExtension.self)
        }
    }

    mutating func insert() -> Slot {
        let slot = slab.allocate()
        // The slot is fresh, aligned to 8 bytes, and at least as large.
        unsafe slab[slot].bindMemory(to: SessionExtension.self, capacity: 1)
            .initialize(to: SessionExtension())
        return slot
    }

    mutating func remove(_ slot: Slot) { slab.free(slot) }
}
