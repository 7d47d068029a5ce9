import SojournModel
import SojournWire

/// An event as a test has it.
struct TestEvent: Equatable {
    var time: Int64 = 1_700_000_000_000
    var kind: EventKind = .view
    var visitor: [UInt8] = Array("visitor".utf8)
    var name = ""
    var context: EventContext?
    var value: Int64 = 0
    var eventID: UInt64 = 0
}

/// A frame whose bytes a test may damage, and seal again so that the damage gets past the checksums.
struct TestFrame: Equatable {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(_ writer: borrowing ByteWriter) { bytes = Self.array(writer.bytes) }

    /// What a builder makes of events.
    init(
        _ events: [TestEvent], header: MessageHeader = MessageHeader(operation: .assign),
        sortsTexts: Bool = true
    ) throws {
        var builder = BatchBuilder(sortsTexts: sortsTexts)
        for event in events { try builder.add(event) }
        var writer = ByteWriter()
        builder.encode(header: header, into: &writer)
        self.init(writer)
    }

    static func array(_ span: RawSpan) -> [UInt8] {
        unsafe span.withUnsafeBytes { unsafe Array($0) }
    }

    subscript<T: FixedWidthInteger & BitwiseCopyable>(offset: Int, as type: T.Type) -> T {
        get { unsafe bytes.span.bytes.integer(at: offset, as: T.self) }
        set {
            for byte in 0..<MemoryLayout<T>.size {
                bytes[offset + byte] = UInt8(truncatingIfNeeded: newValue >> (8 * T(byte)))
            }
        }
    }

    /// Makes body length and both checksums right.
    mutating func seal() {
        self[48, as: UInt32.self] = UInt32(bytes.count - 64)
        self[52, as: UInt32.self] = Self.checksum(Array(bytes[64...]))
        sealHeader()
    }

    mutating func sealHeader() { self[60, as: UInt32.self] = Self.checksum(Array(bytes[..<60])) }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        CRC32C.checksum(of: unsafe bytes.span.bytes)
    }

    /// Byte of the frame at which a column's descriptor stands.
    func descriptor(_ column: Column, fixedBytes: Int = 16) -> Int {
        let count = Int(self[68, as: UInt16.self])
        let first = 64 + fixedBytes
        for index in 0..<count where bytes[first + index * 16] == column.rawValue {
            return first + index * 16
        }
        preconditionFailure("the frame has no column \(column)")
    }

    /// Byte of the frame at which a column begins.
    func start(_ column: Column, fixedBytes: Int = 16) -> Int {
        64 + Int(self[descriptor(column, fixedBytes: fixedBytes) + 8, as: UInt32.self])
    }

    /// Bytes per element of a column.
    func width(_ column: Column, fixedBytes: Int = 16) -> Int {
        Int(bytes[descriptor(column, fixedBytes: fixedBytes) + 1])
    }

    /// What a reader makes of the frame: reads all that a good one holds.
    func read(_ role: Frame.Role) throws(WireError) {
        let frame = unsafe bytes.span.bytes
        let header = try Frame.open(frame, role: role)
        let body = Frame.body(of: frame)
        switch (header.operation, role) {
        case (.hello, .server): _ = try HelloRequest.decode(body: body)
        case (.hello, .client): _ = try HelloReply.decode(body: body)
        case (.assign, .server):
            var scratch = DecodeScratch()
            _ = events(try AssignRequest.decode(body: body, scratch: &scratch))
        case (.assign, .client): visit(try AssignReplyView.decode(body: body))
        case (.lookup, .server): _ = try LookupRequest.decode(body: body)
        case (.lookup, .client): _ = try LookupReply.decode(body: body)
        case (.status, .server): try StatusRequest.decode(body: body)
        case (.status, .client): _ = try StatusReply.decode(body: body)
        case (.error, _): _ = try ErrorReply.decode(body: body)
        case (.report, .server): _ = try ReportRequest.decode(body: body)
        case (.report, .client): _ = try ReportReply.decode(body: body)
        case (.fetch, .server): _ = try FetchRequest.decode(body: body)
        case (.fetch, .client): _ = try FetchReply.decode(body: body)
        case (.forget, .server): _ = try ForgetRequest.decode(body: body)
        case (.forget, .client): _ = try ForgetReply.decode(body: body)
        }
    }

    /// The fault that a reader finds; nil for none.
    func fault(_ role: Frame.Role = .server) -> WireError? {
        do throws(WireError) {
            try read(role)
            return nil
        } catch { return error }
    }

    /// The events in a request to ASSIGN.
    func events() throws(WireError) -> [TestEvent] {
        let frame = unsafe bytes.span.bytes
        _ = try Frame.open(frame, role: .server)
        var scratch = DecodeScratch()
        return events(try AssignRequest.decode(body: Frame.body(of: frame), scratch: &scratch))
    }

    private func events(_ batch: borrowing EventBatch) -> [TestEvent] {
        var events: [TestEvent] = []
        for row in 0..<batch.count {
            var event = TestEvent(
                time: batch.time(at: row), kind: batch.kind(at: row),
                visitor: Self.array(batch.visitorKeys[batch.visitors[row]]),
                value: batch.value(at: row), eventID: batch.eventID(at: row))
            if batch.names[row] > 0 { event.name = text(batch.texts[batch.names[row] - 1]) }
            if batch.contextIndexes[row] > 0 {
                let index = batch.contextIndexes[row] - 1
                var context = EventContext(isKnownBot: batch.contexts.isKnownBot(row: index))
                for attribute in ContextAttribute.allCases {
                    let cell = batch.contexts.text(row: index, attribute: attribute.rawValue)
                    if cell > 0 { context[attribute] = text(batch.texts[cell - 1]) }
                }
                event.context = context
            }
            events.append(event)
        }
        for row in 0..<batch.visitorKeys.count { _ = batch.visitorKeys[row].byteCount }
        for row in 0..<batch.texts.count { _ = text(batch.texts[row]) }
        return events
    }

    private func visit(_ view: borrowing AssignReplyView) {
        for row in 0..<view.sessionCount { _ = view.session(row) }
        for event in 0..<view.eventCount {
            if let row = view.sessionIndex(event: event) { _ = view.session(row) }
            _ = view.position(event: event)
            _ = view.outcome(event: event)
        }
        for row in 0..<view.revisionCount { _ = view.revision(row) }
    }

    private func text(_ span: RawSpan) -> String {
        String(decoding: Self.array(span), as: UTF8.self)
    }
}

