import Glibc

/// Blocks of one size, named by numbers from 1, in chunks that come from the system and go back to
/// it when their last block is freed, but for one chunk.
///
/// Blocks never move, so a number stays good until it is freed. New blocks are taken from the
/// lowest chunk with room, so that the higher ones empty themselves.
@safe
struct Slab: ~Copyable {
    /// Bytes per block.
    let blockSize: Int
    /// Number of blocks in use.
    private(set) var count = 0

    @safe struct Chunk {
        var base: UnsafeMutableRawPointer
        /// Blocks in use.
        var used: UInt32
        /// Blocks from here on were never used since the chunk was last empty.
        var fresh: UInt32
        /// First free block plus one; each free block holds the next.
        var free: UInt32
    }

    let chunkShift: Int
    let chunkMask: Int
    private let hugePages: Bool
    private(set) var chunks: UnsafeMutablePointer<Chunk>
    private(set) var chunkCount = 0
    private var chunkCapacity = 16
    /// No chunk before this one has room.
    private var firstWithRoom = 0
    /// The one chunk without blocks whose memory is kept, or -1. A slab that goes back and forth
    /// between none and a few blocks would else take its pages from the system every time.
    private var spareChunk = -1

    /// - Parameters:
    ///   - blockSize: bytes, a multiple of 8.
    ///   - chunkShift: a chunk has two to this power blocks.
    ///   - hugePages: ask the system for large pages; for chunks of 2 MiB that are read at random.
    init(blockSize: Int, chunkShift: Int, hugePages: Bool = false) {
        precondition(blockSize >= 8 && blockSize % 8 == 0)
        self.blockSize = blockSize
        self.chunkShift = chunkShift
        chunkMask = (1 << chunkShift) - 1
        self.hugePages = hugePages
        unsafe chunks = .allocate(capacity: chunkCapacity)
    }

    deinit {
        for index in 0..<chunkCount { unsafe munmap(chunks[index].base, chunkBytes) }
        unsafe chunks.deallocate()
    }

    /// The number of the last block that there is room for, or 0.
    var lastBlock: UInt32 { UInt32(chunkCount << chunkShift) }

    private var chunkBytes: Int { blockSize << chunkShift }

    /// Bytes taken from the system, whether used or not.
    var reservedBytes: Int { chunkCount * chunkBytes }

    /// The address of a block. Good as long as the block is in use.
    @inline(always)
    subscript(block: UInt32) -> UnsafeMutableRawPointer {
        let index = Int(truncatingIfNeeded: block &- 1)
        let chunk = index &>> chunkShift
        precondition(chunk < chunkCount)
        // The chunk exists by the line above, and every index within it by the mask.
        return unsafe chunks[chunk].base + (index & chunkMask) &* blockSize
    }

    /// Takes a block. Its content is undefined.
    mutating func allocate() -> UInt32 {
        while firstWithRoom < chunkCount {
            // In bounds by the loop's condition.
            let chunk = unsafe chunks[firstWithRoom]
            if chunk.used <= UInt32(chunkMask) { break }
            firstWithRoom += 1
        }
        if firstWithRoom == chunkCount, !addChunk() {
            fatalError("out of memory: the system refused \(chunkBytes) bytes for sessions")
        }
        count += 1
        if firstWithRoom == spareChunk { spareChunk = -1 }
        // In bounds: a chunk was found or added. A free block holds the number of the next one in
        // its first bytes.
        unsafe chunks[firstWithRoom].used += 1
        let start = UInt32(firstWithRoom << chunkShift)
        let free = unsafe chunks[firstWithRoom].free
        if free != 0 {
            let address = unsafe chunks[firstWithRoom].base + Int(free - 1) * blockSize
            unsafe chunks[firstWithRoom].free = address.load(as: UInt32.self)
            return start + free
        }
        let fresh = unsafe chunks[firstWithRoom].fresh
        unsafe chunks[firstWithRoom].fresh = fresh + 1
        return start + fresh + 1
    }

    /// Gives a block back.
    mutating func free(_ block: UInt32) {
        let index = Int(block - 1)
        let chunk = index >> chunkShift
        precondition(chunk < chunkCount)
        count -= 1
        // In bounds by the precondition; the block is ours again, so its bytes may be overwritten.
        unsafe chunks[chunk].used -= 1
        if unsafe chunks[chunk].used == 0 {
            unsafe chunks[chunk].fresh = 0
            unsafe chunks[chunk].free = 0
            if spareChunk >= 0 { release(max(spareChunk, chunk)) }
            spareChunk = spareChunk >= 0 ? min(spareChunk, chunk) : chunk
        } else {
            let inChunk = UInt32(index & chunkMask)
            unsafe self[block].storeBytes(of: chunks[chunk].free, as: UInt32.self)
            unsafe chunks[chunk].free = inChunk + 1
        }
        if chunk < firstWithRoom { firstWithRoom = chunk }
    }

    /// Gives the memory of a chunk without blocks back to the system, and keeps its address.
    private func release(_ chunk: Int) {
        // Callers pass a chunk that exists, and of which nobody has a block.
        unsafe madvise(chunks[chunk].base, chunkBytes, MADV_DONTNEED)
    }

    /// Adds a chunk, if the system has memory for it.
    mutating func addChunk(used: UInt32 = 0, fresh: UInt32 = 0, free: UInt32 = 0) -> Bool {
        guard let base = unsafe mapChunk() else { return false }
        if chunkCount == chunkCapacity {
            let larger = UnsafeMutablePointer<Chunk>.allocate(capacity: chunkCapacity * 2)
            // The new directory is larger, and both hold plain values.
            unsafe larger.initialize(from: chunks, count: chunkCount)
            unsafe chunks.deallocate()
            unsafe chunks = larger
            chunkCapacity *= 2
        }
        unsafe (chunks + chunkCount).initialize(
            to: Chunk(base: base, used: used, fresh: fresh, free: free))
        chunkCount += 1
        count += Int(used)
        return true
    }

    /// Maps a chunk, aligned to its size where large pages are wanted; nil when the system refuses.
    private func mapChunk() -> UnsafeMutableRawPointer? {
        let slack = hugePages ? chunkBytes : 0
        let size = chunkBytes + slack
        let mapped = unsafe mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { return nil }
        guard hugePages else { return unsafe mapped }
        // What stands before and behind the aligned part is given back at once.
        let address = Int(bitPattern: mapped)
        let aligned = (address + chunkBytes - 1) / chunkBytes * chunkBytes
        let before = aligned - address
        if before > 0 { unsafe munmap(mapped, before) }
        if slack > before { unsafe munmap(mapped + before + chunkBytes, slack - before) }
        unsafe madvise(mapped + before, chunkBytes, MADV_HUGEPAGE)
        return unsafe mapped + before
    }
}

/// One owner at a time; nothing in it belongs to a thread.
extension Slab: @unchecked Sendable {}
