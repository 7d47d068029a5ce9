import Glibc
import SojournModel

/// Names a text of a property; 0 names none, 1 the overflow entry `(other)`.
typealias TextID = UInt32

/// The texts of a property that a live session needs (pages, attributes of contexts), each kept
/// once and counted.
///
/// A text goes when nobody holds it any more. When the table is full, a new text becomes
/// `(other)`, and that is counted.
struct TextTable: ~Copyable {
    static let other: TextID = 1

    struct Entry: BitwiseCopyable, Equatable {
        var hash: UInt32
        var length: UInt32
        var block: BlockStore.Block
        /// Holders; 0 when the entry is free, and then `block` is the next free entry.
        var holders: UInt32
    }

    var entries = GrowableBuffer<Entry>()
    var firstFree: TextID = 0
    /// Open addressing over `entries`; 0 when empty. A power of two.
    var buckets = GrowableBuffer<TextID>()
    var blocks = BlockStore()
    let hasher: SipHash
    private let limit: Int
    /// Texts in the table, `(other)` aside.
    var count = 0
    /// How often a text became `(other)`.
    var overflows: UInt64 = 0
    /// Their numbers.
    private var packed = PackedMemory(empty: 0 as UInt32)

    /// - Parameter limit: the largest number of texts.
    init(hasher: SipHash, limit: Int) {
        self.hasher = hasher
        self.limit = limit
        buckets.resize(to: 64, repeating: 0)
        // Entries 0 and 1 stand for none and for (other); nobody frees them.
        entries.append(Entry(hash: 0, length: 0, block: 0, holders: 1))
        entries.append(Entry(hash: 0, length: 0, block: 0, holders: 1))
    }

    /// The id of a text, which the caller holds from now on.
    mutating func hold(_ text: RawSpan) -> TextID {
        let hash = UInt32(truncatingIfNeeded: hasher.quickHash64(text))
        var bucket = Int(hash) & (buckets.count - 1)
        while buckets[bucket] != 0 {
            let id = buckets[bucket]
            if entries[Int(id)].hash == hash && equals(id, text) {
                hold(id)
                return id
            }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        if count >= limit {
            overflows += 1
            return Self.other
        }
        count += 1
        let block = blocks.allocate(text.byteCount)
        let destination = unsafe blocks.address(of: block)
        unsafe text.withUnsafeBytes { source in
            // The block is new and at least as long as the text.
            if let base = source.baseAddress {
                unsafe destination.copyMemory(from: base, byteCount: source.count)
            }
        }
        let entry = Entry(hash: hash, length: UInt32(text.byteCount), block: block, holders: 1)
        let id: TextID
        if firstFree != 0 {
            id = firstFree
            firstFree = entries[Int(id)].block
            entries[Int(id)] = entry
            packed.forget(id)
        } else {
            id = TextID(entries.count)
            entries.append(entry)
        }
        buckets[bucket] = id
        if count * 2 > buckets.count { placeAll(among: buckets.count * 2) }
        return id
    }

    /// One more holder. `(other)` and none are not counted.
    @inline(always)
    mutating func hold(_ id: TextID) {
        if id > Self.other { entries[Int(id)].holders &+= 1 }
    }

    /// One holder less.
    @inline(always)
    mutating func release(_ id: TextID) {
        guard id > Self.other else { return }
        let holders = entries[Int(id)].holders
        precondition(holders > 0, "a text was released more often than held")
        entries[Int(id)].holders = holders - 1
        if holders == 1 { remove(id) }
    }

    /// The bytes of a text; "(other)" for the overflow entry, nothing for none.
    func string(_ id: TextID) -> String {
        if id == 0 { return "" }
        if id == Self.other { return "(other)" }
        let entry = entries[Int(id)]
        // A block in use holds at least `length` bytes.
        let bytes = unsafe UnsafeRawBufferPointer(
            start: blocks.address(of: entry.block), count: Int(entry.length))
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    /// Lends the bytes of a text; "(other)" for the overflow entry, nothing for none.
    func withBytes(_ id: TextID, _ body: (RawSpan) -> Void) {
        guard id > Self.other else {
            let text: StaticString = id == 0 ? "" : "(other)"
            let bytes = unsafe UnsafeRawBufferPointer(
                start: text.utf8Start, count: text.utf8CodeUnitCount)
            // A static string lives for ever.
            unsafe body(bytes.bytes)
            return
        }
        let entry = entries[Int(id)]
        // A block in use holds at least `length` bytes, and stays while this table is borrowed.
        let bytes = unsafe UnsafeRawBufferPointer(
            start: blocks.address(of: entry.block), count: Int(entry.length))
        unsafe body(bytes.bytes)
    }

    /// The number of a text in a list of packed sessions, which takes it up if it has not yet; 0 for none.
    ///
    /// - Parameter identity: of the list.
    @inline(always)
    mutating func number(
        _ id: TextID, in list: inout PackedSessions, _ identity: UInt64
    ) -> UInt32 {
        if id == 0 { return 0 }
        return packed.value(of: id, in: identity) ?? newNumber(id, in: &list, identity)
    }

    @inline(never)
    private mutating func newNumber(
        _ id: TextID, in list: inout PackedSessions, _ identity: UInt64
    ) -> UInt32 {
        var number: UInt32 = 0
        withBytes(id) { number = list.number(of: $0) }
        packed.remember(number, of: id, in: identity, count: entries.count)
        return number
    }

    /// Bytes of texts and tables.
    var reservedBytes: Int {
        blocks.reservedBytes + entries.capacity * MemoryLayout<Entry>.stride + buckets.capacity * 4
            + packed.reservedBytes
    }

    private mutating func equals(_ id: TextID, _ text: RawSpan) -> Bool {
        let entry = entries[Int(id)]
        guard Int(entry.length) == text.byteCount else { return false }
        let kept = unsafe blocks.address(of: entry.block)
        // Both sides have `length` bytes.
        return unsafe text.withUnsafeBytes { unsafe memcmp($0.baseAddress!, kept, $0.count) == 0 }
    }

    private mutating func remove(_ id: TextID) {
        let entry = entries[Int(id)]
        blocks.free(entry.block)
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
            // Its way from home to here leads over the hole: it may stand there.
            if (bucket - home) & mask >= (bucket - hole) & mask {
                buckets[hole] = next
                hole = bucket
            }
        }
        buckets[hole] = 0
        entries[Int(id)] = Entry(hash: 0, length: 0, block: firstFree, holders: 0)
        firstFree = id
    }

    /// Makes the table over the entries anew.
    mutating func placeAll(among size: Int) {
        buckets.removeAll()
        buckets.resize(to: size, repeating: 0)
        for id in 2..<entries.count where entries[id].holders > 0 {
            var bucket = Int(entries[id].hash) & (size - 1)
            while buckets[bucket] != 0 { bucket = (bucket + 1) & (size - 1) }
            buckets[bucket] = TextID(id)
        }
    }
}
