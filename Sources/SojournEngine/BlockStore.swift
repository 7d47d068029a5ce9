import SojournModel

/// Byte blocks of 16 to 2,048 bytes, each rounded up to a power of two.
///
/// A block is named by 32 bits: its size class on top, its number in the class's slab below.
struct BlockStore: ~Copyable {
    /// 0 for no block.
    typealias Block = UInt32

    private var small16 = Slab(blockSize: 16, chunkShift: 17, hugePages: true)
    private var small32 = Slab(blockSize: 32, chunkShift: 16, hugePages: true)
    private var small64 = Slab(blockSize: 64, chunkShift: 15, hugePages: true)
    private var middle128 = Slab(blockSize: 128, chunkShift: 12)
    private var middle256 = Slab(blockSize: 256, chunkShift: 11)
    private var large512 = Slab(blockSize: 512, chunkShift: 10)
    private var large1024 = Slab(blockSize: 1_024, chunkShift: 9)
    private var large2048 = Slab(blockSize: 2_048, chunkShift: 8)

    /// Bytes in the largest block.
    static var blockBytesMax: Int { 2_048 }

    /// Bytes that a block for `count` bytes has.
    static func capacity(for count: Int) -> Int { 16 << sizeClass(for: count) }

    private static func sizeClass(for count: Int) -> UInt32 {
        precondition(count > 0 && count <= blockBytesMax)
        return count <= 16 ? 0 : UInt32(28 - UInt32(count - 1).leadingZeroBitCount)
    }

    /// Takes a block for `count` bytes, 1 to 2,048.
    mutating func allocate(_ count: Int) -> Block {
        let sizeClass = Self.sizeClass(for: count)
        let number =
            switch sizeClass {
            case 0: small16.allocate()
            case 1: small32.allocate()
            case 2: small64.allocate()
            case 3: middle128.allocate()
            case 4: middle256.allocate()
            case 5: large512.allocate()
            case 6: large1024.allocate()
            default: large2048.allocate()
            }
        precondition(number < 1 << 28, "a block store holds at most 2^28 blocks of a size")
        return (sizeClass + 1) << 28 | number
    }

    mutating func free(_ block: Block) {
        let number = block & 0xFFF_FFFF
        switch block >> 28 {
        case 1: small16.free(number)
        case 2: small32.free(number)
        case 3: small64.free(number)
        case 4: middle128.free(number)
        case 5: middle256.free(number)
        case 6: large512.free(number)
        case 7: large1024.free(number)
        default: large2048.free(number)
        }
    }

    /// The address of a block. Good as long as the block is in use.
    @inline(always)
    func address(of block: Block) -> UnsafeMutableRawPointer {
        let number = block & 0xFFF_FFFF
        return switch block >> 28 {
        case 2: unsafe small32[number]
        case 3: unsafe small64[number]
        case 1: unsafe small16[number]
        case 4: unsafe middle128[number]
        case 5: unsafe middle256[number]
        case 6: unsafe large512[number]
        case 7: unsafe large1024[number]
        default: unsafe large2048[number]
        }
    }

    /// Bytes taken from the system.
    var reservedBytes: Int {
        small16.reservedBytes + small32.reservedBytes + small64.reservedBytes
            + middle128.reservedBytes + middle256.reservedBytes + large512.reservedBytes
            + large1024.reservedBytes + large2048.reservedBytes
    }
}
