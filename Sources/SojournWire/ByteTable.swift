import SojournModel

/// A list of distinct byte strings that finds a string's index: one arena for their bytes, and an
/// open-addressing table over it, with no object per string.
///
/// Strings are forgotten only from the end of the list, or all at once; that is what keeps linear
/// probing right without tombstones.
struct ByteTable: ~Copyable {
    private(set) var count = 0
    private var bytes = ByteWriter()
    private var ends = GrowableBuffer<UInt32>()
    private var hashes = GrowableBuffer<UInt64>()
    /// Index plus one; 0 for a free slot. A power of two of them, at most half of them taken.
    private var slots = GrowableBuffer<UInt32>()
    /// How many entries have another size than the first.
    private var oddSizes = 0

    /// Bytes of all entries.
    var byteCount: Int { bytes.count }

    /// The size of every entry; nil when they differ, or when there are none.
    var uniformSize: Int? { count > 0 && oddSizes == 0 ? Int(ends[0]) : nil }

    subscript(index: Int) -> RawSpan {
        @_lifetime(borrow self) get {
            bytes.bytes.extracting(start(index)..<Int(ends[index]))
        }
    }

    /// Index of an entry, which is new when it was not there.
    mutating func intern(_ entry: RawSpan) -> Int {
        if (count + 1) * 2 > slots.count { grow() }
        let hash = Self.hash(entry)
        let slot = find(hash, entry)
        if slots[slot] > 0 { return Int(slots[slot]) - 1 }
        slots[slot] = UInt32(count + 1)
        push(entry, hash)
        return count - 1
    }

    /// Index plus one of a text; 0 for an empty one.
    mutating func reference(_ text: String) -> UInt32 {
        if text.isEmpty { return 0 }
        return UInt32(intern(unsafe text.utf8Span.span.bytes) + 1)
    }

    /// Appends an entry that may be there already. Do not mix with `intern`.
    mutating func append(_ text: String) { push(unsafe text.utf8Span.span.bytes, 0) }

    /// Forgets the entries from `newCount` on.
    mutating func truncate(to newCount: Int) {
        while count > newCount {
            let last = count - 1
            var slot = Int(truncatingIfNeeded: hashes[last]) & (slots.count - 1)
            while slots[slot] != UInt32(count) { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = 0
            if Int(ends[last]) - start(last) != Int(ends[0]) { oddSizes -= 1 }
            bytes.truncate(to: start(last))
            ends.truncate(to: last)
            hashes.truncate(to: last)
            count = last
        }
    }

    /// Forgets all entries and keeps the storage.
    mutating func removeAll() {
        if count == 0 { return }
        bytes.removeAll()
        ends.removeAll()
        hashes.removeAll()
        count = 0
        oddSizes = 0
        let size = slots.count
        slots.removeAll()
        slots.resize(to: size, repeating: 0)
    }

    /// True when entry `left` stands before entry `right` in the order of their bytes.
    func precedes(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (self[left], self[right])
        let shared = a.sharedPrefix(with: b)
        if shared == a.byteCount || shared == b.byteCount { return a.byteCount < b.byteCount }
        return a.integer(at: shared, as: UInt8.self) < b.integer(at: shared, as: UInt8.self)
    }

    /// Writes the entries in their order as a dictionary.
    func write(_ column: Column, to writer: inout ByteWriter, _ cursor: inout DirectoryCursor) {
        writer.appendDictionary(
            column, entries: bytes.bytes, ends: ends.span, size: uniformSize, &cursor)
    }

    private func start(_ index: Int) -> Int { index == 0 ? 0 : Int(ends[index - 1]) }

    private mutating func push(_ entry: RawSpan, _ hash: UInt64) {
        bytes.append(contentsOf: entry)
        ends.append(UInt32(bytes.count))
        hashes.append(hash)
        count += 1
        if entry.byteCount != Int(ends[0]) { oddSizes += 1 }
    }

    /// The slot of an entry, or the free one where it belongs.
    private func find(_ hash: UInt64, _ entry: RawSpan) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] > 0 {
            let index = Int(slots[slot]) - 1
            if hashes[index] == hash, self[index].isEqual(to: entry) { return slot }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func grow() {
        let size = max(64, slots.count * 2)
        slots.removeAll()
        slots.resize(to: size, repeating: 0)
        for index in 0..<count {
            var slot = Int(truncatingIfNeeded: hashes[index]) & (size - 1)
            while slots[slot] > 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }

    /// Mixes eight bytes at a time. Only the sender's own strings meet here, so it need not
    /// withstand an attacker.
    private static func hash(_ entry: RawSpan) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: entry.byteCount) &* 0x9E37_79B9_7F4A_7C15
        var at = 0
        while at + 8 <= entry.byteCount {
            hash = mix(hash ^ entry.integer(at: at, as: UInt64.self))
            at += 8
        }
        var rest: UInt64 = 0
        while at < entry.byteCount {
            rest = rest << 8 | UInt64(entry.integer(at: at, as: UInt8.self))
            at += 1
        }
        return mix(hash ^ rest)
    }

    @inline(__always) private static func mix(_ word: UInt64) -> UInt64 {
        let product = (word ^ 0x2D35_8DCC_AA6C_78A5).multipliedFullWidth(by: 0x8BB8_4B93_962E_ACC9)
        return product.high ^ product.low
    }
}

extension RawSpan {
    /// How many bytes two strings have in common from their start.
    func sharedPrefix(with other: RawSpan) -> Int {
        let most = Swift.min(byteCount, other.byteCount)
        var at = 0
        while at + 8 <= most {
            let difference =
                integer(at: at, as: UInt64.self) ^ other.integer(at: at, as: UInt64.self)
            if difference != 0 { return at + difference.trailingZeroBitCount / 8 }
            at += 8
        }
        while at < most,
            integer(at: at, as: UInt8.self) == other.integer(at: at, as: UInt8.self)
        {
            at += 1
        }
        return at
    }

    func isEqual(to other: RawSpan) -> Bool {
        byteCount == other.byteCount && sharedPrefix(with: other) == byteCount
    }
}
