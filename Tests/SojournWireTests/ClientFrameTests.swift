import SojournWire
import Testing

/// The frame by which a router says for whom it asks.
@Suite struct ClientFrameTests {
    @Test(arguments: ["a", "shop-backend", "Zoë", String(repeating: "n", count: 64)])
    func `a name comes out as it went in`(name: String) {
        let frame = ClientFrame.bytes(naming: name)
        #expect(frame.count == 1 + name.utf8.count)
        #expect(unsafe ClientFrame.name(in: frame.span.bytes) == name)
    }

    static let others: [(what: String, frame: [UInt8])] = [
        ("nothing", []), ("no name", [1]), ("another kind", [2, 0x61]),
        ("a header", Array("SOJN".utf8)), ("no UTF-8", [1, 0xFF]),
        ("too long", [1] + [UInt8](repeating: 0x61, count: 65)),
    ]

    @Test(arguments: others.indices)
    func `what is none has no name`(row: Int) {
        let frame = Self.others[row].frame
        #expect(unsafe ClientFrame.name(in: frame.span.bytes) == nil, "\(Self.others[row].what)")
    }
}
