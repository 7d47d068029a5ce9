import CIntrinsics
import Glibc
import SojournModel

/// Finds the newest session of a visitor by the visitor's hash.
///
/// 256 open-addressing tables, chosen by the first byte of the hash, so that growing one of them moves
/// a 256th of the entries and the tables grow by an eighth at a time. An entry is one word:
///
///     63 ......... 32 | 31 .......... 0
///     tag: 32 bits    | session slot,
///     of the hash     | 0 when empty
///
/// The tag alone says where an entry belongs, so neither growing nor removing touches a session.
@safe
struct VisitorIndex: ~Copyable {
    @safe private struct Shard {
        var entries: UnsafeMutablePointer<UInt64>
        var capacity: UInt64
        var count: UInt64
    }

    private static let shardCount = 256
    /// Tables are whole pages, straight from the system, to which they go back when they have grown.
    private static let entriesPerPage: UInt64 = 512
    private let shards: UnsafeMutablePointer<Shard>
    /// Visitors in the index.
    private(set) var count = 0

    /// An empty index with room.
    ///
    /// - Parameter visitors: for how many, per shard.
    init(visitors: InlineArray<256, Int> = .init(repeating: 0)) {
        unsafe shards = .allocate(capacity: Self.shardCount)
        for index in 0..<Self.shardCount {
            var capacity = Self.entriesPerPage
            while Self.isFull(capacity, UInt64(visitors[index])) { capacity = Self.next(capacity) }
            // Each of the 256 shards is initialised once and owns its entries.
            unsafe (shards + index).initialize(
                to: Shard(entries: Self.emptyEntries(capacity), capacity: capacity, count: 0))
        }
    }

    /// True when a table of this capacity has to grow before it takes one more visitor.
    private static func isFull(_ capacity: UInt64, _ count: UInt64) -> Bool {
        count * 5 >= capacity * 4
    }

    /// The capacity of the next larger table.
    private static func next(_ capacity: UInt64) -> UInt64 {
        let pages = capacity / entriesPerPage
        return (pages + max(pages / 8, 1)) * entriesPerPage
    }

    deinit {
        for index in 0..<Self.shardCount { Self.release(unsafe shards[index]) }
        unsafe shards.deallocate()
    }

