import Foundation
import SojournModel
import SojournWire

/// Batches of visits that begin, go on over a few batches, and end: so that sessions finish as fast as they are
/// opened, once the first are due. A visitor comes again after an hour and a quarter.
///
/// The frames are made beforehand; what changes from turn to turn are their times, and the first bytes
/// of the visitors' keys.
struct VisitBatches: BatchSource {
    private static let frameCount = 100
    /// Batches that a visit goes on over, if it has as many events.
    private static let batchesPerVisit = 4
    private static let hour: Int64 = 3_600_000
    /// Longer than timeout and lateness together.
    private static let returnMilliseconds = hour * 5 / 4

    private struct Frame {
        var bytes: [UInt8]
        /// Of the part of each key that changes; and whether the visit began in the turn before.
        var keys: [(offset: Int, isOld: Bool)]
    }

    private let frames: [Frame]
    /// Turns after which the first visitors come again.
    private let turns: Int
    private let batchMilliseconds: Int64
    private let start: Int64
    private var number: Int64 = 0
    private let end: Int64

    let firstBatches: Int
    var requestBytes: Int { frames[0].bytes.count }

    /// - Parameters:
    ///   - visitors: that come in turns, about.
    ///   - eventsPerSession: from 1 up.
    init(visitors: Int, batch: Int, eventsPerSession: Int) throws {
        let perBatch = max(1, batch / eventsPerSession)
        let turns = max(1, visitors / (perBatch * Self.frameCount))
        self.turns = turns
        let batches = turns * Self.frameCount
        batchMilliseconds = max(1, Self.returnMilliseconds / Int64(batches))
        firstBatches = batches
        let now = Int64(Date.now.timeIntervalSince1970 * 1_000)
        start = now - 390 * 24 * Self.hour
        end = now
        var frames: [Frame] = []
        for frame in 0..<Self.frameCount {
            frames.append(
                try Self.frame(
                    frame, perBatch: perBatch, eventsPerSession: eventsPerSession,
                    milliseconds: batchMilliseconds))
        }
        self.frames = frames
    }

    private static func frame(
        _ frame: Int, perBatch: Int, eventsPerSession: Int, milliseconds: Int64
    ) throws -> Frame {
        let parts = min(batchesPerVisit, eventsPerSession)
        var random = SplitMix64(seed: UInt64(frame))
        var builder = BatchBuilder()
        let perPart = max(1, eventsPerSession / parts)
        let count = perPart * parts * perBatch
        var event = 0
        for round in 0..<perPart {
            for part in 0..<parts {
                for visit in 0..<perBatch {
                    let dice = random.next()
                    let isFirst = part == 0 && round == 0
                    let kind: EventKind =
                        switch dice % 100 {
                        case _ where isFirst: .view
                        case 0..<25: .view
                        case 25..<70: .action
                        case 70..<98: .heartbeat
                        default: .conversion
                        }
                    // The bytes of strings and arrays have no invalid patterns.
                    let name = try unsafe builder.text(
                        ShopWorkload.names[Int(dice >> 40 % 400)].utf8Span.span.bytes)
                    var context = ContextReference.none
                    if round == 0 {
                        var row = ContextRow()
                        let mark = SplitMix64.mix(UInt64(visit))
                        row[.device] = try text(["desktop", "mobile", "tablet"], mark, &builder)
                        row[.channel] = try text(ShopWorkload.channels, mark >> 20, &builder)
                        row[.country] = try text(["DE", "FR", "GB", "US"], mark >> 40, &builder)
                        context = try builder.context(row)
                    }
                    let key = key(frame: (frame + frameCount - part) % frameCount, visit)
                    try unsafe builder.add(
                        time: milliseconds * Int64(event) / Int64(count), kind: kind,
                        visitor: key.span.bytes, name: name, context: context,
                        value: kind == .conversion ? Int64(dice >> 30 % 20_000) * 10_000 : 0)
                    event += 1
                }
            }
        }
        var writer = ByteWriter()
        builder.encode(
            header: MessageHeader(operation: .assign, property: PropertyID(rawValue: 1)),
            into: &writer)
        let bytes = [UInt8](copying: writer.bytes)
        // Keys stand behind one another, in the order in which events first named them. The part of a key that
        // stays is 12 random bytes, and found nowhere else.
        let first = Data(bytes).range(of: Data(key(frame: frame, 0)[4...]))
        guard var offset = first.map({ $0.lowerBound - 4 }) else { throw keyIsMissing }
        var keys: [(offset: Int, isOld: Bool)] = []
        for part in 0..<parts {
            let begin = (frame + frameCount - part) % frameCount
            for visit in 0..<perBatch {
                let key = key(frame: begin, visit)
                guard bytes[offset...].starts(with: key) else { throw keyIsMissing }
                keys.append((offset, begin > frame))
                offset += key.count
            }
        }
        return Frame(bytes: bytes, keys: keys)
    }

    private static var keyIsMissing: CommandFailure {
        CommandFailure(.software, "a visitor's key is not where it should be in its batch")
    }

    private static func text(
        _ texts: [String], _ mark: UInt64, _ builder: inout BatchBuilder
    ) throws -> TextReference {
        // The bytes of a string have no invalid patterns.
        try unsafe builder.text(texts[Int(mark % UInt64(texts.count))].utf8Span.span.bytes)
    }

    private static func key(frame: Int, _ visit: Int) -> [UInt8] {
        var mixer = SplitMix64(seed: UInt64(frame) << 32 | UInt64(visit))
        let words = [mixer.next(), mixer.next()]
        return (0..<16).map {
            $0 < 4 ? 0 : UInt8(truncatingIfNeeded: words[$0 / 8] >> (8 * ($0 % 8)))
        }
    }

    mutating func write(correlation: UInt64, into writer: inout ByteWriter) throws {
        let time = start + number * batchMilliseconds
        guard time < end else {
            throw CommandFailure(
                .software, "the times of the events have come to the present: use more --visitors")
        }
        let turn = Int(number / Int64(Self.frameCount))
        let frame = frames[Int(number % Int64(Self.frameCount))]
        // Bytes have no invalid patterns.
        writer.append(contentsOf: unsafe frame.bytes.span.bytes)
        writer.set(time, at: RepeatedBatches.baseTimeOffset)
        for (offset, isOld) in frame.keys {
            writer.set(UInt32((turn + (isOld ? turns - 1 : 0)) % turns), at: offset)
        }
        MessageHeader(
            operation: .assign, correlation: correlation, property: PropertyID(rawValue: 1)
        )
        .write(to: &writer)
        number += 1
    }
}
