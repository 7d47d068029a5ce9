import SojournServer
import SojournTestKit
import SojournWire
import Testing

@Suite(.serialized) struct LatencyTests {
    @Test func `STATUS counts how long replies took, but not what was refused at once`() throws {
        let server = try SojournServer()
        let client = try TestClient(server)
        for correlation: UInt64 in 1...5 {
            _ = try client.ask(largeFrame(events: 2_000, correlation: correlation))
        }
        // Too many frames: refused before it is looked at.
        try client.send(frames: [helloFrame(), helloFrame()])
        _ = try client.receive()
        let gauges = try client.gauges()
        #expect(gauges["replies_total"] == 5)
        #expect((gauges["replies_microseconds_total"] ?? 0) > 0)
        let bounds = gauges.compactMap { name, value -> (Int, Int64)? in
            guard name.hasPrefix("replies_within_") else { return nil }
            return Int(name.dropFirst("replies_within_".count).prefix { $0.isNumber }).map {
                ($0, value)
            }
        }.sorted { $0.0 < $1.0 }
        #expect(bounds.count == 15)
        #expect(bounds.map(\.1) == bounds.map(\.1).sorted())
        // A reply that took longer than the last bound is in the total alone.
        #expect((bounds.last?.1 ?? 0) <= 5)
    }

    @Test func `what the process asks itself is answered, and counts as no reply to a peer`()
        async throws
    {
        let server = try SojournServer()
        let reply = try #require(await server.ask(statusFrame(), patience: .seconds(10)))
        #expect(try header(reply).operation == .status)
        // Bytes that no reply is owed to.
        #expect(await server.ask([1, 2, 3], patience: .seconds(10)) == nil)
        #expect(try TestClient(server).gauges()["replies_total"] == 0)
    }

    @Test func `a server that has ended answers nothing, and at once`() async throws {
        let server = try SojournServer()
        server.stop()
        #expect(await server.ask(statusFrame(), patience: .seconds(3_600)) == nil)
    }

    @Test func `who asks too much at once gets nothing, and the others their answer`() async throws
    {
        let server = try SojournServer()
        let answers = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<500 {
                group.addTask { await server.ask(statusFrame(), patience: .seconds(60)) != nil }
            }
            return await group.reduce(into: 0) { count, isAnswered in count += isAnswered ? 1 : 0 }
        }
        #expect(answers > 0)
        #expect(await server.ask(statusFrame(), patience: .seconds(60)) != nil)
    }
}
