import SojournModel
import Testing

@testable import SojournWire

/// What workers have for a report that a router puts together. Broken ones stand in `vectors/routers`.
@Suite struct ReportPartTests {
    private static func read(_ bytes: [UInt8]) throws(WireError) -> ReportPart {
        // Safe: bytes have no padding.
        let frame = unsafe bytes.span.bytes
        let header = try Frame.open(frame, role: .client)
        #expect(header.isPart)
        return try ReportPartReply.decode(body: Frame.body(of: frame))
    }

    private static func written(_ part: ReportPart) -> [UInt8] {
        var writer = ByteWriter()
        ReportPartReply.encode(
            part, header: MessageHeader(operation: .report, isReply: true, isPart: true),
            into: &writer)
        return writer.array
    }

    static func part(groups: Int, seed: UInt64) -> ReportPart {
        var random = SplitMix64(seed: seed)
        func number(_ bits: Int) -> Int { Int(random.next() & (1 << UInt64(bits) - 1)) }
        let made = (0..<groups).map { index in
            var row = ReportRow(number(3) == 0 ? .total : .part)
            row.isPrevious = number(1) == 1
            row.text = ["", "a", "é", String(repeating: "x", count: 300)][number(2)]
            row.nextText = ["", "/b"][number(1)]
            row.parent = index > 0 && number(1) == 1 ? number(20) % index : nil
            row.time = number(1) == 1 ? Int64(number(48)) - 1 << 40 : nil
            row.figures.sessions = number(number(3))
            row.figures.visitors = number(number(5))
            row.figures.newVisitors = number(3)
            row.figures.views = number(60)
            row.figures.actions = number(1)
            row.figures.conversions = number(7)
            row.figures.convertedSessions = number(8)
            row.figures.engagedSessions = number(14)
            row.figures.value = Int64(bitPattern: random.next())
            row.figures.durationMilliseconds = Int64(number(50))
            let times = (0..<row.figures.sessions).map { _ in Int64(number(4 + number(5))) }
            return ReportGroup(row, times: times.sorted())
        }
        return ReportPart(
            start: number(1) == 1 ? 5 : nil, end: number(1) == 1 ? .max - 1 : nil,
            clock: number(1) == 1 ? -1 : nil, timeZone: ["", "UTC"][number(1)],
            days: number(1) == 1
                ? .utc
                : LocalDays(firstOffset: -3_600_000, transitions: [.init(start: 9, offset: 0)]),
            liveSessions: number(20), automatedSessions: number(3), rowsDefault: number(16),
            groups: made)
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `a part reads as it was written`(seed: UInt64) throws {
        let part = Self.part(groups: Int(seed) * 5, seed: seed)
        #expect(try Self.read(Self.written(part)) == part)
    }

    @Test func `durations of many sessions take a byte or two each`() throws {
        var row = ReportRow(.total)
        row.figures.sessions = 20_000
        var random = SplitMix64(seed: 1)
        // Half an hour, in hundredths of a second.
        let times = (0..<row.figures.sessions).map { _ in Int64(random.next() % 180_000) }
        let part = ReportPart(
            start: nil, end: nil, clock: nil, timeZone: "UTC", days: .utc, liveSessions: 0,
            automatedSessions: 0, rowsDefault: 1, groups: [ReportGroup(row, times: times.sorted())])
        let bytes = Self.written(part)
        #expect(bytes.count < 24_000)
        #expect(try Self.read(bytes) == part)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `damaged parts never trap, and what is read can be written again`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let good = Self.written(Self.part(groups: 12, seed: seed))
        var refused = 0
        for _ in 0..<200 {
            var frame = TestFrame(good)
            for _ in 0...random.next() % 3 {
                let at = 64 + Int(random.next() % UInt64(frame.bytes.count - 64))
                frame.bytes[at] = UInt8(truncatingIfNeeded: random.next())
            }
            frame.seal()
            do throws(WireError) {
                let part = try Self.read(frame.bytes)
                #expect(Self.written(part).count > 64)
            } catch { refused += 1 }
        }
        #expect(refused > 20)
    }
}
