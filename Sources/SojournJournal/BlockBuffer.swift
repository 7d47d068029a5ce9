import Glibc

/// Bytes on their way to a file that takes whole blocks from aligned memory, past the system's cache:
/// `O_DIRECT`. The last blocks stay here, for the next bytes may begin in one of them.
///
/// The journal is read after a crash and never before, so the cache would hold it for nothing: what the
/// service needs is pushed out of the processor's caches by the copy, and out of memory by its pages.
@safe
struct BlockBuffer: ~Copyable {
    /// What every common disk and file system takes.
    static let blockBytes = 4_096
    private static let capacity = 1 << 20

    private let memory: UnsafeMutableRawBufferPointer
    /// Offset of the first byte in the file, a multiple of the block.
    private var start: Int
    /// Bytes that are here.
    private var count: Int

    /// Begins with what the file has from the last block's beginning up to `offset`.
    ///
    /// - Parameter read: fills memory with what the file has from an offset on, and returns whether it
    ///   could.
    /// - Returns: nil when it could not.
    static func behind(
        _ offset: Int, read: (UnsafeMutableRawBufferPointer, _ offset: Int) -> Bool
    ) -> BlockBuffer? {
        let buffer = BlockBuffer(
            start: offset / blockBytes * blockBytes, count: offset % blockBytes)
        // Within the memory, for it is less than a block.
        let head = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.memory[..<buffer.count])
        guard unsafe read(head, buffer.start) else { return nil }
        return buffer
    }

    private init(start: Int, count: Int) {
        // Freed when this ends, and nobody else has it.
        unsafe memory = .allocate(byteCount: Self.capacity, alignment: Self.blockBytes)
        self.start = start
        self.count = count
    }

    deinit { unsafe memory.deallocate() }

    /// Takes bytes that begin at an offset of the file, and has them written.
    ///
    /// - Parameters:
    ///   - offset: where what was taken last ends, or up to a block before that.
    ///   - write: writes whole blocks to an offset that is a multiple of them.
    mutating func write(
        _ bytes: RawSpan, at offset: Int,
        _ write: (RawSpan, _ offset: Int) throws(StorageError) -> Void
    ) throws(StorageError) {
        precondition(offset >= start && offset <= start + count, "appended, or over the last block")
        count = offset - start
        drop(to: count / Self.blockBytes * Self.blockBytes)
        var taken = 0
        while taken < bytes.byteCount {
            let size = min(Self.capacity - count, bytes.byteCount - taken)
            let padded = append(bytes.extracting(taken..<taken + size))
            // Within the memory, which lives as long as this.
            let blocks = unsafe UnsafeRawBufferPointer(rebasing: memory[..<padded])
            try unsafe write(blocks.bytes, start)
            drop(to: max(0, count / Self.blockBytes - 1) * Self.blockBytes)
            taken += size
        }
    }

    /// - Returns: bytes up to the end of the last block, which is filled up with zeros.
    private mutating func append(_ bytes: RawSpan) -> Int {
        // There is room, for the caller counted; a capacity is whole blocks.
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(
                from: source)
        }
        count += bytes.byteCount
        let padded = (count + Self.blockBytes - 1) / Self.blockBytes * Self.blockBytes
        for index in count..<padded { unsafe memory[index] = 0 }
        return padded
    }

    /// Drops the first bytes, whole blocks.
    private mutating func drop(to offset: Int) {
        if offset == 0 { return }
        // Both ends are within the memory.
        unsafe memory.baseAddress!.copyMemory(
            from: memory.baseAddress! + offset, byteCount: count - offset)
        start += offset
        count -= offset
    }
}

// Nobody else has its memory.
extension BlockBuffer: @unchecked Sendable {}
