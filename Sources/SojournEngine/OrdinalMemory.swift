import SojournModel

/// How many sessions a visitor has had, remembered after the last one is finished.
///
/// Entries stand in a ring in the order in which they came, 16 bytes each, found through a table of
/// 4-byte indexes: at most 24 bytes a visitor. The oldest go first, by age or when it is full.
struct OrdinalMemory: ~Copyable {
    struct Entry: BitwiseCopyable {
        /// Part of the visitor's hash; 0 for an entry that was taken out.
        var visitor: UInt64
        var ordinal: UInt32
        /// When the entry came, in seconds since the epoch, as far as 32 bits go.
        var seconds: UInt32
    }

    private var ring = GrowableBuffer<Entry>()
    /// Entries before this one were dropped.
    private var head = 0
    /// How many more were dropped since the gaps were closed, but are not in `ring`, for it was
    /// saved and restored.
    private var droppedBefore = 0
    /// Gaps are closed, or more entries allowed, when there are so many.
    private var room = 128
    /// Index into `ring` plus one; 0 when empty.
    private var buckets = GrowableBuffer<UInt32>()
    private let limit: Int
    /// Visitors remembered.
    private(set) var count = 0
    /// Visitors forgotten because there were too many.
    private(set) var evictions: UInt64 = 0

    init(limit: Int) {
        self.limit = limit
        buckets.resize(to: 64, repeating: 0)
    }

    var reservedBytes: Int { ring.capacity * 16 + buckets.capacity * 4 }

    private static func key(_ visitor: VisitorHash) -> UInt64 { max(visitor.bits.low, 1) }

