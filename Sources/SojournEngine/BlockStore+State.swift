import SojournModel

/// Sections `id` to `id + 15`: two for each slab, from the smallest blocks to the largest.
extension BlockStore {
    func save(to sink: inout some StateSink & ~Copyable, _ id: UInt32) {
        for index in slabs.indices { slabs[index].save(to: &sink, id + UInt32(2 * index)) }
    }

    /// Fills an empty store.
    mutating func restore(
        from source: borrowing some StateSource & ~Copyable, _ id: UInt32
    ) throws(StateFault) -> BlockStoreClaims {
        var claims = BlockStoreClaims(section: id)
        for index in slabs.indices {
            claims.slabs[index] = try slabs[index].restore(
                from: source, id + UInt32(2 * index))
        }
        return claims
    }
}

/// Who uses the blocks of a restored store.
struct BlockStoreClaims: ~Copyable {
    let section: UInt32
    fileprivate var slabs: InlineArray<8, BlockClaims>

    fileprivate init(section: UInt32) {
        self.section = section
        slabs = InlineArray { _ in BlockClaims(section: section, chunkShift: 0) }
    }

    /// Claims a block that was made for `byteCount` bytes.
    ///
    /// - Returns: false when there is no such block, or it is claimed already.
    mutating func claim(_ block: BlockStore.Block, byteCount: Int) -> Bool {
        guard (1...BlockStore.blockBytesMax).contains(byteCount), block != 0,
            BlockStore.sizeClass(of: block) == BlockStore.sizeClass(for: byteCount)
        else { return false }
        return slabs[BlockStore.sizeClass(of: block)].claim(block & BlockStore.numberMask) != nil
    }

    func checkAll() throws(StateFault) {
        for index in slabs.indices { try slabs[index].checkAll() }
    }
}
