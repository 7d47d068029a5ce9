import Glibc
import SojournModel

/// Byte blocks of 16 to 2,048 bytes, each rounded up to a power of two.
///
/// A block is named by 32 bits: its size class plus one on top, its number in the class's slab below.
struct BlockStore: ~Copyable {
    /// 0 for no block.
    typealias Block = UInt32

    private static var numberBits: UInt32 { 28 }
    static var numberMask: UInt32 { 1 << numberBits - 1 }

    /// The two smallest sizes, of which there are as many as sessions, in chunks of 2 MiB on large
    /// pages; the others in chunks of 256 KiB, so that a size of which there are few takes little.
    var slabs = InlineArray<8, Slab> { index in
        index < 2
            ? Slab(blockSize: 16 << index, chunkShift: 17 - index, hugePages: true)
            : Slab(blockSize: 16 << index, chunkShift: 14 - index)
    }

    /// Bytes in the largest block.
    static var blockBytesMax: Int { 2_048 }

    /// Bytes that a block for `count` bytes has.
    static func capacity(for count: Int) -> Int { 16 << sizeClass(for: count) }

    @inline(always)
    static func sizeClass(for count: Int) -> Int {
        precondition(count > 0 && count <= blockBytesMax)
        return Int.bitWidth - ((count - 1) >> 4).leadingZeroBitCount
    }

    /// Takes a block for `count` bytes, 1 to 2,048, with zeros in it, so that two stores that did the
    /// same hold the same bytes.
    mutating func allocate(_ count: Int) -> Block {
        let sizeClass = Self.sizeClass(for: count)
        let number = slabs[sizeClass].allocate()
        precondition(number <= Self.numberMask, "a block store holds 2^28 blocks of a size")
        // The block is ours, and as large as its class.
        unsafe memset(slabs[sizeClass][number], 0, 16 << sizeClass)
        return UInt32(sizeClass + 1) << Self.numberBits | number
    }

    mutating func free(_ block: Block) {
        slabs[Self.sizeClass(of: block)].free(block & Self.numberMask)
    }

    /// The address of a block. Good as long as the block is in use.
    @inline(always)
    func address(of block: Block) -> UnsafeMutableRawPointer {
        unsafe slabs[Self.sizeClass(of: block)][block & Self.numberMask]
    }

    @inline(always)
    static func sizeClass(of block: Block) -> Int {
        Int(truncatingIfNeeded: block &>> numberBits) &- 1
    }

    /// Bytes taken from the system.
    var reservedBytes: Int {
        var sum = 0
        for index in slabs.indices { sum += slabs[index].reservedBytes }
        return sum
    }
}