    /// The bucket of a hash among any number of buckets.
    private func home(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: ((key &>> 32) &* UInt64(buckets.count)) &>> 32)
    }

    /// Remembers a visitor that is not in the memory.
    mutating func insert(_ visitor: VisitorHash, ordinal: UInt32, at milliseconds: Int64) {
        if limit == 0 { return }
        while count >= limit {
            // A visitor who has come back left a gap; that is no eviction.
            if ring[head].visitor != 0 { evictions += 1 }
            dropFirst()
        }
        makeRoom()
        ring.append(
            Entry(
                visitor: Self.key(visitor), ordinal: ordinal,
                seconds: Self.seconds(milliseconds)))
        place(ring.count - 1)
        count += 1
    }

    /// The number of sessions that a visitor has had, or 0, and forgets it.
    mutating func take(_ visitor: VisitorHash) -> UInt32 {
        let key = Self.key(visitor)
        var bucket = home(key)
        while buckets[bucket] != 0 {
            let index = Int(buckets[bucket]) - 1
            if ring[index].visitor == key {
                let ordinal = ring[index].ordinal
                ring[index].visitor = 0
                removeBucket(bucket)
                count -= 1
                return ordinal
            }
            bucket = next(bucket)
        }
        return 0
    }

    /// Forgets those who came before a time, at most `budget` of them.
    mutating func forget(before milliseconds: Int64, budget: Int) {
        guard milliseconds > 0 else { return }
        let limit = Self.seconds(milliseconds)
        var left = budget
        while head < ring.count, left > 0 {
            if ring[head].visitor != 0 && ring[head].seconds >= limit { return }
            dropFirst()
            left -= 1
        }
    }

    /// True when `forget` has something to do.
    func forgetsAny(before milliseconds: Int64) -> Bool {
        guard milliseconds > 0, head < ring.count else { return false }
        return ring[head].visitor == 0 || ring[head].seconds < Self.seconds(milliseconds)
    }

    private static func seconds(_ milliseconds: Int64) -> UInt32 {
        UInt32(clamping: milliseconds / 1_000)
    }

    private func next(_ bucket: Int) -> Int {
        bucket + 1 == buckets.count ? 0 : bucket + 1
    }

    /// Drops the first entry of the ring, whether it still counts or not.
    private mutating func dropFirst() {
        let entry = ring[head]
        if entry.visitor != 0 {
            var bucket = home(entry.visitor)
            while Int(buckets[bucket]) - 1 != head { bucket = next(bucket) }
            removeBucket(bucket)
            count -= 1
        }
        head += 1
    }

    private mutating func place(_ index: Int) {
        var bucket = home(ring[index].visitor)
        while buckets[bucket] != 0 { bucket = next(bucket) }
        buckets[bucket] = UInt32(index + 1)
    }

    private mutating func removeBucket(_ removed: Int) {
        var hole = removed
        var bucket = removed
        while true {
            bucket = next(bucket)
            if buckets[bucket] == 0 { break }
            let home = home(ring[Int(buckets[bucket]) - 1].visitor)
            let stays =
                hole <= bucket ? home > hole && home <= bucket : home > hole || home <= bucket
            if stays { continue }
            buckets[hole] = buckets[bucket]
            hole = bucket
        }
        buckets[hole] = 0
    }

    /// Before an insertion: closes the gaps of the ring when they are many, and widens the table
    /// when it is nearly full.
    private mutating func makeRoom() {
        // By what is saved, not by the capacity, so that a restored memory does it at the same time.
        if droppedBefore + ring.count >= room {
            if count * 16 < room * 15 { compact() } else { room += room / 16 }
        }
        if ring.count == ring.capacity && ring.count > 64 {
            ring.reserve(ring.capacity + ring.capacity / 16)
        }
        if isFull(buckets.count) { placeAll(among: buckets.count + buckets.count / 8) }
    }

    /// True when so many buckets are too few for one more visitor.
    private func isFull(_ buckets: Int) -> Bool { (count + 1) * 10 > buckets * 8 }

    private mutating func placeAll(among size: Int) {
        buckets = GrowableBuffer(capacity: size)
        buckets.resize(to: size, repeating: 0)
        for index in head..<ring.count where ring[index].visitor != 0 { place(index) }
    }

    private mutating func compact() {
        var kept = 0
        for index in head..<ring.count where ring[index].visitor != 0 {
            ring[kept] = ring[index]
            kept += 1
        }
        ring.truncate(to: kept)
        head = 0
        droppedBefore = 0
        let size = buckets.count
        buckets.removeAll()
        buckets.resize(to: size, repeating: 0)
        for index in 0..<kept { place(index) }
    }
}

/// A section of entries, from the first that was not dropped; the table over them is made again
/// (journal, "State of the engine").
extension OrdinalMemory {
    func save(to sink: inout some StateSink & ~Copyable, _ id: UInt32) {
        sink.save(id, ring, from: head)
    }

    /// The fields beside the entries.
    func save(to words: inout StateWords) {
        words.put(UInt64(droppedBefore + head))
        words.put(UInt64(room))
        words.put(evictions)
    }

    /// Fills an empty memory.
    mutating func restore(
        from source: borrowing some StateSource & ~Copyable, _ id: UInt32,
        _ words: inout StateWords
    ) throws(StateFault) {
        let most = UInt64(UInt32.max)
        droppedBefore = Int(try words.takeCount("the number of dropped visitors", max: most))
        room = Int(try words.takeCount("the room for visitors", max: most))
        evictions = try words.takeCount("the number of evictions")
        try source.load(id, into: &ring, repeating: Entry(visitor: 0, ordinal: 0, seconds: 0))
        guard room >= 128, droppedBefore + ring.count <= room else {
            throw StateFault(
                id, "\(ring.count) remembered visitors are more than there is room for")
        }
        var last: UInt32 = 0
        for index in 0..<ring.count {
            if ring[index].visitor != 0 { count += 1 }
            guard ring[index].seconds >= last else {
                throw StateFault(id, "remembered visitor \(index) is not in order of time")
            }
            last = ring[index].seconds
        }
        var size = buckets.count
        while isFull(size) { size += size / 8 }
        placeAll(among: size)
    }
}
