import SojournModel

/// Where texts with shared prefixes are written out. Made once and used for batch after batch: an
/// `EventBatch` that was decoded with it lends it out until the batch is dropped.
package struct DecodeScratch: ~Copyable {
    private var bytes = ByteWriter()
    /// Little-endian, so that they read as an `IndexColumn`.
    private var ends = GrowableBuffer<UInt32>()

    package init() {}

    /// The texts that were written out.
    var texts: ByteDictionary {
        @_lifetime(borrow self) get {
            // Integers have no invalid patterns.
            let column = IndexColumn(unsafe ends.span.bytes, width: 4)
            return ByteDictionary(count: ends.count, ends: column, bytes: bytes.bytes)
        }
    }

    /// Writes texts out until a prefix is longer than the text before.
    ///
    /// - Parameters:
    ///   - own: what each text has behind its prefix.
    ///   - byteCount: sum of all prefixes and own bytes.
    /// - Returns: how many texts were written out.
    mutating func writeOut(_ own: ByteDictionary, prefixes: RawSpan, byteCount: Int) -> Int {
        precondition(prefixes.byteCount == own.count)
        bytes.removeAll()
        ends.removeAll()
        _ = bytes.extend(by: byteCount)
        var start = 0
        var length = 0
        for row in 0..<own.count {
            let prefix = Int(prefixes.integer(at: row, as: UInt8.self))
            if prefix > length { break }
            let rest = own[row]
            let next = start + length
            let size = prefix + rest.byteCount
            unsafe bytes.withUnsafeBytes(from: start, size: length + size) { target in
                let text = unsafe target + length
                // Both texts lie in what the line above lends out; the prefix is no longer than
                // the text before, which ends where the new one begins: no overlap.
                unsafe text.copyMemory(from: target, byteCount: prefix)
                unsafe rest.withUnsafeBytes { source in
                    if let from = source.baseAddress {
                        unsafe (text + prefix).copyMemory(from: from, byteCount: source.count)
                    }
                }
            }
            start = next
            length = size
            ends.append(UInt32(start + length).littleEndian)
        }
        return ends.count
    }
}
