import SojournModel
import SojournRouter
import SojournService
import SojournTestKit
import SojournWire
import Testing

/// What a router makes of workers that refuse, lose, wait or are gone.
@Suite struct FailureTests {
    private let start = TestCluster.start
    private var both: [TestEvent] {
        [
            TestEvent(TestVisitor.first, start), TestEvent(TestVisitor.second, start),
            TestEvent(TestVisitor.first, start + 1_000),
        ]
    }

    private func frame(
        _ sequence: UInt64 = 1, producer: UInt64 = 1, deadline: UInt32 = 0
    ) -> [UInt8] {
        assignFrame(both, producer: producer, sequence: sequence, deadline: deadline)
    }

    private func only(_ visitor: String, _ sequence: UInt64 = 50) -> [UInt8] {
        assignFrame([TestEvent(visitor, start)], producer: 2, sequence: sequence)
    }

    private func error(_ bytes: [UInt8]?) throws -> ErrorReply? { try bytes.flatMap(readError) }

    @Test func `a batch of which a part was refused is incomplete, and its retry completes it`()
        throws
    {
        var cluster = TestCluster()
        cluster.workers[1].core.drain()
        let refusal = try #require(try cluster.refusal(frame()))
        #expect(refusal.code == .incomplete && refusal.isRetriable)
        #expect(refusal.retryAfterMilliseconds >= 1_000)
        #expect(refusal.message.contains("tcp://worker1 refused"))
        #expect(try cluster.refusal(frame())?.code == .incomplete)

        var configuration = TestCluster.configuration()
        configuration.partitions = try #require(PartitionRange("32-63/64"))
        cluster.workers[1].core = ServiceCore(configuration, startedAt: start)
        let reply = try Assigned(cluster.reply(frame()))
        #expect(reply.outcomes == [.new, .new, .extended])
        #expect(reply.positions == [1, 1, 2])
        #expect(try SplitTests.batchesApplied(cluster.workers[0]) == 1)
    }

    @Test func `a batch of which every part was refused is refused`() throws {
        var cluster = TestCluster()
        for worker in cluster.workers { worker.core.drain() }
        #expect(try cluster.refusal(frame())?.code == .draining)
        let unknown = assignFrame(both, producer: 1, sequence: 2, property: PropertyID(9))
        #expect(try cluster.refusal(unknown)?.code == .unknownProperty)
    }

