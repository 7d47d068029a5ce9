import ArgumentParser
import SojournInput
import SojournModel
import SojournService
import SojournWire

/// `sojourn bench wire`: how many bytes an event and an assignment take.
struct WireBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wire", abstract: "Bytes per event and per assignment, beside other formats.",
        discussion: """
            Reads files of events (CSV, JSON Lines, access logs), sends them through a service \
            within this process in batches, and counts. Visitor keys are replaced by 16-byte ones. \
            JSON is one object an event with short keys; MessagePack is one array an event, without \
            keys.
            """)

    @Argument(help: "Files of events; the sample of the package when none is named.")
    var files: [String] = []
    @Option(help: "Events per batch, 1 to 65,535.") var batch = 1_000
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard (1...Limits.batchEventsMax).contains(batch) else {
            throw ValidationError("--batch must be 1 to 65535")
        }
    }

    func run() throws {
        var figures = Figures()
        var total = WireCount()
        if files.isEmpty {
            var sink = OutputSink.memory()
            try SampleTraffic(seed: 1, visitors: 2_000, days: 7).write(to: &sink)
            try sink.flush()
            total.add(
                try count(
                    EventReader(bytes: sink.written, name: "sample", format: .csv), "sample",
                    &figures))
        }
        for file in files {
            total.add(
                try count(EventReader(path: file), file.split(separator: "/").last ?? "-", &figures)
            )
        }
        if files.count > 1 { total.report("all files", to: &figures) }
        try figures.show(asJSON: json)
    }

    private func count(
        _ reader: consuming EventReader, _ name: some StringProtocol, _ figures: inout Figures
    ) throws -> WireCount {
        var counting = WireCounter(batch: batch)
        while let record = try reader.next() {
            if case .event(let event) = record { try counting.add(event) }
        }
        try counting.flush()
        counting.count.report(String(name), to: &figures)
        return counting.count
    }
}

/// Bytes of some events in several formats.
struct WireCount {
    var events = 0
    var requestBytes = 0
    var replyBytes = 0
    var jsonBytes = 0
    var messagePackBytes = 0

    mutating func add(_ other: WireCount) {
        events += other.events
        requestBytes += other.requestBytes
        replyBytes += other.replyBytes
        jsonBytes += other.jsonBytes
        messagePackBytes += other.messagePackBytes
    }

    func report(_ name: String, to figures: inout Figures) {
        for (what, bytes) in [
            ("bytes per event", requestBytes), ("bytes per assignment", replyBytes),
            ("bytes per event as JSON", jsonBytes),
            ("bytes per event as MessagePack", messagePackBytes),
        ] {
            let each = Double(bytes) / Double(max(1, events))
            figures.add("\(name): \(what)", each, each.fixed(1))
        }
    }
}

/// Puts events into batches and a service behind them.
private struct WireCounter: ~Copyable {
    var count = WireCount()
    private let batch: Int
    private var builder = BatchBuilder()
    private var request = ByteWriter()
    private var reply = ByteWriter()
    private var service: ServiceCore

    init(batch: Int) {
        self.batch = batch
        service = ServiceCore(
            ServiceConfiguration(secret: DeploymentSecret(Bits128(high: 1, low: 2))),
            startedAt: 4_000_000_000_000)
    }

    mutating func add(_ event: InputEvent) throws {
        let key = Self.key(event.visitor)
        var context = EventContext()
        context[.device] = event.device
        context[.channel] = event.channel
        context[.country] = event.country
        context[.region] = event.region
        context[.referrer] = event.referrer
        context[.campaignSource] = event.campaignSource
        context[.campaignMedium] = event.campaignMedium
        context[.campaignName] = event.campaign
        context.isKnownBot = event.isKnownBot
        // The bytes of arrays and strings have no invalid patterns.
        try unsafe builder.add(
            time: event.timeMilliseconds, kind: event.kind, visitor: key.span.bytes,
            name: event.page.utf8Span.span.bytes, context: context, value: event.value ?? 0,
            eventID: event.eventID ?? 0)
        let fields = [event.page] + ContextAttribute.allCases.map { context[$0] }
        count.jsonBytes += Self.jsonBytes(event, fields)
        count.messagePackBytes += Self.messagePackBytes(event, fields)
        count.events += 1
        if builder.count == batch { try flush() }
    }

    mutating func flush() throws {
        if builder.isEmpty { return }
        request.removeAll()
        builder.encode(
            header: MessageHeader(operation: .assign, property: PropertyID(rawValue: 1)),
            into: &request)
        builder.removeAll()
        reply.removeAll()
        let moment = Moment(serverTime: 4_000_000_000_000)
        let frame = [UInt8](copying: request.bytes)
        _ = service.answer(unsafe frame.span.bytes, at: moment, into: &reply)
        count.requestBytes += request.count
        count.replyBytes += reply.count
    }

    /// Any 16 bytes that stand for the visitor.
    private static func key(_ visitor: [UInt8]) -> [UInt8] {
        var mixer = SplitMix64(seed: 0)
        for byte in visitor { mixer = SplitMix64(seed: mixer.next() ^ UInt64(byte)) }
        let words = [mixer.next(), mixer.next()]
        return words.flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        }
    }

    /// `{"v":"<32 hex digits>","t":1431857103000,"k":"view", ...}` without what is empty.
    private static func jsonBytes(_ event: InputEvent, _ fields: [String]) -> Int {
        var bytes = 2 + 4 + 34 + 5 + String(event.timeMilliseconds).utf8.count + 5
        bytes += event.kind.name.utf8.count + 2
        for field in fields where !field.isEmpty { bytes += 5 + field.utf8.count + 2 }
        if let value = event.value { bytes += 5 + String(value).utf8.count }
        return bytes
    }

    /// One array: a 16-byte binary, a 64-bit time, a small kind, the texts, the value.
    private static func messagePackBytes(_ event: InputEvent, _ fields: [String]) -> Int {
        var bytes = 1 + 18 + 9 + 1
        for field in fields {
            let count = field.utf8.count
            bytes += count + (count < 32 ? 1 : count < 256 ? 2 : 3)
        }
        let value = event.value ?? 0
        bytes += value == 0 ? 1 : Int32(exactly: value) != nil ? 5 : 9
        return bytes
    }
}
