import CIntrinsics
import SojournModel

/// The pages behind the landing page of each session, in order of event time.
///
/// A path is one block of steps that doubles as it grows; most sessions need none, or the smallest.
struct PathStore: ~Copyable {
    /// Steps of a path, landing page included.
    static let stepsMax = 64

    struct Step: BitwiseCopyable {
        /// After the session's first event.
        var milliseconds: UInt32
        var page: TextID
    }

    var blocks = BlockStore()

    var reservedBytes: Int { blocks.reservedBytes }

    /// Step `index` of the `count` in a block.
    @inline(always)
    subscript(block: BlockStore.Block, index: Int) -> Step {
        get {
            // Callers keep `index` below the number of steps that they inserted.
            unsafe blocks.address(of: block).load(
                fromByteOffset: index &* 8, as: Step.self)
        }
        nonmutating set {
            unsafe blocks.address(of: block).storeBytes(
                of: newValue, toByteOffset: index &* 8, as: Step.self)
        }
    }

    /// Makes room for one more step behind the `count` in a block.
    @inline(always)
    mutating func reserve(_ block: inout BlockStore.Block, count: Int) {
        if count == 0 {
            block = blocks.allocate(16)
        } else if count >= 2 && count & (count &- 1) == 0 {
            double(&block, count: count)
        }
    }

    private mutating func double(_ block: inout BlockStore.Block, count: Int) {
        let larger = blocks.allocate(count * 16)
        // The larger block has room for twice the steps.
        unsafe blocks.address(of: larger).copyMemory(
            from: blocks.address(of: block), byteCount: count * 8)
        blocks.free(block)
        block = larger
    }

    mutating func free(_ block: BlockStore.Block) { blocks.free(block) }

    /// Asks for the cache line in which step `index` stands.
    @inline(always)
    func prefetch(_ block: BlockStore.Block, _ index: Int) {
        unsafe sojourn_prefetch(blocks.address(of: block) + index &* 8)
    }
}
