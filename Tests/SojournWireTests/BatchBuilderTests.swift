import SojournModel
import SojournWire
import Testing

@Suite struct BatchBuilderTests {
    @Test func `an event that is refused leaves the batch as it was`() throws {
        var builder = BatchBuilder()
        for event in Samples.events { try builder.add(event) }
        let long = String(repeating: "é", count: 1_025)
        let refused: [(TestEvent, EventRefusal)] = [
            (TestEvent(visitor: []), .keyLength(0, most: 128)),
            (
                TestEvent(visitor: [UInt8](repeating: 1, count: 129), name: "new"),
                .keyLength(129, most: 128)
            ),
            (TestEvent(visitor: [9], name: long), .textLength(2_050, most: 2_048)),
            (
                TestEvent(name: "new", context: EventContext(device: "new too", region: long)),
                .textLength(2_050, most: 2_048)
            ),
            (TestEvent(time: -1, name: "new"), .timeOutOfRange(-1)),
            (
                TestEvent(time: Limits.eventTimeEnd, context: EventContext(device: "new")),
                .timeOutOfRange(Limits.eventTimeEnd)
            ),
        ]
        let bytes = builder.byteCountBound
        for (event, refusal) in refused {
            var found: EventRefusal?
            do throws(EventRefusal) { try builder.add(event) } catch { found = error }
            #expect(found == refusal)
            let count = builder.count
            let bytesAfter = builder.byteCountBound
            #expect(count == 24)
            #expect(bytesAfter == bytes)
        }
        var writer = ByteWriter()
        builder.encode(header: MessageHeader(operation: .assign), into: &writer)
        #expect(TestFrame(writer) == (try TestFrame(Samples.events)))
    }

    @Test func `a text that is not UTF-8 is refused`() throws {
        var builder = BatchBuilder()
        let bytes: [UInt8] = [0x61, 0xC3]
        #expect(throws: EventRefusal.textNotUTF8) { try builder.text(unsafe bytes.span.bytes) }
    }

    @Test(arguments: [
        BatchLimits(events: 10), BatchLimits(texts: 12), BatchLimits(contexts: 3),
        BatchLimits(messageBytes: 900), BatchLimits(messageBytes: 1_500),
    ]) func `a batch is full when any limit is reached`(limits: BatchLimits) throws {
        var builder = BatchBuilder(limits: limits)
        var added: [TestEvent] = []
        var refusal: EventRefusal?
        for event in Samples.events where refusal == nil {
            do throws(EventRefusal) {
                try builder.add(event)
                added.append(event)
            } catch { refusal = error }
        }
        #expect(refusal == .full)
        #expect(!added.isEmpty)
        var writer = ByteWriter()
        builder.encode(header: MessageHeader(operation: .assign), into: &writer)
        let bound = builder.byteCountBound
        #expect(writer.count <= bound)
        let frame = TestFrame(writer)
        #expect(frame.bytes.count <= limits.messageBytes)
        #expect(try frame.events() == added)
    }

    @Test func `limits that make no sense are not believed`() throws {
        let limits = BatchLimits(
            messageBytes: .max, events: 0, visitorKeyBytes: 0, textBytes: 0, texts: 0, contexts: 0)
        var builder = BatchBuilder(limits: limits)
        try builder.add(time: 1, kind: .view, visitor: "v", name: "n")
        let (count, most) = (builder.count, builder.limits)
        #expect(count == 1)
        #expect(most.messageBytes == Limits.messageBytesMax)
        #expect(most.events == 1)
    }

    @Test func `an event that fits into no batch is told apart`() {
        var builder = BatchBuilder(limits: BatchLimits(messageBytes: 400))
        let event = TestEvent(name: String(repeating: "x", count: 500))
        #expect(throws: EventRefusal.tooLarge) { try builder.add(event) }
        let isEmpty = builder.isEmpty
        #expect(isEmpty)
    }

    @Test func `65,535 events fit, one more does not`() throws {
        var builder = BatchBuilder()
        for _ in 0..<Limits.batchEventsMax { try builder.add(time: 1, kind: .view, visitor: "v") }
        let isFull = builder.isFull
        #expect(isFull)
        #expect(throws: EventRefusal.full) {
            try builder.add(time: 1, kind: .view, visitor: "v")
        }
    }

    @Test func `a builder is used again`() throws {
        var builder = BatchBuilder()
        var writer = ByteWriter()
        for events in [Samples.events, [TestEvent()], Array(Samples.events.reversed())] {
            builder.removeAll()
            for event in events { try builder.add(event) }
            builder.encode(header: MessageHeader(operation: .assign), into: &writer)
            #expect(try TestFrame(writer).events() == events)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `small batches are cut wherever a limit is`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let limits = BatchLimits(
            messageBytes: Int.random(in: 800...6_000, using: &random),
            events: Int.random(in: 1...100, using: &random),
            texts: Int.random(in: 9...60, using: &random))
        var builder = BatchBuilder(limits: limits)
        var writer = ByteWriter()
        var sent: [TestEvent] = []
        let events = AssignRequestTests.randomBatch(&random).prefix(200)
        func flush() throws {
            builder.encode(header: MessageHeader(operation: .assign), into: &writer)
            let frame = TestFrame(writer)
            #expect(frame.bytes.count <= limits.messageBytes, "seed \(seed)")
            sent += try frame.events()
            builder.removeAll()
        }
        for event in events {
            do throws(EventRefusal) { try builder.add(event) } catch {
                try #require(error == .full, "seed \(seed)")
                try flush()
                try builder.add(event)
            }
        }
        try flush()
        #expect(sent == Array(events), "seed \(seed)")
    }
}