extension BatchBuilder {
    mutating func add(_ event: TestEvent) throws(EventRefusal) {
        let name = event.name
        let visitor = event.visitor
        try add(
            time: event.time, kind: event.kind, visitor: unsafe visitor.span.bytes,
            name: unsafe name.utf8Span.span.bytes, context: event.context, value: event.value,
            eventID: event.eventID)
    }
}

/// Frames of every kind, to be damaged.
enum Samples {
    static let session = SessionID(milliseconds: 1_700_000_000_000, a: 7, b: 9)
    static let other = SessionID(milliseconds: 1_700_000_100_000, a: 1, b: 2)
    static let deployment = DeploymentID(Bits128(high: 1, low: 0x0102_0304_0506_0708))

    /// Every column there is, texts with shared prefixes.
    static let events: [TestEvent] = (0..<24).map(event)

    private static func event(_ row: Int) -> TestEvent {
        var event = TestEvent(
            time: 1_700_000_000_000 + Int64(row) * 250, kind: EventKind.allCases[row % 6])
        event.visitor = Array("visitor-\(row % 5)".utf8)
        if row % 3 == 0 { event.visitor.append(255) }
        if row % 4 != 0 {
            event.name = "https://shop.example/products/group-\(row % 3)/Stück-\(row)"
        }
        if row % 3 != 0 {
            event.context = EventContext(
                device: "device-\(row % 4)", channel: "organic", country: "DE",
                campaignName: row % 2 == 0 ? "spring" : "", isKnownBot: row % 5 == 0)
        }
        if row % 7 == 0 { event.value = Int64(row) * 1_290_000 }
        if row % 2 == 0 { event.eventID = UInt64(row) << 40 }
        return event
    }

