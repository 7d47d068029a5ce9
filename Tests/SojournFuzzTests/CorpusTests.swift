import Foundation
import SojournFuzz
import Testing

/// The inputs that are kept: seeds of every kind, and all that ever went wrong.
@Suite struct CorpusTests {
    private static let corpus = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fuzz/Corpus")

    @Test(arguments: FuzzTarget.allCases)
    func `every input that is kept does no harm`(target: FuzzTarget) throws {
        let folder = Self.corpus.appendingPathComponent(target.rawValue)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(!names.isEmpty)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
            target.run(bytes)
            // Cut off anywhere, and with a bit turned: a few of each.
            for step in 1...4 {
                target.run(Array(bytes.prefix(bytes.count * step / 5)))
                var turned = bytes
                if !turned.isEmpty { turned[(turned.count - 1) * step / 4] ^= UInt8(1 << step) }
                target.run(turned)
            }
        }
    }
}
