import SojournModel
import SojournWire

/// Batches like those of a busy shop: visitors with 16-byte keys chosen at random, pages and actions
/// from a menu, one context in ten. The same seed gives the same batches.
struct ShopWorkload: ~Copyable {
    private var random: SplitMix64
    private let visitors: Int
    private let batchEvents: Int
    /// Milliseconds that one batch spans.
    private let batchMilliseconds: Int64
    /// Of a hundred events, how many come up to five minutes late.
    private let latePercent: Int
    /// How many events of a batch are of one visitor, on average.
    private let eventsPerVisitor: Int
    /// The visitors of the batch that is made now.
    private var present: [Int] = []
    private var time: Int64
    private var builder = BatchBuilder()
    private var nextVisitor = 0

    init(
        seed: UInt64 = 1, visitors: Int, batchEvents: Int, batchMilliseconds: Int64,
        latePercent: Int = 0, eventsPerVisitor: Int = 1, start: Int64
    ) {
        random = SplitMix64(seed: seed)
        self.visitors = visitors
        self.batchEvents = batchEvents
        self.batchMilliseconds = batchMilliseconds
        self.latePercent = latePercent
        self.eventsPerVisitor = eventsPerVisitor
        time = start
    }

    /// Writes the next batch as a frame. With `firstVisits`, each event is the view with which the
    /// next visitor in turn arrives.
    mutating func nextFrame(
        firstVisits: Bool = false, header: MessageHeader, into writer: inout ByteWriter
    ) throws {
        builder.removeAll()
        present.removeAll(keepingCapacity: true)
        for _ in 0..<max(1, batchEvents / eventsPerVisitor) {
            present.append(Int(random.next() % UInt64(visitors)))
        }
        for event in 0..<batchEvents {
            let dice = random.next()
            // With one event a visitor, nobody is chosen twice by more than chance.
            let chosen =
                eventsPerVisitor == 1
                ? present[event] : present[Int(random.next() % UInt64(present.count))]
            let visitor = firstVisits ? nextVisitor : chosen
            nextVisitor = (nextVisitor + 1) % visitors
            let key = Self.key(visitor)
            let kind: EventKind =
                switch dice % 100 {
                case _ where firstVisits: .view
                case 0..<15: .view
                case 15..<75: .action
                case 75..<95: .heartbeat
                default: .conversion
                }
            var eventTime = time + Int64(event) * batchMilliseconds / Int64(batchEvents)
            if !firstVisits, Int(dice >> 8 % 100) < latePercent {
                eventTime -= Int64(dice >> 20 % 300_000)
            }
            // The bytes of strings and of arrays of bytes have no invalid patterns.
            let name = try unsafe builder.text(
                Self.names[Int(dice >> 40 % 400)].utf8Span.span.bytes)
            let channel = try unsafe builder.text(
                Self.channels[Int(dice >> 50 % 4)].utf8Span.span.bytes)
            var row = ContextRow()
            row[.channel] = channel
            let context: ContextReference =
                dice >> 54 % 10 == 0 ? try builder.context(row) : .none
            try unsafe builder.add(
                time: eventTime, kind: kind, visitor: key.span.bytes, name: name, context: context,
                value: kind == .conversion ? Int64(dice >> 30 % 20_000) * 10_000 : 0)
        }
        time += batchMilliseconds
        builder.encode(header: header, into: &writer)
    }

    /// Lets time go by without events.
    mutating func pause(milliseconds: Int64) { time += milliseconds }

    /// 16 bytes that stand for a visitor.
    private static func key(_ visitor: Int) -> InlineArray<16, UInt8> {
        var mixer = SplitMix64(seed: UInt64(visitor))
        var words = (mixer.next(), mixer.next())
        var key = InlineArray<16, UInt8>(repeating: 0)
        for byte in 0..<8 {
            key[byte] = UInt8(truncatingIfNeeded: words.0)
            key[byte + 8] = UInt8(truncatingIfNeeded: words.1)
            words = (words.0 >> 8, words.1 >> 8)
        }
        return key
    }

    /// As long as the addresses of real shops: 45 to 60 bytes.
    static let names = (0..<400).map { number -> String in
        var mixer = SplitMix64(seed: UInt64(number))
        let slug = String(mixer.next(), radix: 36) + "-" + String(mixer.next(), radix: 36)
        return "/category-\(number % 20)/\(slug)-\(number).html"
    }
    static let channels = ["direct", "organic", "email", "paid"]
}