    @Test func `a lost answer is asked for again, and the part applied once`() throws {
        var cluster = TestCluster()
        cluster.workers[1].losesReplies = 1
        let id = cluster.send(frame())
        cluster.run()
        #expect(cluster.answers[id] == nil)
        cluster.wait(1_100)
        let reply = try Assigned(#require(cluster.answers[id]))
        #expect(reply.outcomes == [.new, .new, .extended])
        #expect(cluster.workers.map(\.batches) == [1, 2])
        #expect(try SplitTests.batchesApplied(cluster.workers[1]) == 1)
        #expect(try cluster.gauges()["parts_resent_total"] == 1)
    }

    @Test func `without a producer nothing is sent twice`() throws {
        var cluster = TestCluster()
        cluster.workers[1].losesReplies = 1
        let id = cluster.send(frame(0, producer: 0))
        cluster.run()
        cluster.wait(5_000)
        #expect(try error(cluster.answers[id])?.code == .incomplete)
        #expect(cluster.workers.map(\.batches) == [1, 1])
    }

    @Test func `a worker that is gone costs only those who need it`() throws {
        var cluster = TestCluster()
        cluster.workers[1].isConnected = false
        let refusal = try #require(try cluster.refusal(only(TestVisitor.second)))
        #expect(refusal.code == .unavailable && refusal.isRetriable)
        #expect(refusal.message.contains("tcp://worker1"))
        #expect(try cluster.refusal(frame())?.code == .unavailable)
        // Nothing was applied anywhere.
        #expect(cluster.workers.map(\.batches) == [0, 0])
        let reply = try Assigned(cluster.reply(only(TestVisitor.first)))
        #expect(reply.outcomes == [.new])
        // Greetings go on to be answered, and it is found again.
        #expect(try cluster.reply(helloFrame()).count > 64)
        cluster.workers[1].isConnected = true
        cluster.wait(300)
        #expect(try Assigned(cluster.reply(frame())).outcomes.count == 3)
    }

    @Test func `a silent worker is given up, and what it had is sent again when it is back`() throws
    {
        var cluster = TestCluster()
        cluster.workers[1].isStopped = true
        let id = cluster.send(frame())
        let other = cluster.send(only(TestVisitor.first))
        cluster.run()
        #expect(cluster.answers[other] != nil)
        cluster.wait(2_600)
        #expect(cluster.answers[id] == nil)
        #expect(cluster.events.contains { if case .workerDown = $0 { true } else { false } })
        cluster.workers[1].isStopped = false
        cluster.wait(500)
        let reply = try Assigned(#require(cluster.answers[id]))
        #expect(reply.outcomes == [.new, .new, .extended])
    }

    @Test func `where it is settled who has what, one that was never there hinders only its own`()
        throws
    {
        var cluster = TestCluster(isUp: false) { configuration in
            configuration.ranges = ["0-31/64", "32-63/64"].compactMap { PartitionRange($0) }
        }
        cluster.workers[1].isConnected = false
        cluster.tick()
        let reply = try Assigned(cluster.reply(only(TestVisitor.first)))
        #expect(reply.outcomes == [.new])
        let refusal = try cluster.refusal(frame())
        #expect(refusal?.code == .unavailable)
    }

    @Test func `what no worker answers in time is incomplete`() throws {
        var cluster = TestCluster()
        cluster.workers[1].isStopped = true
        let id = cluster.send(frame())
        cluster.wait(4_100)
        let refusal = try #require(try error(cluster.answers[id]))
        #expect(refusal.code == .incomplete)
        #expect(refusal.message.contains("no answer from tcp://worker1"))
        #expect(cluster.router.requestsInFlight == 0)
    }

    @Test func `what has no answer by its deadline is not waited for`() throws {
        var cluster = TestCluster { $0.limits.workerPartsMax = 1_000 }
        cluster.workers[1].isStopped = true
        let sent = cluster.send(frame(1, deadline: 700))
        // Beyond the worker's credit: it is never sent.
        for sequence in 2...Limits.creditMax {
            _ = cluster.send(only(TestVisitor.second, UInt64(sequence)))
        }
        let waiting = cluster.send(frame(99, deadline: 700))
        cluster.wait(680)
        #expect(cluster.answers[sent] == nil && cluster.answers[waiting] == nil)
        cluster.wait(60)
        #expect(try error(cluster.answers[sent])?.code == .incomplete)
        // Its other part was applied.
        #expect(try error(cluster.answers[waiting])?.code == .incomplete)
        cluster.workers[1].isStopped = false
        cluster.run()
        #expect(try Assigned(cluster.reply(frame(1))).outcomes == [.new, .new, .extended])
        #expect(try SplitTests.batchesApplied(cluster.workers[0]) == 2)
    }

    @Test func `a refusal after a lost answer says nothing`() throws {
        var cluster = TestCluster()
        cluster.workers[0].losesReplies = 1
        let id = cluster.send(only(TestVisitor.first, 1))
        cluster.run()
        // It forgets what it knew: with another memory the retry is refused.
        var configuration = TestCluster.configuration()
        configuration.partitions = try #require(PartitionRange("0-31/64"))
        cluster.workers[0].core = ServiceCore(configuration, startedAt: start)
        cluster.workers[0].core.drain()
        cluster.wait(1_100)
        #expect(try error(cluster.answers[id])?.code == .incomplete)
    }

    @Test func `a visitor is forgotten by the worker that has it, also when an answer was lost`()
        throws
    {
        for losses in 0...1 {
            var cluster = TestCluster()
            _ = try cluster.reply(frame())
            cluster.workers[1].losesReplies = losses
            let id = cluster.send(forgetFrame(visitor: TestVisitor.second))
            cluster.run()
            cluster.wait(1_100)
            let reply = try #require(cluster.answers[id])
            _ = try open(reply, .forget)
            let answer = try ForgetReply.decode(body: unsafe reply.span.bytes.extracting(64...))
            // The second time there was nothing left.
            #expect(answer.liveSessions == (losses == 0 ? 1 : 0))
            #expect(cluster.workers[0].core.liveVisitors == 1)
            #expect(cluster.workers[1].core.liveVisitors == 0)
        }
    }

    @Test func `of a visitor that nobody says is forgotten nobody says that it is not`() throws {
        var cluster = TestCluster()
        cluster.workers[1].isStopped = true
        let id = cluster.send(forgetFrame(visitor: TestVisitor.second))
        cluster.wait(4_100)
        let refusal = try #require(try error(cluster.answers[id]))
        #expect(refusal.code == .incomplete && refusal.isRetriable)
        #expect(refusal.message.contains("may have been forgotten"))
    }

    // MARK: Room and time

    @Test func `a worker's room is its own`() throws {
        var cluster = TestCluster { $0.limits.workerPartsMax = 100 }
        cluster.workers[1].isStopped = true
        var refused = 0
        for sequence in 1...150 as ClosedRange<UInt64> {
            let id = cluster.send(only(TestVisitor.second, sequence))
            if let refusal = try error(cluster.answers[id]) {
                #expect(refusal.code == .overloaded && refusal.retryAfterMilliseconds > 0)
                refused += 1
            }
        }
        #expect(refused == 50)
        // No more than its credit are on their way.
        #expect(cluster.workers[1].batches == Limits.creditMax)
        #expect(try Assigned(cluster.reply(only(TestVisitor.first))).outcomes == [.new])
        #expect(try cluster.refusal(frame())?.code == .overloaded)
        #expect(try cluster.gauges()["worker_1_parts_waiting"] == 36)
        cluster.workers[1].isStopped = false
        cluster.run()
        #expect(cluster.workers[1].batches == 100)
        #expect(cluster.router.requestsInFlight == 0)
    }

    @Test func `room is counted in bytes too, and given back`() throws {
        var cluster = TestCluster { $0.limits.workerBytesMax = 1_000 }
        cluster.workers[1].isStopped = true
        for sequence in 1...20 as ClosedRange<UInt64> {
            _ = cluster.send(only(TestVisitor.second, sequence))
        }
        let held = try cluster.gauges()["worker_1_queued_bytes"] ?? 0
        #expect(held > 0 && held <= 1_000)
        cluster.workers[1].isStopped = false
        cluster.run()
        #expect(try cluster.gauges()["worker_1_queued_bytes"] == 0)
    }

    @Test func `a part gets what is left of the deadline, and is not sent without`() throws {
        var cluster = TestCluster()
        cluster.workers[1].isStopped = true
        for sequence in 1...UInt64(Limits.creditMax) {
            _ = cluster.send(only(TestVisitor.second, sequence))
        }
        let late = cluster.send(frame(1, deadline: 300))
        let patient = cluster.send(frame(2, deadline: 2_000))
        #expect(cluster.workers[0].headers.map(\.deadlineMilliseconds) == [300, 2_000])
        cluster.tick(after: 500)
        cluster.workers[1].isStopped = false
        cluster.run()
        #expect(cluster.workers[1].headers.last?.deadlineMilliseconds == 1_500)
        // The other worker has applied its part.
        #expect(try error(cluster.answers[late])?.code == .incomplete)
        #expect(try error(cluster.answers[patient]) == nil)
    }

    @Test func `a router that is about to stop refuses new batches and answers the others`() throws
    {
        var cluster = TestCluster()
        let id = cluster.send(frame())
        cluster.router.drain()
        #expect(try cluster.refusal(frame(2))?.code == .draining)
        #expect(try Assigned(#require(cluster.answers[id])).outcomes.count == 3)
    }
}