    private static func emptyEntries(_ capacity: UInt64) -> UnsafeMutablePointer<UInt64> {
        let bytes = Int(capacity) * 8
        // New pages are zero: empty entries.
        let pages = unsafe mmap(
            nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages = unsafe pages, unsafe pages != MAP_FAILED else {
            fatalError("out of memory: the system refused \(bytes) bytes for the visitor index")
        }
        return unsafe pages.bindMemory(to: UInt64.self, capacity: Int(capacity))
    }

    /// Gives a table back, which nobody looks at any more.
    private static func release(_ shard: Shard) {
        unsafe munmap(shard.entries, Int(shard.capacity) * 8)
    }

    /// Where a hash lives: its shard (8 bits) and its tag (the next 32 bits).
    struct Place: Equatable {
        var shard: Int
        var tag: UInt64

        @inline(always) init(_ hash: VisitorHash) {
            shard = Int(truncatingIfNeeded: hash.bits.high &>> 56)
            tag = hash.bits.high &>> 24 & 0xFFFF_FFFF
        }

        /// From the first 40 bits of a hash.
        init(prefix: UInt64) {
            shard = Int(prefix >> 32 & 0xFF)
            tag = prefix & 0xFFFF_FFFF
        }
    }

    /// Asks for the cache line in which the search will begin.
    @inline(always)
    func prefetch(_ place: Place) {
        // A shard is a byte, and a home is below the shard's capacity.
        let shard = unsafe shards[place.shard]
        unsafe sojourn_prefetch(shard.entries + Int((place.tag &* shard.capacity) &>> 32))
    }

    /// The first entry at or behind `position` whose tag matches, or nil. Start with `home(of:)`.
    @inline(always)
    func next(_ place: Place, from position: inout Int) -> SessionSlot? {
        let shard = unsafe shards[place.shard]
        while true {
            // Positions wrap at the capacity, and a shard is never full.
            let entry = unsafe shard.entries[position]
            if entry == 0 { return nil }
            position += 1
            if position == Int(shard.capacity) { position = 0 }
            if entry &>> 32 == place.tag { return UInt32(truncatingIfNeeded: entry) }
        }
    }

    /// Where the search for a place begins.
    @inline(always)
    func home(of place: Place) -> Int {
        unsafe Int((place.tag &* shards[place.shard].capacity) &>> 32)
    }

    /// The newest session of a visitor, or 0.
    @inline(always)
    func find(_ hash: VisitorHash, in sessions: borrowing SessionTable) -> SessionSlot {
        let place = Place(hash)
        var position = home(of: place)
        while let slot = next(place, from: &position) {
            if sessions[slot].visitor == hash { return slot }
        }
        return 0
    }

    /// The slot that the search from the tag's home meets first: worth a prefetch.
    @inline(always)
    func likely(_ hash: VisitorHash) -> SessionSlot {
        let place = Place(hash)
        var position = home(of: place)
        return next(place, from: &position) ?? 0
    }

    /// Adds a visitor that is not there.
    mutating func insert(_ hash: VisitorHash, _ slot: SessionSlot) {
        let place = Place(hash)
        var shard = unsafe shards[place.shard]
        if Self.isFull(shard.capacity, shard.count) { shard = Self.grown(shard) }
        shard.count += 1
        Self.place(place.tag << 32 | UInt64(slot), in: shard)
        unsafe shards[place.shard] = shard
        count += 1
    }

    private static func place(_ entry: UInt64, in shard: Shard) {
        var position = Int(((entry >> 32) * shard.capacity) >> 32)
        // A shard is never full, so the loop meets an empty entry.
        while unsafe shard.entries[position] != 0 {
            position += 1
            if position == Int(shard.capacity) { position = 0 }
        }
        unsafe shard.entries[position] = entry
    }

    private static func grown(_ old: Shard) -> Shard {
        let capacity = next(old.capacity)
        let new = unsafe Shard(
            entries: emptyEntries(capacity), capacity: capacity, count: old.count)
        for position in 0..<Int(old.capacity) {
            // Within the old capacity.
            let entry = unsafe old.entries[position]
            if entry != 0 { place(entry, in: new) }
        }
        release(old)
        return new
    }

    /// Where the entry of a visitor's newest session stands.
    private func position(of hash: VisitorHash, _ slot: SessionSlot) -> (shard: Int, entry: Int) {
        let place = Place(hash)
        let shard = unsafe shards[place.shard]
        var position = home(of: place)
        let wanted = place.tag << 32 | UInt64(slot)
        while true {
            // As in `next`.
            let entry = unsafe shard.entries[position]
            precondition(entry != 0, "a visitor's newest session is not in the index")
            if entry == wanted { return (place.shard, position) }
            position += 1
            if position == Int(shard.capacity) { position = 0 }
        }
    }

    /// Another session of the visitor is the newest now.
    mutating func replace(_ hash: VisitorHash, _ old: SessionSlot, with new: SessionSlot) {
        let (shard, position) = position(of: hash, old)
        let tag = unsafe shards[shard].entries[position] & 0xFFFF_FFFF_0000_0000
        unsafe shards[shard].entries[position] = tag | UInt64(new)
    }

    /// The visitor has no session any more.
    mutating func remove(_ hash: VisitorHash, _ slot: SessionSlot) {
        let (shardIndex, removed) = position(of: hash, slot)
        let shard = unsafe shards[shardIndex]
        // Entries behind the hole that may stand in it move up, so that no search ends too early.
        var hole = removed
        var position = removed
        while true {
            position += 1
            if position == Int(shard.capacity) { position = 0 }
            let entry = unsafe shard.entries[position]
            if entry == 0 { break }
            let home = Int(((entry >> 32) * shard.capacity) >> 32)
            let staysBehindHole =
                hole <= position
                ? home > hole && home <= position : home > hole || home <= position
            if staysBehindHole { continue }
            unsafe shard.entries[hole] = entry
            hole = position
        }
        unsafe shard.entries[hole] = 0
        unsafe shards[shardIndex].count -= 1
        count -= 1
    }

    /// Bytes of all entries.
    var reservedBytes: Int {
        var bytes = 0
        for index in 0..<Self.shardCount { bytes += unsafe Int(shards[index].capacity) * 8 }
        return bytes
    }
}

/// One owner at a time; nothing in it belongs to a thread.
extension VisitorIndex: @unchecked Sendable {}
