import SojournModel
import SojournServer
import SojournService
import SojournTestKit
import SojournWire
import Testing

@Suite(.serialized) struct MutationTests {
    private static let count = 100_000
    private static let seed: UInt64 = 571
    /// Between two looks at whether the server is still there; fewer than a client's credit.
    private static let burst = 50

    @Test(.timeLimit(.minutes(5)))
    func `100,000 mutations of valid messages leave the server answering`() throws {
        let server = try SojournServer()
        let client = try TestClient(server)
        let messages = Self.messages()
        var random = SplitMix64(seed: Self.seed)
        var replies: [SojournWire.Operation: Int] = [:]
        for round in 0..<(Self.count / Self.burst) {
            for _ in 0..<Self.burst {
                var message = messages[Int(random.next() % UInt64(messages.count))]
                Self.mutate(&message, &random)
                try client.send(message)
            }
            // Correlations of mutations are below this one, if they were not mutated.
            let mark = UInt64.max - UInt64(round)
            try client.send(statusFrame(correlation: mark))
            var isThere = false
            while !isThere {
                let reply = try client.receive()
                let header = try header(reply)
                replies[header.operation, default: 0] += 1
                isThere = header.correlation == mark && header.operation == .status
            }
        }
        // The mutations reached all that there is: answers, refusals and drops.
        let gauges = try client.gauges()
        #expect(replies[.assign] ?? 0 > 0)
        #expect(replies[.error] ?? 0 > Self.count / 10)
        #expect(gauges["drops_total"] ?? 0 > 0)
        #expect(gauges["errors_bad_header_checksum_total"] ?? 0 > 0)
        #expect(gauges["errors_index_out_of_range_total"] ?? 0 > 0)
        #expect(try client.assignsRightly("a visitor that no mutation has"), "seed \(Self.seed)")
    }

    private static func messages() -> [[UInt8]] {
        let now = currentMilliseconds()
        let context = TestContext(device: "phone", channel: "search", campaign: "spring")
        let kinds = EventKind.allCases
        let mixed = (0..<12).map {
            TestEvent(
                "visitor \($0 % 4)", now - Int64($0) * 60_000, kinds[$0 % kinds.count],
                name: "/a/page/\($0 % 5)", context: $0 % 3 == 0 ? context : TestContext(),
                value: Int64($0) * 990_000, id: $0 % 2 == 0 ? UInt64($0) + 1 : 0)
        }
        return [
            assignFrame([TestEvent("a", now)]),
            assignFrame(mixed),
            assignFrame(mixed, producer: 1, sequence: 5),
            assignFrame([TestEvent("a", 0), TestEvent("b", now)]),
            assignFrame((0..<300).map { TestEvent("v\($0)", now - Int64($0)) }),
            helloFrame(), statusFrame(), lookupFrame(visitor: "visitor 1"),
        ]
    }

    /// Changes a message in one to four ways, and makes the checksums right again in half of all.
    private static func mutate(_ message: inout [UInt8], _ random: inout SplitMix64) {
        for _ in 0...(random.next() % 4) {
            let at = Int(random.next() % UInt64(max(1, message.count)))
            guard !message.isEmpty else { return }
            switch random.next() % 8 {
            case 0: message[at] ^= 1 << UInt8(random.next() % 8)
            case 1: message[at] = UInt8(truncatingIfNeeded: random.next())
            case 2: message[at] = [0, 1, 0x7F, 0x80, 0xFF][Int(random.next() % 5)]
            case 3: message.removeLast(message.count - at)
            case 4: message.append(contentsOf: [UInt8](repeating: 0, count: at % 40 + 1))
            case 5: message.remove(at: at)
            case 6: message.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
            default:
                guard message.count >= at + 4 else { continue }
                let extremes: [UInt32] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, .max, .max - 7]
                message.put(extremes[Int(random.next() % 6)], at: at)
            }
        }
        if random.next() % 2 == 0 { message.refreshChecksums() }
    }
}
