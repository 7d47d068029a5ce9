import SojournModel

/// By the id of a text or a context: what stands for it in the list of packed sessions that named it last. Grows
/// with what is packed.
struct PackedMemory<Value: BitwiseCopyable>: ~Copyable {
    struct Entry: BitwiseCopyable {
        /// The list's identity; 0 for none.
        var list: UInt64
        var value: Value
    }

    private var entries = GrowableBuffer<Entry>()
    private let none: Entry

    /// - Parameter empty: any value; it is never handed out.
    init(empty: Value) { none = Entry(list: 0, value: empty) }

    /// What stands for it in a list; nil when that has to be found out.
    ///
    /// - Parameter identity: of the list.
    @inline(always)
    func value(of id: UInt32, in identity: UInt64) -> Value? {
        guard Int(id) < entries.count, entries[Int(id)].list == identity else { return nil }
        return entries[Int(id)].value
    }

    /// - Parameter count: how many ids there are.
    mutating func remember(_ value: Value, of id: UInt32, in identity: UInt64, count: Int) {
        if entries.count <= Int(id) { entries.resize(to: count, repeating: none) }
        entries[Int(id)] = Entry(list: identity, value: value)
    }

    /// The id names something else from now on.
    mutating func forget(_ id: UInt32) {
        if Int(id) < entries.count { entries[Int(id)] = none }
    }

    var reservedBytes: Int { entries.capacity * MemoryLayout<Entry>.stride }
}
