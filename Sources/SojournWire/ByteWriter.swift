import SojournModel

/// A growable row of bytes that a message is written into, and used for one message after another.
///
/// Offsets count from its first byte, so a frame that starts there has its header at 0 and its body
/// at 64, and a column that is aligned in the body is aligned in the writer.
package struct ByteWriter: ~Copyable {
    /// Its count only grows: what lies behind `count` was written for an earlier message.
    private var storage = GrowableBuffer<UInt8>()
    package private(set) var count = 0

    package init(capacity: Int = 0) { storage = GrowableBuffer(capacity: capacity) }

    /// Drops all bytes and keeps the storage.
    package mutating func removeAll() { count = 0 }

    /// Drops the bytes from `newCount` on.
    mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count)
        count = newCount
    }

    package var bytes: RawSpan {
        @_lifetime(borrow self) get {
            // Bytes have no invalid patterns.
            let all = unsafe storage.span.bytes
            return all.extracting(0..<count)
        }
    }

    /// A copy of the bytes.
    package var array: [UInt8] {
        // Bytes have no invalid patterns, and are copied while the writer is borrowed.
        unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    /// Lends out the bytes: what `bytes` is for a writer that is part of an object.
    package func lend<Result: ~Copyable, Failure: Error>(
        to body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result { try body(bytes) }

    /// Lends out the storage from byte `start` on, for a loop that the compiler can turn into vector
    /// instructions.
    ///
    /// - Precondition: `body` writes no further than `size` bytes.
    @inline(__always) mutating func withUnsafeBytes(
        from start: Int, size: Int, _ body: (UnsafeMutableRawPointer) -> Void
    ) {
        precondition(start >= 0 && size >= 0 && start + size <= count)
        if size == 0 { return }
        var span = storage.mutableSpan
        // In bounds by the lines above, and `storage` is exclusive while the closure runs.
        unsafe span.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { unsafe body(base + start) }
        }
    }

    /// Makes room for `size` bytes whose value is undefined until they are set.
    ///
    /// - Returns: the offset of the first.
    package mutating func extend(by size: Int) -> Int {
        precondition(size >= 0)
        let start = count
        if start + size > storage.count {
            // All of the new room at once, so that this is rare.
            storage.resize(to: start + size, repeating: 0)
            storage.resize(to: storage.capacity, repeating: 0)
        }
        count = start + size
        return start
    }

    package mutating func appendZeros(_ size: Int) {
        let start = extend(by: size)
        unsafe withUnsafeBytes(from: start, size: size) {
            unsafe $0.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        }
    }

    package mutating func append<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        set(value, at: extend(by: MemoryLayout<T>.size))
    }

    package mutating func append(contentsOf other: RawSpan) {
        let start = extend(by: other.byteCount)
        // The two do not overlap: one is borrowed, the other exclusive.
        unsafe withUnsafeBytes(from: start, size: other.byteCount) { target in
            unsafe other.withUnsafeBytes { source in
                if let from = source.baseAddress {
                    unsafe target.copyMemory(from: from, byteCount: source.count)
                }
            }
        }
    }

    package mutating func append(utf8 text: String) {
        append(contentsOf: unsafe text.utf8Span.span.bytes)
    }

    /// Writes a little-endian integer over bytes that are there.
    package mutating func set<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        unsafe withUnsafeBytes(from: offset, size: MemoryLayout<T>.size) {
            unsafe $0.storeBytes(of: value.littleEndian, as: T.self)
        }
    }

    /// Appends zeros up to the next multiple of 8.
    package mutating func align() { appendZeros(-count & 7) }
}
