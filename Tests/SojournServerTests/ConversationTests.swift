import Foundation
import SojournModel
import SojournServer
import SojournService
import SojournTestKit
import SojournWire
import Testing

@Suite(.serialized) struct ConversationTests {
    @Test(arguments: Framing.allCases)
    func `every kind of client is answered in the form in which it asks`(framing: Framing) throws {
        let server = try SojournServer()
        let client = try TestClient(server, framing)
        #expect(try header(client.ask(helloFrame())).operation == .hello)
        #expect(try client.assignsRightly("anna"))
        #expect(try header(client.ask(lookupFrame(visitor: "anna"))).operation == .lookup)
        #expect(try client.gauges()["live_visitors"] == 1)
    }

    @Test func `one client may have many requests on their way`() throws {
        let server = try SojournServer()
        let client = try TestClient(server)
        let now = currentMilliseconds()
        for correlation: UInt64 in 1...60 {
            try client.send(
                assignFrame([TestEvent("v\(correlation)", now)], correlation: correlation))
        }
        var answered: Set<UInt64> = []
        for _ in 1...60 { answered.insert(try header(client.receive()).correlation) }
        #expect(answered == Set(1...60))
    }

    @Test func `a server listens at several endpoints at once`() throws {
        let path = temporaryPath("two.sock")
        let server = try SojournServer { $0.listens.append("ipc://\(path)") }
        #expect(server.endpoints.count == 2)
        #expect(server.endpoints[1] == "ipc://\(path)")
        let tcp = try TestClient(server.endpoints[0])
        let ipc = try TestClient(server.endpoints[1])
        // Both see the same sessions.
        #expect(try tcp.assignsRightly("anna"))
        #expect(try ipc.assignsRightly("berta"))
        #expect(try ipc.gauges()["live_visitors"] == 2)
        #expect(try tcp.gauges()["live_visitors"] == 2)
    }

    @Test func `a retry over another connection gets the same bytes`() throws {
        let server = try SojournServer()
        let frame = assignFrame(
            [TestEvent("a", currentMilliseconds())], producer: 5, sequence: 1)
        let first = try TestClient(server).ask(frame)
        #expect(try TestClient(server).ask(frame) == first)
    }

    @Test func `work that waited longer than its deadline is not done`() throws {
        let server = try SojournServer()
        let client = try TestClient(server)
        // Each takes the server longer than a millisecond; sent together, they all wait for the first.
        var frames = (1...3).map { largeFrame(events: 20_000, correlation: $0) }
        let event = TestEvent("late", currentMilliseconds())
        frames.append(assignFrame([event], correlation: 4, deadline: 1))
        for frame in frames { try client.send(frame) }
        var last: [UInt8] = []
        for _ in 1...4 { last = try client.receive() }
        #expect(try header(last).correlation == 4)
        #expect(try readError(last)?.code == .deadlineExpired)
    }

    @Test func `sessions finish while nobody asks`() throws {
        let server = try SojournServer()
        let client = try TestClient(server)
        // At the edge of the past: due as soon as the clock has moved a little.
        let past: Int64 = 1_000_000_000
        _ = try client.ask(assignFrame([TestEvent("a", past), TestEvent("b", past + 2_460_000)]))
        var finished: Int64 = 0
        for _ in 0..<50 where finished == 0 {
            Thread.sleep(forTimeInterval: 0.05)
            finished = try client.gauges()["sessions_finished_total"] ?? 0
        }
        #expect(finished == 1)
    }
}
