import SojournModel

/// Names a context of a property; 0 names the empty one, 1 and 2 the overflow entries.
typealias ContextID = UInt32

/// The attributes of a context as texts.
struct Context: BitwiseCopyable, Equatable {
    var texts: InlineArray<8, TextID> = .init(repeating: 0)
    /// 1 for a visitor whom the sender knows to be a bot. A number, so that every byte of a context
    /// says something.
    private(set) var flags: UInt32 = 0

    var isKnownBot: Bool {
        get { flags != 0 }
        set { flags = newValue ? 1 : 0 }
    }

    static func == (left: Context, right: Context) -> Bool {
        for index in 0..<8 where left.texts[index] != right.texts[index] { return false }
        return left.flags == right.flags
    }

    var isEmpty: Bool { self == Context() }

    var hasCampaign: Bool { texts[5] != 0 || texts[6] != 0 || texts[7] != 0 }

    func sameCampaign(as other: Context) -> Bool {
        texts[5] == other.texts[5] && texts[6] == other.texts[6] && texts[7] == other.texts[7]
    }

    var hash: UInt32 {
        var hash: UInt64 = isKnownBot ? 1 : 0
        for index in 0..<8 {
            hash = (hash ^ UInt64(texts[index])) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        return UInt32(truncatingIfNeeded: hash >> 32)
    }
}

/// The contexts of a property that a live session needs, each kept once and counted; when the
/// table is full, a new one becomes the overflow entry, and that is counted.
struct ContextStore: ~Copyable {
    /// The overflow entry for people, and the one for known bots: what a sender knows is not lost.
    static let other: ContextID = 1
    static let otherBot: ContextID = 2

    struct Entry: BitwiseCopyable, Equatable {
        var context: Context
        var hash: UInt32
        /// Holders; 0 when free, and then `nextFree` counts.
        var holders: UInt32
        var nextFree: ContextID
    }

    var entries = GrowableBuffer<Entry>()
    var buckets = GrowableBuffer<ContextID>()
    var firstFree: ContextID = 0
    private let limit: Int
    var count = 0
    var overflows: UInt64 = 0
    /// The numbers of their texts.
    var packed = PackedMemory(empty: InlineArray<8, UInt32>(repeating: 0))

    init(limit: Int) {
        self.limit = limit
        buckets.resize(to: 64, repeating: 0)
        var overflow = Context()
        // All but the campaign, for one that is not known must not split a session.
        for index in 0..<5 { overflow.texts[index] = TextTable.other }
        entries.append(Entry(context: Context(), hash: 0, holders: 1, nextFree: 0))
        entries.append(Entry(context: overflow, hash: 0, holders: 1, nextFree: 0))
        overflow.isKnownBot = true
        entries.append(Entry(context: overflow, hash: 0, holders: 1, nextFree: 0))
    }

    subscript(id: ContextID) -> Context { entries[Int(id)].context }

    /// The id of a context, which the caller holds from now on. The caller holds the texts; when
    /// the context is new, the store takes those holds over, else it releases them.
    mutating func hold(_ context: Context, _ texts: inout TextTable) -> ContextID {
        if context.isEmpty { return 0 }
        let hash = context.hash
        var bucket = Int(hash) & (buckets.count - 1)
        while buckets[bucket] != 0 {
            let id = buckets[bucket]
            if entries[Int(id)].hash == hash && entries[Int(id)].context == context {
                hold(id)
                release(context, &texts)
                return id
            }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        if count >= limit {
            overflows += 1
            release(context, &texts)
            return context.isKnownBot ? Self.otherBot : Self.other
        }
        count += 1
        let entry = Entry(context: context, hash: hash, holders: 1, nextFree: 0)
        let id: ContextID
        if firstFree != 0 {
            id = firstFree
            firstFree = entries[Int(id)].nextFree
            entries[Int(id)] = entry
            packed.forget(id)
        } else {
            id = ContextID(entries.count)
            entries.append(entry)
        }
        buckets[bucket] = id
        if count * 2 > buckets.count { placeAll(among: buckets.count * 2) }
        return id
    }

    @inline(always)
    mutating func hold(_ id: ContextID) {
        if id > Self.otherBot { entries[Int(id)].holders &+= 1 }
    }

    @inline(always)
    mutating func release(_ id: ContextID, _ texts: inout TextTable) {
        guard id > Self.otherBot else { return }
        let holders = entries[Int(id)].holders
        precondition(holders > 0, "a context was released more often than held")
        entries[Int(id)].holders = holders - 1
        if holders == 1 { remove(id, &texts) }
    }

    var reservedBytes: Int {
        entries.capacity * MemoryLayout<Entry>.stride + buckets.capacity * 4
            + packed.reservedBytes
    }

    private func release(_ context: Context, _ texts: inout TextTable) {
        for index in 0..<8 { texts.release(context.texts[index]) }
    }

    private mutating func remove(_ id: ContextID, _ texts: inout TextTable) {
        let entry = entries[Int(id)]
        release(entry.context, &texts)
        count -= 1
        let mask = buckets.count - 1
        var hole = Int(entry.hash) & mask
        while buckets[hole] != id { hole = (hole + 1) & mask }
        var bucket = hole
        while true {
            bucket = (bucket + 1) & mask
            let next = buckets[bucket]
            if next == 0 { break }
            let home = Int(entries[Int(next)].hash) & mask
            if (bucket - home) & mask >= (bucket - hole) & mask {
                buckets[hole] = next
                hole = bucket
            }
        }
        buckets[hole] = 0
        entries[Int(id)] = Entry(context: Context(), hash: 0, holders: 0, nextFree: firstFree)
        firstFree = id
    }

    /// Makes the table over the entries anew.
    mutating func placeAll(among size: Int) {
        buckets.removeAll()
        buckets.resize(to: size, repeating: 0)
        for id in 3..<entries.count where entries[id].holders > 0 {
            var bucket = Int(entries[id].hash) & (size - 1)
            while buckets[bucket] != 0 { bucket = (bucket + 1) & (size - 1) }
            buckets[bucket] = ContextID(id)
        }
    }
}
