import SojournModel
import SojournService
import SojournTestKit
import SojournWire
import Testing

@Suite struct ProducerTests {
    private let start = TestService.start
    private let window = UInt64(Limits.producerWindow)

    private func frame(
        _ sequence: UInt64, producer: UInt64 = 1, visitor: String = "a", correlation: UInt64 = 7,
        deadline: UInt32 = 0
    ) -> [UInt8] {
        assignFrame(
            [TestEvent(visitor, start)], producer: producer, sequence: sequence,
            correlation: correlation, deadline: deadline)
    }

    @Test func `a retry gets the same bytes and changes nothing`() throws {
        var service = TestService()
        let first = service.answer(frame(1)).bytes
        let before = try service.state()
        // Later, and after other batches, the same answer still.
        service.now += 5_000
        #expect(service.answer(frame(1)).bytes == first)
        service.now -= 5_000
        #expect(try service.state() == before.merging(["repeated_batches_total": 1]) { $1 })
    }

    @Test func `only correlation and header checksum differ in a retry`() throws {
        var service = TestService()
        let first = service.answer(frame(1, correlation: 7)).bytes
        let second = service.answer(frame(1, correlation: 8)).bytes
        let different = first.indices.filter { first[$0] != second[$0] }
        #expect(different.allSatisfy { (8..<16).contains($0) || (60..<64).contains($0) })
        #expect(try Assigned(second).header.correlation == 8)
    }

    @Test func `another body under the same number is refused`() throws {
        var service = TestService()
        _ = service.answer(frame(1))
        let before = try service.state()
        #expect(try service.refusal(frame(1, visitor: "b"))?.code == .sequenceReused)
        #expect(try service.state() == before)
    }

    @Test func `the same body for another property is another batch`() throws {
        var service = TestService { configuration in
            configuration.properties.append(ServiceProperty(id: PropertyID(2), name: "app"))
        }
        _ = service.answer(frame(1))
        let other = assignFrame(
            [TestEvent("a", start)], producer: 1, sequence: 1, property: PropertyID(2))
        #expect(try service.refusal(other)?.code == .sequenceReused)
    }

    @Test func `a batch without a producer is applied each time`() throws {
        var service = TestService()
        let event = [TestEvent("a", start)]
        #expect(try service.assign(event, sequence: 1).outcomes == [.new])
        #expect(try service.assign(event, sequence: 1).outcomes == [.extended])
        #expect(try service.gauges()["producers"] == 0)
    }

    @Test func `a producer may begin anywhere`() throws {
        for first in [0, 1, 1_000_000, UInt64.max] {
            var service = TestService()
            #expect(try Assigned(service.answer(frame(first)).bytes).outcomes == [.new])
            #expect(service.answer(frame(first)).answer == .reply)
            #expect(try service.gauges()["repeated_batches_total"] == 1)
        }
    }

    @Test func `numbers may be left out and filled in within the window`() throws {
        var service = TestService()
        _ = service.answer(frame(1_000))
        let last = 1_000 + window
        #expect(try service.refusal(frame(last + 1))?.code == .sequenceGap)
        #expect(try service.refusal(frame(last)) == nil)
        // 1000 has just fallen out, and 1001 was never sent.
        #expect(try service.refusal(frame(1_000))?.code == .sequenceTooOld)
        #expect(try service.refusal(frame(1_001)) == nil)
        #expect(try service.gauges()["batches_total"] == 3)
    }

    @Test func `exactly the window is remembered`() throws {
        var service = TestService()
        var replies: [[UInt8]] = []
        for sequence in 1...300 { replies.append(service.answer(frame(UInt64(sequence))).bytes) }
        let lowest = 300 - window + 1
        #expect(try service.refusal(frame(lowest - 1))?.code == .sequenceTooOld)
        for sequence in lowest...300 {
            #expect(service.answer(frame(sequence)).bytes == replies[Int(sequence) - 1])
        }
        #expect(try service.gauges()["batches_total"] == 300)
    }

    @Test func `a refusal is not remembered`() throws {
        var service = TestService()
        let good = frame(1)
        let bad = changed(good) { $0[64] = 0 }
        #expect(try service.refusal(bad)?.code == .badEventCount)
        #expect(try service.refusal(frame(1, deadline: 5), age: 5)?.code == .deadlineExpired)
        #expect(try service.gauges()["producers"] == 0)
        #expect(try Assigned(service.answer(good).bytes).outcomes == [.new])
    }

    @Test func `a bad body is told before a bad number`() throws {
        var service = TestService()
        _ = service.answer(frame(1_000))
        for sequence: UInt64 in [1, 1_000, 9_000] {
            let bad = changed(frame(sequence)) { $0[64] = 0 }
            #expect(try service.refusal(bad)?.code == .badEventCount)
        }
    }

