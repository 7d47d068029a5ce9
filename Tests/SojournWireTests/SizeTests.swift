import SojournModel
import SojournWire
import Testing

/// The promises of the specification about sizes, kept with the traffic of a shop: 1,000 events of
/// some 180 visitors with 16-byte keys, who look at five pages each.
@Suite struct SizeTests {
    private static let visitors = 180

    private func key(_ random: inout SplitMix64) -> [UInt8] {
        (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func events() -> [TestEvent] {
        var random = SplitMix64(seed: 4)
        let keys = (0..<Self.visitors).map { _ in key(&random) }
        let contexts = (0..<40).map {
            EventContext(
                device: ["phone", "desktop", "tablet"][$0 % 3],
                channel: ["organic", "direct", "paid"][$0 % 3],
                country: ["DE", "AT", "CH", "FR"][$0 % 4], region: "region-\($0 % 9)",
                referrer: $0 % 2 == 0 ? "https://www.google.com/" : "",
                campaignSource: $0 % 5 == 0 ? "newsletter" : "")
        }
        return (0..<1_000).map { row in
            let visitor = Int.random(in: 0..<Self.visitors, using: &random)
            let isSale = row % 50 == 0
            let product = Int.random(in: 0..<150, using: &random)
            return TestEvent(
                time: 1_700_000_000_000 + Int64(row) * 40, kind: isSale ? .conversion : .view,
                visitor: keys[visitor],
                name: isSale ? "purchase" : "https://shop.example/products/\(product)",
                context: contexts[visitor % 40], value: isSale ? Int64(row) * 10_000 : 0)
        }
    }

    @Test func `an event takes at most 24 bytes`() throws {
        let frame = try TestFrame(events())
        let perEvent = Double(frame.bytes.count) / 1_000
        #expect(perEvent <= 24, "\(perEvent)")
    }

    @Test func `an event without text whose visitor is new takes at most 24 bytes`() throws {
        var random = SplitMix64(seed: 5)
        let frame = try TestFrame(
            (0..<1_000).map { row in
                TestEvent(
                    time: 1_700_000_000_000 + Int64(row), visitor: key(&random))
            })
        #expect(frame.bytes.count <= 24_000)
    }

    @Test func `an assignment takes at most 8 bytes`() {
        var result = BatchResult()
        for row in 0..<Self.visitors {
            let id = SessionID(milliseconds: 1_700_000_000_000 + Int64(row), a: 1, b: 2)
            result.sessions.append(
                SessionRow(
                    id: id, start: id.milliseconds, ordinal: 1 + UInt32(row % 9),
                    state: SessionState(boundary: .idle)))
        }
        for event in 0..<1_000 {
            result.eventSessions.append(UInt32(event % Self.visitors + 1))
            result.positions.append(UInt32(event / Self.visitors + 1))
            result.outcomes.append(Outcome.extended.rawValue)
        }
        var writer = ByteWriter()
        AssignReply.encode(result, header: Samples.header(.assign, isReply: true), into: &writer)
        #expect(writer.count <= 8_000, "\(writer.count)")
    }
}
