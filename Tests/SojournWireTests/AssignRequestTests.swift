import SojournModel
import Testing

@testable import SojournWire

@Suite struct AssignRequestTests {
    // MARK: Round trips

    @Test(arguments: [true, false])
    func `every column reads as it was written`(sortsTexts: Bool) throws {
        let frame = try TestFrame(Samples.events, sortsTexts: sortsTexts)
        #expect(try frame.events() == Samples.events)
    }

    @Test func `the smallest batch has only what is required`() throws {
        let frame = try TestFrame([TestEvent()])
        #expect(frame[68, as: UInt16.self] == 4)
        #expect(try frame.events() == [TestEvent()])
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `random batches come back`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let events = Self.randomBatch(&random)
        let frame = try TestFrame(events, sortsTexts: Bool.random(using: &random))
        #expect(try frame.events() == events, "seed \(seed)")
    }

    static func randomBatch(_ random: inout SplitMix64) -> [TestEvent] {
        let count = [1, 2, 10, 300].randomElement(using: &random)!
        let visitors = [1, 3, 255, 257].randomElement(using: &random)!
        let texts = [0, 2, 254, 255, 256].randomElement(using: &random)!
        let keySize = [0, 1, 16, 128].randomElement(using: &random)!
        let span: Int64 = [0, 1000, 1 << 32 - 1, 1 << 32, 1 << 47].randomElement(using: &random)!
        let unit: Int64 = [1, 10, 1_000, 1_000_000_000].randomElement(using: &random)!
        let range: Int64 = [0, 1, 127, 128, 32_767, 1 << 31].randomElement(using: &random)!
        let alphabet = ["/", "a", "product", "é", "漢", "🛒", "shop"]
        var pool: [String] = []
        for index in 0..<texts {
            var text = ""
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                text += alphabet.randomElement(using: &random)!
            }
            pool.append(text + "\(index)")
        }
        let contexts = (0..<4).map { _ in
            var context = EventContext(isKnownBot: Bool.random(using: &random))
            for attribute in ContextAttribute.allCases where Bool.random(using: &random) {
                context[attribute] = pool.randomElement(using: &random) ?? ""
            }
            return context
        }.filter { $0 != EventContext() }
        let hasIDs = Bool.random(using: &random)
        var events: [TestEvent] = []
        for _ in 0..<count {
            let visitor = UInt64.random(in: 0..<UInt64(visitors), using: &random)
            let size = keySize == 0 ? Int(visitor % 128) + 1 : keySize
            var event = TestEvent(time: 1_000)
            event.kind = EventKind.allCases.randomElement(using: &random)!
            if span > 0 { event.time += Int64.random(in: 0...span, using: &random) }
            event.visitor = (0..<size).map { byte -> UInt8 in
                byte < 8 ? UInt8(truncatingIfNeeded: visitor >> UInt64(8 * byte)) : 7
            }
            event.name = pool.randomElement(using: &random) ?? ""
            event.context = contexts.randomElement(using: &random)
            event.value = Int64.random(in: -range...range, using: &random) * unit
            if hasIDs { event.eventID = random.next() }
            events.append(event)
        }
        return events
    }

    @Test func `the largest batch comes back`() throws {
        var events: [TestEvent] = []
        for row in 0..<Limits.batchEventsMax {
            var event = TestEvent(time: Int64(row), eventID: UInt64(row))
            event.visitor = [UInt8(row & 255), UInt8(row >> 8), 0, 0]
            if row % 2 == 1 { event.name = "\(row % 1000)" }
            events.append(event)
        }
        let frame = try TestFrame(events)
        #expect(frame.width(.visitor) == 2)
        #expect(try frame.events() == events)
    }

    @Test func `more entries than two bytes can number come back`() throws {
        // 65,535 texts are as many as there may be: their references plus one take 2 bytes, and
        // contexts alone can make no more.
        let events = (0..<Limits.batchTextsMax).map { TestEvent(name: "\($0)") }
        let frame = try TestFrame(events)
        #expect(frame.width(.name) == 2)
        #expect(try frame.events() == events)
    }

    static let times: [([Int64], Int, Int64)] = [
        ([0, 5], 4, 0),
        ([1_000, 1_000 + 0xFFFF_FFFF], 4, 1_000),
        ([1_000, 1_001 + 0xFFFF_FFFF], 8, 1_000),
        ([Limits.eventTimeEnd - 1], 4, Limits.eventTimeEnd - 1),
        ([Limits.eventTimeEnd - 1, 0], 8, 0),
    ]

    @Test(arguments: times)
    func `times count from the earliest`(times: [Int64], width: Int, base: Int64) throws {
        let frame = try TestFrame(times.map { TestEvent(time: $0) })
        #expect(frame.width(.time) == width)
        #expect(frame[72, as: Int64.self] == base)
        #expect(try frame.events().map(\.time) == times)
    }

    static let values: [([Int64], Int, Int)] = [
        ([127_000_000_000, -128_000_000_000], 1, 9),
        ([128_000_000_000], 2, 9),
        ([-32_768_000], 2, 3),
        ([32_768_000], 4, 3),
        ([7, 0], 1, 0),
        ([1, 300], 2, 0),
        ([1_290_000, 49_990_000, 0], 2, 4),
        ([Int64(Int32.max) * 1_000_000_000], 4, 9),
        ([(Int64(Int32.max) + 1) * 1_000_000_000], 8, 0),
        ([.min], 8, 0),
        ([.max, .min, 0], 8, 0),
        ([-1, 1_000_000], 4, 0),
    ]

    @Test(arguments: values)
    func `values are as narrow as their scale allows`(
        values: [Int64], width: Int, exponent: Int
    ) throws {
        let frame = try TestFrame(values.map { TestEvent(value: $0) })
        #expect(frame.width(.value) == width)
        #expect(Int(frame[frame.descriptor(.value) + 2, as: UInt16.self]) == exponent)
        #expect(try frame.events().map(\.value) == values)
    }

    @Test func `keys of one size have no ends`() throws {
        let same = try TestFrame([TestEvent(visitor: [1, 2]), TestEvent(visitor: [3, 4])])
        #expect(same.width(.visitorKeys) == 0)
        #expect(same[same.descriptor(.visitorKeys) + 2, as: UInt16.self] == 2)
        let other = try TestFrame([TestEvent(visitor: [1, 2]), TestEvent(visitor: [3])])
        #expect(other.width(.visitorKeys) == 2)
        #expect(try other.events().map(\.visitor) == [[1, 2], [3]])
    }

    @Test func `sorted texts share prefixes when that is smaller`() throws {
        let events = (0..<50).map { TestEvent(name: "https://shop.example/\($0 * 7 % 50)") }
        let sorted = try TestFrame(events)
        let plain = try TestFrame(events, sortsTexts: false)
        #expect(sorted.bytes.count < plain.bytes.count - 400)
        #expect(try sorted.events() == events)
        #expect(sorted.bytes[sorted.start(.textPrefixes)] == 0)
        let few = try TestFrame([TestEvent(name: "a"), TestEvent(name: "b")])
        #expect(few[68, as: UInt16.self] == 6)
    }

    @Test func `one scratch serves batch after batch`() throws {
        var scratch = DecodeScratch()
        let large = try TestFrame((0..<100).map { TestEvent(name: "https://shop.example/\($0)") })
        let small = try TestFrame((0..<9).map { TestEvent(name: "https://shop.example/\($0)") })
        for frame in [large, small, large, small] {
            let body = Frame.body(of: unsafe frame.bytes.span.bytes)
            let batch = try AssignRequest.decode(body: body, scratch: &scratch)
            #expect(TestFrame.array(batch.texts[8]).count == batch.texts[8].byteCount)
            let last = batch.names[batch.count - 1] - 1
            let text = String(decoding: TestFrame.array(batch.texts[last]), as: UTF8.self)
            #expect(text == "https://shop.example/\(batch.count - 1)")
        }
    }

    // MARK: Faults

    struct Fault: Sendable {
        var name: String
        var damage: @Sendable (inout TestFrame) -> Void
        var code: ErrorCode
        /// Of the damaged frame.
        var offset: @Sendable (TestFrame) -> Int?
    }

    static let faults: [Fault] = [
        Fault(
            name: "no fixed part", damage: { $0.bytes.removeLast($0.bytes.count - 79) },
            code: .truncatedBody, offset: { _ in 79 }),
        Fault(
            name: "directory cut", damage: { $0.bytes.removeLast($0.bytes.count - 255) },
            code: .truncatedBody, offset: { _ in 255 }),
        Fault(
            name: "more columns than bytes", damage: { $0[68, as: UInt16.self] = .max },
            code: .truncatedBody, offset: { $0.bytes.count }),
        Fault(
            name: "reserved", damage: { $0.bytes[71] = 1 }, code: .bodyReservedNotZero,
            offset: { _ in 70 }),
        Fault(
            name: "parameter of a column without one",
            damage: { $0.bytes[$0.descriptor(.kind) + 3] = 1 }, code: .bodyReservedNotZero,
            offset: { $0.descriptor(.kind) + 2 }),
        Fault(
            name: "parameter of a dictionary with ends",
            damage: { $0.bytes[$0.descriptor(.texts) + 2] = 1 }, code: .bodyReservedNotZero,
            offset: { $0.descriptor(.texts) + 2 }),
        Fault(
            name: "no events", damage: { $0[64, as: UInt32.self] = 0 }, code: .badEventCount,
            offset: { _ in 64 }),
        Fault(
            name: "too many events", damage: { $0[64, as: UInt32.self] = 65_536 },
            code: .badEventCount, offset: { _ in 64 }),
        Fault(
            name: "65 columns",
            damage: {
                $0[68, as: UInt16.self] = 65
                $0.bytes.replaceSubrange(80..., with: [UInt8](repeating: 0, count: 1_040))
            }, code: .badColumnCount, offset: { _ in 68 }),
        Fault(
            name: "column twice", damage: { $0.bytes[$0.descriptor(.visitor)] = 2 },
            code: .badColumnOrder, offset: { $0.descriptor(.kind) + 16 }),
        Fault(
            name: "columns that descend", damage: { $0.bytes[$0.descriptor(.eventID)] = 0 },
            code: .badColumnOrder, offset: { $0.descriptor(.value) + 16 }),
        Fault(
            name: "misaligned", damage: { $0.bytes[$0.descriptor(.kind) + 8] += 1 },
            code: .columnMisaligned, offset: { $0.descriptor(.kind) + 8 }),
        Fault(
            name: "overlap", damage: { $0.bytes[$0.descriptor(.kind) + 8] -= 8 },
            code: .columnOverlap, offset: { $0.descriptor(.kind) + 8 }),
        Fault(
            name: "overlap with the directory",
            damage: { $0[$0.descriptor(.time) + 8, as: UInt32.self] = 0 },
            code: .columnOverlap, offset: { $0.descriptor(.time) + 8 }),
        Fault(
            name: "gap", damage: { $0.bytes[$0.descriptor(.eventID) + 8] += 8 },
            code: .columnGap, offset: { $0.descriptor(.eventID) + 8 }),
        Fault(
            name: "out of bounds",
            damage: { $0[$0.descriptor(.eventID) + 12, as: UInt32.self] += 8 },
            code: .columnOutOfBounds, offset: { $0.descriptor(.eventID) + 8 }),
        Fault(
            name: "end that wraps in 32 bits",
            damage: { $0[$0.descriptor(.eventID) + 12, as: UInt32.self] = .max },
            code: .columnOutOfBounds, offset: { $0.descriptor(.eventID) + 8 }),
        Fault(
            name: "trailing bytes", damage: { $0.bytes += [0, 0] }, code: .trailingBytes,
            offset: { $0.bytes.count - 2 }),
        Fault(
            name: "padding", damage: { $0.bytes[$0.start(.name) - 1] = 1 }, code: .paddingNotZero,
            offset: { $0.start(.name) - 1 }),
        Fault(
            name: "missing time", damage: { $0.bytes[$0.descriptor(.time)] = 0 },
            code: .missingColumn, offset: { _ in nil }),
        Fault(
            name: "width of time", damage: { $0.bytes[$0.descriptor(.time) + 1] = 2 },
            code: .badColumnWidth, offset: { $0.descriptor(.time) + 1 }),
        Fault(
            name: "width 255", damage: { $0.bytes[$0.descriptor(.name) + 1] = 255 },
            code: .badColumnWidth, offset: { $0.descriptor(.name) + 1 }),
        Fault(
            name: "count of kinds", damage: { $0.bytes[$0.descriptor(.kind) + 4] = 23 },
            code: .badElementCount, offset: { $0.descriptor(.kind) + 4 }),
        Fault(
            name: "cells of a context", damage: { $0.bytes[$0.descriptor(.contexts) + 2] = 8 },
            code: .badElementCount, offset: { $0.descriptor(.contexts) + 4 }),
        Fault(
            name: "no cells of a context",
            damage: { $0.bytes[$0.descriptor(.contexts) + 2] = 0 },
            code: .badElementCount, offset: { $0.descriptor(.contexts) + 4 }),
        Fault(
            name: "more texts than bytes",
            damage: {
                $0[$0.descriptor(.texts) + 4, as: UInt32.self] = 65_535
                $0[$0.descriptor(.textPrefixes) + 4, as: UInt32.self] = 65_535
            }, code: .badColumnLength, offset: { $0.descriptor(.texts) + 12 }),
        Fault(
            name: "last end",
            damage: { $0[$0.start(.visitorKeys) + 2 * 9, as: UInt16.self] += 1 },
            code: .badColumnLength, offset: { $0.descriptor(.visitorKeys) + 12 }),
        Fault(
            name: "key of no bytes",
            damage: {
                $0[$0.start(.visitorKeys) + 2, as: UInt16.self] =
                    $0[$0.start(.visitorKeys), as: UInt16.self]
            }, code: .badKeyLength, offset: { $0.start(.visitorKeys) + 2 }),
        Fault(
            name: "ends that descend",
            damage: { $0[$0.start(.visitorKeys), as: UInt16.self] = 60_000 },
            code: .badKeyLength, offset: { $0.start(.visitorKeys) }),
        Fault(
            name: "texts that descend",
            damage: { $0[$0.start(.texts) + 4, as: UInt16.self] = 0 },
            code: .badTextLength, offset: { $0.start(.texts) + 4 }),
        Fault(
            name: "not UTF-8",
            damage: {
                let texts = $0.start(.texts)
                $0.bytes[texts + 2 * 26] = 0xFF
            }, code: .badUTF8, offset: { $0.start(.texts) + 2 * 26 }),
        Fault(
            name: "kind 0", damage: { $0.bytes[$0.start(.kind) + 3] = 0 }, code: .badKind,
            offset: { $0.start(.kind) + 3 }),
        Fault(
            name: "kind 7", damage: { $0.bytes[$0.start(.kind) + 23] = 7 }, code: .badKind,
            offset: { $0.start(.kind) + 23 }),
        Fault(
            name: "visitor", damage: { $0.bytes[$0.start(.visitor) + 9] = 10 },
            code: .indexOutOfRange, offset: { $0.start(.visitor) + 9 }),
        Fault(
            name: "name", damage: { $0.bytes[$0.start(.name) + 1] = 255 },
            code: .indexOutOfRange, offset: { $0.start(.name) + 1 }),
        Fault(
            name: "first prefix", damage: { $0.bytes[$0.start(.textPrefixes)] = 1 },
            code: .indexOutOfRange, offset: { $0.start(.textPrefixes) }),
        Fault(
            name: "context", damage: { $0.bytes[$0.start(.context) + 5] = 99 },
            code: .indexOutOfRange, offset: { $0.start(.context) + 5 }),
        Fault(
            name: "cell", damage: { $0.bytes[$0.start(.contexts) + 9 + 7] = 99 },
            code: .indexOutOfRange, offset: { $0.start(.contexts) + 9 + 7 }),
        Fault(
            name: "base before the epoch", damage: { $0[72, as: Int64.self] = -1 },
            code: .timeOutOfRange, offset: { $0.start(.time) }),
        Fault(
            name: "times that wrap", damage: { $0[72, as: Int64.self] = .max },
            code: .timeOutOfRange, offset: { $0.start(.time) }),
        Fault(
            name: "last event too late",
            damage: { $0[72, as: Int64.self] = Limits.eventTimeEnd - 23 * 250 },
            code: .timeOutOfRange, offset: { $0.start(.time) + 23 * 4 }),
        Fault(
            name: "scale", damage: { $0.bytes[$0.descriptor(.value) + 2] = 10 },
            code: .badScale, offset: { $0.descriptor(.value) + 2 }),
    ]

    @Test(arguments: faults.indices) func `a bad batch is refused`(index: Int) throws {
        let fault = Self.faults[index]
        var frame = try TestFrame(Samples.events)
        fault.damage(&frame)
        frame.seal()
        let found = frame.fault()
        #expect(found?.code == fault.code, "\(fault.name): \(String(describing: found))")
        // A frame that is cut or renamed cannot be asked where its columns are.
        #expect(found?.offset == fault.offset(frame), "\(fault.name)")
    }

    @Test func `texts that are too long or too many are refused`() throws {
        let long = String(repeating: "x", count: 2_048)
        var frame = try TestFrame([TestEvent(name: long)], sortsTexts: false)
        #expect(try frame.events()[0].name == long)
        frame[frame.descriptor(.texts) + 2, as: UInt16.self] = 2_049
        frame[frame.descriptor(.texts) + 12, as: UInt32.self] = 2_049
        frame.bytes.append(0x78)
        frame.seal()
        #expect(frame.fault()?.code == .badTextLength)
        #expect(frame.fault()?.offset == frame.descriptor(.texts) + 2)
    }

    /// One event, and texts of which each is one byte longer than the one before, up to 256.
    private func manyTexts(_ count: Int) -> TestFrame {
        Samples.frame { writer in
            writer.beginFrame()
            writer.append(1 as UInt32)
            writer.append(7 as UInt32)
            writer.append(0 as Int64)
            var cursor = writer.beginDirectory(columns: 7)
            writer.appendColumn(.time, count: 1, as: UInt32.self, &cursor) { _ in 0 }
            writer.appendColumn(.kind, count: 1, as: UInt8.self, &cursor) { _ in 1 }
            writer.appendColumn(.visitor, count: 1, as: UInt8.self, &cursor) { _ in 0 }
            let key = writer.beginColumn(
                .visitorKeys, width: 0, parameter: 1, count: 1, length: 1, &cursor)
            writer.set(1 as UInt8, at: key)
            writer.appendColumn(.name, count: 1, as: UInt32.self, &cursor) { _ in UInt32(count) }
            let texts = writer.beginColumn(
                .texts, width: 0, parameter: 1, count: count, length: count, &cursor)
            for row in 0..<count { writer.set(UInt8(ascii: "a"), at: texts + row) }
            writer.appendColumn(.textPrefixes, count: count, as: UInt8.self, &cursor) {
                UInt8(min($0, 255))
            }
            MessageHeader(operation: .assign).write(to: &writer)
        }
    }

    @Test func `texts that are too large when written out are refused`() throws {
        let name = try manyTexts(32_800).events()[0].name
        #expect(name == String(repeating: "a", count: 256))
        let fault = try #require(manyTexts(33_000).fault())
        #expect(fault.code == .textsTooLarge)
        #expect(fault.offset == nil)
    }

    @Test func `a server may set lower limits`() throws {
        let frame = try TestFrame(Samples.events)
        let body = Frame.body(of: unsafe frame.bytes.span.bytes)
        let cases: [(BatchLimits, ErrorCode)] = [
            (BatchLimits(events: 23), .badEventCount), (BatchLimits(texts: 24), .badElementCount),
            (BatchLimits(contexts: 3), .badElementCount),
            (BatchLimits(visitorKeyBytes: 9), .badKeyLength),
            (BatchLimits(textBytes: 20), .badTextLength),
        ]
        for (limits, code) in cases {
            var scratch = DecodeScratch()
            var found: ErrorCode?
            do throws(WireError) {
                _ = try AssignRequest.decode(body: body, limits: limits, scratch: &scratch)
            } catch { found = error.code }
            #expect(found == code)
        }
    }

    @Test func `columns that are unknown are skipped`() throws {
        var frame = try TestFrame([TestEvent()])
        // A fifth column behind the four, which moves by one descriptor.
        for index in 0..<4 { frame[80 + index * 16 + 8, as: UInt32.self] += 16 }
        frame[68, as: UInt16.self] = 5
        let end = (frame.bytes.count + 16 + 7) & ~7
        var descriptor = TestFrame([UInt8](repeating: 0, count: 16))
        descriptor.bytes[0] = 200
        descriptor.bytes[1] = 77
        descriptor.bytes[2] = 5
        descriptor[8, as: UInt32.self] = UInt32(end - 64)
        descriptor[12, as: UInt32.self] = 3
        frame.bytes.insert(contentsOf: descriptor.bytes, at: 144)
        frame.bytes += [UInt8](repeating: 0, count: end - frame.bytes.count) + [9, 9, 9]
        frame.seal()
        #expect(try frame.events() == [TestEvent()])
    }
}
