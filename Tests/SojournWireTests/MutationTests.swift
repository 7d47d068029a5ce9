import SojournModel
import SojournWire
import Testing

/// Damaged frames whose checksums are right, so that the damage reaches the decoders: every one is
/// refused, or gives something whose every accessor can be called.
@Suite struct MutationTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `damaged requests never trap`(seed: UInt64) throws {
        try run(try Samples.requests(), .server, seed: seed)
    }

    @Test(arguments: 100..<120 as Range<UInt64>)
    func `damaged replies never trap`(seed: UInt64) throws {
        try run(Samples.replies(), .client, seed: seed)
    }

    private func run(_ frames: [TestFrame], _ role: Frame.Role, seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var refused = 0
        for round in 0..<1_000 {
            // Half of the rounds damage the batch, which has the most to damage.
            let index = round % 2 == 0 ? 0 : Int.random(in: 0..<frames.count, using: &random)
            var frame = frames[index]
            for _ in 0..<Int.random(in: 1...3, using: &random) { damage(&frame, &random) }
            frame.seal()
            if let fault = frame.fault(role) {
                refused += 1
                #expect(!fault.message.isEmpty)
                #expect(fault.offset ?? 0 <= frame.bytes.count, "seed \(seed), round \(round)")
            }
        }
        #expect(refused > 300, "seed \(seed)")
    }

    private func damage(_ frame: inout TestFrame, _ random: inout SplitMix64) {
        let interesting: [UInt32] = [
            0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF,
            0x8000_0000, 0xFFFF_FFF8, 0xFFFF_FFFF,
        ]
        let body = frame.bytes.count - 64
        if body < 16 { return frame.bytes.append(UInt8.random(in: 0...255, using: &random)) }
        // The fixed part and the directory are where a byte does the most.
        let end = Bool.random(using: &random) ? min(64 + 200, frame.bytes.count) : frame.bytes.count
        let at = Int.random(in: 64..<end, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1, 2: frame.bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 3:
            let word = interesting.randomElement(using: &random)!
            frame.bytes[at] = UInt8(truncatingIfNeeded: word)
        case 4, 5:
            let aligned = min(at & ~3, frame.bytes.count - 4)
            frame[aligned, as: UInt32.self] = interesting.randomElement(using: &random)!
        case 6: frame.bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default:
            if Bool.random(using: &random) {
                frame.bytes.removeLast(Int.random(in: 1...min(40, body), using: &random))
            } else {
                frame.bytes += frame.bytes.suffix(Int.random(in: 1...16, using: &random))
            }
        }
    }
}
