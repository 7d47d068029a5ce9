import CIntrinsics

/// The live sessions of a partition, each in a slot that it keeps.
///
/// Slots are 128 bytes in chunks of 2 MiB: two cache lines a session, aligned, and large pages where
/// the system has them, for a random look-up costs as much in the page tables as in the caches.
@safe
struct SessionTable: ~Copyable {
    var slab = Slab(blockSize: 128, chunkShift: 14, hugePages: true)

    init() { precondition(MemoryLayout<Session>.stride == 128) }

    /// Sessions in the table, those that were merged away included.
    var count: Int { slab.count }
    var reservedBytes: Int { slab.reservedBytes }

    /// All slots that there are, in use or not.
    var slots: Range<SessionSlot> { 1..<slab.lastBlock + 1 }

    /// The session in a slot, in place.
    @inline(always)
    subscript(slot: SessionSlot) -> Session {
        unsafeAddress {
            // A slot in use holds a session: `insert` is the only way to get one.
            unsafe UnsafePointer(slab[slot].assumingMemoryBound(to: Session.self))
        }
        unsafeMutableAddress {
            unsafe slab[slot].assumingMemoryBound(to: Session.self)
        }
    }

    mutating func insert(_ session: Session) -> SessionSlot {
        let slot = slab.allocate()
        // The slot is fresh, aligned to 128 bytes, and exactly as large.
        unsafe slab[slot].bindMemory(to: Session.self, capacity: 1).initialize(to: session)
        return slot
    }

    mutating func remove(_ slot: SessionSlot) { slab.free(slot) }

    /// Asks for both cache lines of a session.
    @inline(always)
    func prefetch(_ slot: SessionSlot) {
        let address = unsafe slab[slot]
        unsafe sojourn_prefetch(address)
        unsafe sojourn_prefetch(address + 64)
    }
}
