import SojournModel
import SojournRouter
import SojournService
import SojournTestKit
import SojournWire
import Testing

/// HELLO, LOOKUP and STATUS, and how a router comes to know its workers.
@Suite struct QuestionTests {
    private let start = TestCluster.start

    private func hello(_ bytes: [UInt8]?) throws -> HelloReply {
        let bytes = bytes ?? []
        _ = try open(bytes, .hello)
        return try HelloReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
    }

    private func lookup(_ bytes: [UInt8]?) throws -> LookupReply {
        let bytes = bytes ?? []
        _ = try open(bytes, .lookup)
        return try LookupReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
    }

    @Test func `a router greets for all of its workers, with their lowest limits`() throws {
        var messageBytes = 1 << 20
        var cluster = TestCluster { _ in
        } service: { configuration in
            configuration.messageBytesMax = messageBytes
            messageBytes += 1 << 20
        }
        let reply = try hello(cluster.ask(helloFrame()))
        #expect(reply.range == PartitionRange("0-63/64"))
        #expect(reply.limits.messageBytes == 1 << 20)
        #expect(reply.credit == Limits.creditMax && reply.producerWindow == Limits.producerWindow)
        #expect(reply.deployment == .derived(from: TestCluster.secret))
        let other = HelloRequest(deployment: DeploymentID(Bits128(high: 8, low: 9)), name: "x")
        #expect(try cluster.refusal(helloFrame(other))?.code == .wrongDeployment)
        let batch = assignFrame([TestEvent("a", start)], deployment: 77)
        #expect(try cluster.refusal(batch)?.code == .wrongDeployment)
    }

    @Test func `until every partition has a worker clients are told what is missing`() throws {
        var cluster = TestCluster(isUp: false)
        cluster.workers[1].isConnected = false
        #expect(
            try cluster.refusal(helloFrame())?.message.contains("no worker is known yet") == true)
        cluster.tick()
        for frame in [
            helloFrame(), assignFrame([TestEvent("a", start)]), lookupFrame(visitor: "a"),
        ] {
            let refusal = try #require(try cluster.refusal(frame))
            #expect(refusal.code == .unavailable && refusal.isRetriable)
            #expect(refusal.message.contains("partitions 32-63 of 64 have none"))
            #expect(refusal.message.contains("tcp://worker1: it has not answered yet"))
        }
        #expect(try cluster.gauges()["partitions_covered"] == 32)
        #expect(try cluster.gauges()["partitions_up"] == 32)
        cluster.workers[1].isConnected = true
        cluster.wait(300)
        #expect(try cluster.gauges()["partitions_up"] == 64)
        #expect(try hello(cluster.ask(helloFrame())).partitions == 64)
        #expect(cluster.events.contains(.complete(workers: 2, partitions: 64)))
    }

    @Test(arguments: [
        (["0-31/64", "31-63/64"], "partition 31 is that of tcp://worker0"),
        (["0-31/64", "16-31/32"], "other workers have some of 64"),
    ])
    func `workers that do not fit together are named`(ranges: [String], reason: String) throws {
        var cluster = TestCluster(ranges)
        let refused = cluster.events.compactMap { event in
            if case .workerRefused(let name, let reason) = event {
                "\(name): \(reason)"
            } else {
                nil
            }
        }
        #expect(refused.count == 1 && refused[0].contains(reason))
        #expect(refused[0].hasPrefix("tcp://worker1"))
        #expect(try cluster.refusal(helloFrame())?.code == .unavailable)
    }

    @Test func `a worker of another deployment is not used`() throws {
        var secret = UInt64(2)
        var cluster = TestCluster { _ in
        } service: { configuration in
            configuration = ServiceConfiguration(
                secret: DeploymentSecret(Bits128(high: 1, low: secret)))
            configuration.partitions =
                PartitionRange(secret == 2 ? "0-31/64" : "32-63/64") ?? .whole
            secret += 1
        }
        #expect(try cluster.refusal(helloFrame())?.code == .unavailable)
        #expect(
            cluster.events.contains { event in
                if case .workerRefused("tcp://worker1", let reason) = event {
                    reason.hasPrefix("it belongs to deployment ")
                } else {
                    false
                }
            })
        // From now on the router says whom it expects, and the worker refuses.
        cluster.wait(300)
        let last = cluster.events.last
        #expect(
            last
                == .workerRefused(
                    "tcp://worker1",
                    reason: "this server belongs to another deployment; check the address"))
    }

    @Test func `a visitor's worker is asked, and of a session all`() throws {
        var cluster = TestCluster()
        let reply = try cluster.assign([
            TestEvent(TestVisitor.first, start), TestEvent(TestVisitor.second, start),
        ])
        for (event, visitor) in [TestVisitor.first, TestVisitor.second].enumerated() {
            let found = try lookup(cluster.ask(lookupFrame(visitor: visitor)))
            let row = try #require(reply.sessionIndexes[event])
            #expect(found.sessions.map(\.id) == [reply.sessions[row].id])
            let again = try lookup(cluster.ask(lookupFrame(session: reply.sessions[row].id)))
            #expect(again.sessions == found.sessions)
        }
        #expect(try lookup(cluster.ask(lookupFrame(visitor: "nobody"))).sessions.isEmpty)
        let unknown = SessionID(Bits128(high: 5 << 16 | 0x7000, low: 1 << 63))
        #expect(try lookup(cluster.ask(lookupFrame(session: unknown))).sessions.isEmpty)
        cluster.workers[1].isConnected = false
        #expect(try cluster.refusal(lookupFrame(session: unknown))?.code == .unavailable)
    }

    @Test func `any bytes get an answer or a counted drop`() throws {
        var cluster = TestCluster()
        let good = assignFrame([
            TestEvent(TestVisitor.first, start), TestEvent(TestVisitor.second, start),
        ])
        for length in 0..<good.count {
            let answer = cluster.ask(Array(good[..<length]))
            if length < 64 {
                #expect(answer == [])
            } else {
                #expect(try error(answer)?.code == .badBodyLength)
            }
        }
        var random = SplitMix64(seed: 5)
        for _ in 0..<500 {
            let junk = changed(good) { bytes in
                for _ in 0..<4 {
                    let at = Int.random(in: 4..<bytes.count, using: &random)
                    bytes[at] = UInt8.random(in: 0...255, using: &random)
                }
            }
            let answer = cluster.ask(junk)
            #expect(answer != nil)
        }
        let gauges = try cluster.gauges()
        #expect(gauges["requests_in_flight"] == 0 && gauges["worker_replies_bad_total"] == 0)
        #expect(gauges["drops_truncated_header_total"] == 64)
    }

    private func error(_ bytes: [UInt8]?) throws -> ErrorReply? { try readError(bytes ?? []) }
}
