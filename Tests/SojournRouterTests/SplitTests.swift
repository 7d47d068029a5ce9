import SojournModel
import SojournRouter
import SojournService
import SojournTestKit
import SojournWire
import Testing

/// A batch over several workers is what it is in one service.
@Suite struct SplitTests {
    private static let start = TestCluster.start

    /// A policy under which nothing finishes: then the clocks of workers decide nothing.
    private static var patient: SessionPolicy {
        var policy = SessionPolicy()
        policy.latenessMilliseconds = 7 * 86_400_000
        return policy
    }

    private static func batches(_ seed: UInt64) -> [[TestEvent]] {
        var random = SplitMix64(seed: seed)
        let sameSize = Bool.random(using: &random)
        let visitors = (0..<Int.random(in: 1...40, using: &random)).map { number in
            sameSize
                ? "visitor-\(1_000 + number)"
                : String(repeating: "v", count: number % 9) + "\(number)"
        }
        let names = ["", "/", "/home", "/home/a", "/product/17", "/zürich"]
        let kinds: [EventKind] = [.view, .view, .action, .conversion, .heartbeat, .start, .end]
        return (0..<6).map { _ in
            (0..<Int.random(in: 1...120, using: &random)).map { _ in
                TestEvent(
                    visitors.randomElement(using: &random) ?? "a",
                    start + Int64.random(in: -40_000_000...0, using: &random),
                    kinds.randomElement(using: &random) ?? .view,
                    name: names.randomElement(using: &random) ?? "",
                    value: Int64.random(in: -9...9, using: &random) * 10_000,
                    id: UInt64.random(in: 0...300, using: &random))
            }
        }
    }

    /// What is told of each event, whatever the order of the rows of sessions.
    private static func told(_ reply: Assigned) -> [[String]] {
        reply.outcomes.indices.map { event in
            let session = reply.sessionIndexes[event].map { reply.sessions[$0] }
            return [
                "\(reply.outcomes[event])", "\(reply.positions[event])",
                "\(session.map { "\($0.id.bits) \($0.start) \($0.ordinal) \($0.state)" } ?? "none")",
            ]
        }
    }

    private static func corrections(_ reply: Assigned) -> Set<String> {
        Set(reply.revisions.map { "\($0.from.bits) \($0.into.bits)" })
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `assignments are those of one service`(seed: UInt64) throws {
        let ranges = [
            ["0-31/64", "32-63/64"], ["0-0/3", "1-1/3", "2-2/3"], ["0-6/7"],
            ["5-63/64", "0-0/64", "1-4/64"],
        ][Int(seed % 4)]
        var cluster = TestCluster(ranges, policy: Self.patient)
        var single = ServiceCore(
            TestCluster.configuration(Self.patient), startedAt: TestCluster.start)
        for (number, events) in Self.batches(seed).enumerated() {
            let frame = assignFrame(events, producer: 1, sequence: UInt64(number + 1))
            var reply = ByteWriter()
            _ = single.answer(
                unsafe frame.span.bytes, at: Moment(serverTime: TestCluster.start), into: &reply)
            let expected = try Assigned(reply.array)
            let found = try Assigned(cluster.reply(frame))
            #expect(Self.told(found) == Self.told(expected), "seed \(seed), batch \(number)")
            #expect(Self.corrections(found) == Self.corrections(expected))
            #expect(found.sessions.count == expected.sessions.count)
            #expect(found.header == expected.header)
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `a batch sent again gets the same bytes, from another router too`(seed: UInt64) throws {
        var cluster = TestCluster(policy: Self.patient)
        let frames = Self.batches(seed).enumerated().map { number, events in
            assignFrame(events, producer: 9, sequence: UInt64(number + 1))
        }
        let replies = frames.map { cluster.ask($0) }
        let again = frames.map { cluster.ask($0) }
        #expect(replies == again && !replies.contains(nil))
        // Its workers are named in another order.
        var other = TestCluster(workers: cluster.workers.reversed())
        let fromOther = frames.map { other.ask($0) }
        #expect(fromOther == replies)
        for worker in cluster.workers {
            let applied = try Self.batchesApplied(worker)
            #expect(applied <= frames.count)
        }
    }

    static func batchesApplied(_ worker: TestWorker) throws -> Int {
        var reply = ByteWriter()
        let frame = statusFrame()
        _ = worker.core.answer(
            unsafe frame.span.bytes, at: Moment(serverTime: TestCluster.start), into: &reply)
        let status = try StatusReply.decode(
            body: unsafe reply.array.span.bytes.extracting(64...))
        return Int(status.gauges.first { $0.name == "batches_total" }?.value ?? -1)
    }

    @Test func `a batch of one worker's visitors goes there as it is`() throws {
        var cluster = TestCluster()
        let reply = try cluster.assign(
            [TestEvent(TestVisitor.first, Self.start)], producer: 1, sequence: 7)
        #expect(reply.outcomes == [.new])
        #expect(cluster.workers.map(\.batches) == [1, 0])
        let header = try #require(cluster.workers[0].headers.first)
        #expect(header.isPart && header.producer.rawValue == 1 && header.sequence == 7)
        let gauges = try cluster.gauges()
        #expect(gauges["batches_whole_total"] == 1 && gauges["batches_split_total"] == 0)
        #expect(gauges["batch_events_total"] == 1)
    }

    @Test func `one worker that has everything gets batches without the flag`() throws {
        var cluster = TestCluster(["0-7/8"])
        _ = try cluster.assign([TestEvent("a", Self.start), TestEvent("b", Self.start)])
        #expect(cluster.workers[0].headers.map(\.isPart) == [false])
        #expect(try cluster.gauges()["batch_events_total"] == 2)
    }

    @Test func `numbers may have holes at each worker`() throws {
        var cluster = TestCluster()
        for sequence in 1...400 as ClosedRange<UInt64> {
            let visitor = sequence.isMultiple(of: 200) ? TestVisitor.second : TestVisitor.first
            let reply = try cluster.assign(
                [TestEvent(visitor, Self.start)], producer: 1, sequence: sequence)
            #expect(reply.outcomes.count == 1)
        }
        #expect(cluster.workers.map(\.batches) == [398, 2])
    }

    @Test func `a batch with a fault is refused as one service refuses it`() throws {
        var cluster = TestCluster()
        var single = ServiceCore(TestCluster.configuration(), startedAt: Self.start)
        let events = [
            TestEvent(TestVisitor.first, Self.start), TestEvent(TestVisitor.second, Self.start),
        ]
        let good = assignFrame(events, producer: 1, sequence: 1, deployment: 0)
        for offset in 64..<good.count {
            let bad = changed(good) { $0[offset] ^= 0x84 }
            var reply = ByteWriter()
            let answer = single.answer(
                unsafe bad.span.bytes, at: Moment(serverTime: Self.start), into: &reply)
            let expected = answer == .reply ? try readError(reply.array) : nil
            // Those that change the meaning only are good batches.
            guard let expected else { continue }
            if expected.code == .sequenceReused { continue }
            let found = try cluster.refusal(bad)
            #expect(found?.code == expected.code && found?.offset == expected.offset, "\(offset)")
        }
    }
}