    static var result: BatchResult {
        var result = BatchResult()
        result.clock = 1_700_000_123_456
        for row in 0..<5 {
            let id = SessionID(milliseconds: 1_700_000_000_000 + Int64(row), a: 3, b: UInt64(row))
            result.sessions.append(
                SessionRow(
                    id: id, start: id.milliseconds - Int64(row * 100), ordinal: UInt32(row + 1),
                    state: SessionState(boundary: Boundary.allCases[row], engaged: row == 2)))
        }
        for event in 0..<20 {
            let outcome = Outcome.allCases[event % Outcome.allCases.count]
            let isIn = outcome.isAccepted
            result.eventSessions.append(isIn ? UInt32(event % 5 + 1) : 0)
            result.positions.append(isIn ? UInt32(event * 20) : 0)
            result.outcomes.append(outcome.rawValue)
        }
        for number in 1...2 {
            result.revisions.append(
                Revision(
                    number: UInt64(number), from: session, into: other, cause: .bridge,
                    partition: 513))
        }
        return result
    }

    static let snapshots: [SessionSnapshot] = [
        SessionSnapshot(
            id: session, ordinal: 3, firstEvent: 1_699_999_999_500, lastEvent: 1_700_000_600_000,
            events: 5, views: 3, actions: 1, conversions: 1, value: -49_990_000,
            engagedMilliseconds: 300_000,
            state: SessionState(boundary: .campaign, late: true, engaged: true),
            boundaryOut: .idle, context: ["phone", "", "DE", "", "", "newsletter", "", "Frühling"],
            landingPage: "/", exitPage: "/shop",
            path: [.init(milliseconds: 0, page: "/"), .init(milliseconds: 1_500, page: "")],
            finishesAt: 1_700_004_200_000),
        SessionSnapshot(
            id: other, ordinal: 4, firstEvent: 0, lastEvent: 1, events: .max, views: 0, actions: 1,
            conversions: 0, value: .max, engagedMilliseconds: 0,
            state: SessionState(boundary: .idle, ended: true), boundaryOut: nil,
            context: Array(repeating: "", count: 8), landingPage: "", exitPage: "", path: [],
            finishesAt: .max),
    ]

    static func frame(_ write: (inout ByteWriter) -> Void) -> TestFrame {
        var writer = ByteWriter()
        write(&writer)
        return TestFrame(writer)
    }

    static func header(_ operation: SojournWire.Operation, isReply: Bool = false) -> MessageHeader {
        MessageHeader(
            operation: operation, isReply: isReply, correlation: 0xC0FFEE,
            producer: ProducerID(77), sequence: 5, property: PropertyID(9),
            deploymentTag: isReply ? deployment.tag : 0)
    }

    static func requests() throws -> [TestFrame] {
        let key: [UInt8] = [1, 2, 3]
        return [
            try TestFrame(events, header: header(.assign)),
            try TestFrame(events, header: header(.assign), sortsTexts: false),
            try TestFrame([TestEvent()], header: header(.assign)),
            frame {
                HelloRequest(deployment: deployment, name: "tést/1")
                    .encode(header: header(.hello), into: &$0)
            },
            frame {
                LookupRequest.visitor(key: unsafe key.span.bytes)
                    .encode(header: header(.lookup), into: &$0)
            },
            frame { LookupRequest.session(session).encode(header: header(.lookup), into: &$0) },
            frame { StatusRequest.encode(header: header(.status), into: &$0) },
        ]
    }

    static func replies() -> [TestFrame] {
        [
            frame { AssignReply.encode(result, header: header(.assign, isReply: true), into: &$0) },
            frame {
                HelloReply(
                    deployment: deployment, serverTime: 1_700_000_000_000, partitions: 4,
                    serverName: "sojourn", serverVersion: "0.1.0"
                ).encode(header: header(.hello, isReply: true), into: &$0)
            },
            frame {
                LookupReply(sessions: snapshots, clock: 5)
                    .encode(header: header(.lookup, isReply: true), into: &$0)
            },
            frame {
                StatusReply(
                    gauges: [
                        Gauge(name: "events_total", value: .max), Gauge(name: "a", value: -1),
                    ],
                    serverTime: 9
                ).encode(header: header(.status, isReply: true), into: &$0)
            },
            frame {
                ErrorReply(
                    code: .overloaded, retryAfterMilliseconds: 50, offset: 64, message: "später"
                ).encode(header: header(.error, isReply: true), into: &$0)
            },
        ]
    }
}