    @Test func `a batch that was applied is answered past its deadline and while draining`() throws
    {
        var service = TestService()
        let first = service.answer(frame(1, deadline: 5)).bytes
        service.core.drain()
        #expect(service.answer(frame(1, deadline: 5), age: 60_000).bytes == first)
        #expect(try service.refusal(frame(2))?.code == .draining)
    }

    @Test func `of too many producers the one whose last batch is oldest is forgotten`() throws {
        var service = TestService { $0.producersMax = 3 }
        for producer: UInt64 in 1...3 { _ = service.answer(frame(1, producer: producer)) }
        // A batch counts, and a retry does not: only what is journaled decides.
        _ = service.answer(frame(2, producer: 1))
        _ = service.answer(frame(1, producer: 2))
        _ = service.answer(frame(1, producer: 4))
        var gauges = try service.gauges()
        #expect(gauges["producers"] == 3)
        #expect(gauges["producer_evictions_total"] == 1)

        // 1 is known still; 2 is not, so that its batch counts as new.
        _ = service.answer(frame(1, producer: 1))
        #expect(try service.gauges()["repeated_batches_total"] == 2)
        _ = service.answer(frame(1, producer: 2))
        gauges = try service.gauges()
        #expect(gauges["repeated_batches_total"] == 2)
        #expect(gauges["producer_evictions_total"] == 2)
        #expect(gauges["batches_total"] == 6)
    }

    @Test func `the bytes of all replies are bounded`() throws {
        let most = 64 << 10
        var service = TestService { $0.producerReplyBytesMax = most }
        for round in 1...20 {
            for producer in 1...100 {
                _ = service.answer(frame(UInt64(round), producer: UInt64(producer)))
                #expect(try service.gauges()["producer_reply_bytes"] ?? .max <= Int64(most))
            }
        }
        let gauges = try service.gauges()
        #expect(gauges["producer_evictions_total"] ?? 0 > 0)
        #expect(gauges["batches_total"] == 2_000)
    }

    @Test func `a producer that is alone forgets its oldest replies`() throws {
        let most = 8 << 10
        var service = TestService { $0.producerReplyBytesMax = most }
        for sequence in 1...100 { _ = service.answer(frame(UInt64(sequence))) }
        let gauges = try service.gauges()
        #expect(gauges["producer_reply_bytes"] ?? .max <= Int64(most))
        #expect(gauges["producer_evictions_total"] == 0)
        let forgotten = gauges["producer_reply_evictions_total"] ?? 0
        #expect(forgotten > 0 && forgotten < 100)

        // What is forgotten is refused and never applied again; the rest is answered.
        for sequence in 1...100 {
            let error = try service.refusal(frame(UInt64(sequence)))
            #expect(error?.code == (sequence <= forgotten ? .sequenceTooOld : nil))
        }
        #expect(try service.gauges()["batches_total"] == 100)
    }

    @Test func `the table agrees with a naive one`() throws {
        var random = SplitMix64(seed: 20_240_601)
        var service = TestService { $0.producersMax = 8 }
        /// Per producer its batches; in order of their last new batch.
        var known: [(producer: UInt64, highest: UInt64, sequences: Set<UInt64>)] = []
        for _ in 0..<4_000 {
            let producer = random.next() % 10 + 1
            let row = known.firstIndex { $0.producer == producer }
            let highest = row.map { known[$0].highest } ?? 500
            let sequence = highest &+ random.next() % 400 &- 200
            let error = try service.refusal(frame(sequence, producer: producer))
            guard let row else {
                #expect(error == nil)
                known.append((producer, sequence, [sequence]))
                if known.count > 8 { known.removeFirst() }
                continue
            }
            if sequence + window <= highest {
                #expect(error?.code == .sequenceTooOld)
            } else if sequence > highest + window {
                #expect(error?.code == .sequenceGap)
            } else {
                #expect(error == nil)
                if known[row].sequences.contains(sequence) { continue }
                var entry = known.remove(at: row)
                entry.highest = max(highest, sequence)
                entry.sequences.insert(sequence)
                known.append(entry)
            }
        }
    }

    @Test func `a part may have a number far beyond the highest, which moves the window`() throws {
        func part(_ sequence: UInt64) -> [UInt8] {
            assignFrame(
                [TestEvent("a", start)], producer: 1, sequence: sequence, isPart: true)
        }
        var service = TestService()
        _ = service.answer(frame(1))
        #expect(try service.refusal(frame(500))?.code == .sequenceGap)
        let reply = service.answer(part(500)).bytes
        #expect(try Assigned(reply).outcomes == [.extended])
        #expect(service.answer(part(500)).bytes == reply)
        // The flag is no part of the batch: it is the same without.
        #expect(service.answer(frame(500)).bytes == reply)
        #expect(try service.refusal(part(500 - window))?.code == .sequenceTooOld)
        #expect(try Assigned(service.answer(part(501 - window)).bytes).outcomes == [.extended])
    }
}
