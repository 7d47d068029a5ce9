import SojournModel

/// Sections `id`, the chunks, and `id + 1`, the blocks of all chunks behind one another, as far as
/// a chunk was used (journal, "State of the engine").
///
///      0 +--------------------------+
///        | blocks in use            |  4
///      4 +--------------------------+
///        | blocks ever used         |  4   since the chunk was last empty
///      8 +--------------------------+
///        | first free block         |  4   its number in the chunk, from 1; 0 for none
///     12 +--------------------------+
extension Slab {
    func save(to sink: inout some StateSink & ~Copyable, _ id: UInt32) {
        sink.beginSection(id, elementBytes: 12)
        var words = GrowableBuffer<UInt32>(capacity: chunkCount * 3)
        for index in 0..<chunkCount {
            // In bounds by the range.
            let chunk = unsafe chunks[index]
            words.append(chunk.used)
            words.append(chunk.fresh)
            words.append(chunk.free)
        }
        // Integers have no padding, so their bytes may be read.
        unsafe sink.append(copying: words.span.bytes)
        sink.beginSection(id + 1, elementBytes: blockSize)
        for index in 0..<chunkCount {
            // As many blocks as were used are there.
            let chunk = unsafe chunks[index]
            unsafe sink.append(
                UnsafeRawBufferPointer(start: chunk.base, count: Int(chunk.fresh) * blockSize))
        }
    }

    /// Fills an empty slab.
    ///
    /// - Returns: the blocks that are not free, for their users to claim.
    mutating func restore(
        from source: borrowing some StateSource & ~Copyable, _ id: UInt32
    ) throws(StateFault) -> BlockClaims {
        precondition(chunkCount == 0)
        let directory = try source.section(id, elementBytes: 12)
        let blocks = try source.section(id + 1, elementBytes: blockSize)
        guard directory.count <= Int(UInt32.max) >> chunkShift else {
            throw StateFault(id, "\(directory.count) chunks are more than there can be")
        }
        var claims = BlockClaims(section: id, chunkShift: chunkShift)
        var first = 0
        for index in 0..<directory.count {
            let used: UInt32 = directory.bytes.integer(at: index * 12)
            let fresh: UInt32 = directory.bytes.integer(at: index * 12 + 4)
            let free: UInt32 = directory.bytes.integer(at: index * 12 + 8)
            guard used <= fresh, fresh <= UInt32(chunkMask) + 1, used > 0 || fresh == 0,
                Int(fresh) <= blocks.count - first
            else { throw StateFault(id, "chunk \(index) has \(used) of \(fresh) blocks in use") }
            guard addChunk(used: used, fresh: fresh, free: free) else {
                throw StateFault(id, "the system has no memory for it")
            }
            let bytes = blocks.bytes.extracting(
                first * blockSize..<(first + Int(fresh)) * blockSize)
            // The chunk was added, and has room for so many blocks.
            unsafe bytes.withUnsafeBytes { source in
                if let base = source.baseAddress {
                    unsafe chunks[index].base.copyMemory(from: base, byteCount: source.count)
                }
            }
            first += Int(fresh)
            claims.addChunk(blocks: Int(fresh))
            try claimFree(Int(fresh - used), in: index, from: free, &claims)
        }
        guard first == blocks.count else {
            throw StateFault(id + 1, "\(blocks.count) blocks instead of \(first)")
        }
        return claims
    }

    /// Claims the free blocks of a chunk, which are linked.
    private func claimFree(
        _ count: Int, in chunk: Int, from first: UInt32, _ claims: inout BlockClaims
    ) throws(StateFault) {
        var next = first
        for _ in 0..<count {
            guard next > 0, next <= UInt32(chunkMask) + 1,
                claims.claim(UInt32(chunk << chunkShift) + next) != nil
            else {
                throw StateFault(claims.section, "chunk \(chunk) has a wrong list of free blocks")
            }
            // The claim says that the block was filled; a free one begins with the next one's number.
            next = unsafe self[UInt32(chunk << chunkShift) + next].load(as: UInt32.self)
        }
        guard next == 0 else {
            throw StateFault(claims.section, "chunk \(chunk) has too many free blocks")
        }
    }
}

/// Who uses the blocks of a restored slab: each must be claimed once.
struct BlockClaims: ~Copyable {
    /// Of the slab's chunks.
    let section: UInt32
    private let chunkShift: Int
    /// Per chunk and for the end: blocks in the chunks before.
    private var starts = GrowableBuffer<Int>()
    private var bits = GrowableBuffer<UInt64>()
    /// Blocks that were claimed.
    private(set) var count = 0

    init(section: UInt32, chunkShift: Int) {
        self.section = section
        self.chunkShift = chunkShift
        starts.append(0)
    }

    mutating func addChunk(blocks: Int) {
        starts.append(total + blocks)
        bits.resize(to: (total + 63) / 64, repeating: 0)
    }

    /// Blocks in all.
    var total: Int { starts[starts.count - 1] }

    /// Where a block stands among all; nil when there is no such block.
    @inline(always)
    func place(of block: UInt32) -> Int? {
        let index = Int(truncatingIfNeeded: block) &- 1
        if index < 0 { return nil }
        let chunk = index &>> chunkShift
        if chunk >= starts.count &- 1 { return nil }
        let place = starts[chunk] &+ (index &- chunk &<< chunkShift)
        return place < starts[chunk &+ 1] ? place : nil
    }

    /// Claims a block.
    ///
    /// - Returns: where it stands among all; nil when it isn't there, or is claimed already.
    @inline(always)
    mutating func claim(_ block: UInt32) -> Int? {
        guard let place = place(of: block) else { return nil }
        let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: place & 63)
        if bits[place &>> 6] & bit != 0 { return nil }
        bits[place &>> 6] |= bit
        count &+= 1
        return place
    }

    /// Each block has to have a user, or to be free.
    func checkAll() throws(StateFault) {
        guard count == total else {
            throw StateFault(section, "\(total - count) blocks in use belong to nobody")
        }
    }
}
