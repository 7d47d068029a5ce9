import SojournModel
import Testing

@testable import SojournWire

@Suite struct UTF8Tests {
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `the validator agrees with the standard library`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let interesting: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
            0xE1, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF,
        ]
        for _ in 0..<400 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<5, using: &random) {
                if Bool.random(using: &random) {
                    let length = Int.random(in: 0..<18, using: &random)
                    bytes += Array("aé漢🛒abcdefgh".utf8.prefix(length))
                } else {
                    bytes.append(interesting.randomElement(using: &random)!)
                }
            }
            let expected = String(validating: bytes, as: UTF8.self) != nil
            let isUTF8 = unsafe bytes.span.bytes.isUTF8
            #expect(isUTF8 == expected, "seed \(seed): \(bytes)")
        }
    }
}
