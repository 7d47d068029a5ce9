import Foundation
import Testing

@testable import sojourn

@Suite struct VectorTests {
    /// The root of the package.
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func `the codec agrees with every golden message`() throws {
        let directory = Self.root.appendingPathComponent("proto-spec/vectors")
        let report = try VectorCheck.run(directory: directory)
        #expect(report.failures == [])
        #expect(report.passed > 0)
    }

    @Test func `a file that is wrong is named with the reason`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("sojourn-vectors-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(at: folder) }
        let files = [
            "a.json":
                #"{"valid": false, "direction": "request", "frame": "", "error": "badMagic"}"#,
            "b.json": #"{"valid": true, "direction": "request", "frame": "0"}"#,
            "c.json": "{",
        ]
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let report = try VectorCheck.run(directory: folder)
        #expect(report.passed == 0)
        #expect(report.failures.map(\.file) == ["a.json", "b.json", "c.json"])
        #expect(report.failures[0].reason.contains("truncatedHeader"))
        #expect(report.failures[1].reason.contains("no frame"))
    }

    @Test(arguments: [
        ("78dacb48cdc9c95728cf2fca4901001a0b045d", "hello world"),
        ("78da4b4c4a4e24170100bcbe16f9", String(repeating: "abc", count: 20)),
    ]) func `packed bytes are unpacked`(packed: String, text: String) throws {
        let bytes = try #require(VectorMessage.bytes(packed))
        #expect(String(decoding: try Inflate.unpack(bytes), as: UTF8.self) == text)
        for end in 0..<(bytes.count - 4) {
            #expect(throws: Inflate.Malformed.self) { try Inflate.unpack(Array(bytes[..<end])) }
        }
    }
}
