import Foundation
import SojournModel
import SojournService
import SojournTestKit
import SojournWire

/// A service with a clock that the test holds.
struct TestService: ~Copyable {
    var core: ServiceCore
    /// Server time, in milliseconds since the epoch.
    var now: Int64

    static let property = PropertyID(1)
    static let start: Int64 = 1_700_000_000_000
    static let secret = DeploymentSecret(Bits128(high: 1, low: 2))

    init(
        at now: Int64 = start, policy: SessionPolicy = .init(),
        _ change: (inout ServiceConfiguration) -> Void = { _ in }
    ) {
        core = ServiceCore(Self.configuration(policy, change), startedAt: now)
        self.now = now
    }

    /// One that records what it does, without state and policies yet.
    init(
        journaledAt now: Int64, policy: SessionPolicy,
        _ change: (inout ServiceConfiguration) -> Void
    ) {
        core = ServiceCore(Self.configuration(policy, change), startedAt: now, isJournaled: true)
        self.now = now
    }

    private static func configuration(
        _ policy: SessionPolicy, _ change: (inout ServiceConfiguration) -> Void
    ) -> ServiceConfiguration {
        var configuration = ServiceConfiguration(
            properties: [ServiceProperty(id: property, name: "shop", policy: policy)],
            secret: secret)
        change(&configuration)
        return configuration
    }

    /// What any bytes are answered with.
    mutating func answer(_ frame: [UInt8], age: UInt64 = 0) -> (answer: Answer, bytes: [UInt8]) {
        var reply = ByteWriter()
        // Bytes have no invalid patterns.
        let answer = core.answer(
            unsafe frame.span.bytes, at: Moment(serverTime: now, ageMilliseconds: age),
            into: &reply)
        return (answer, answer == .reply ? reply.array : [])
    }

    /// The ERROR that any bytes are answered with; nil when it is another reply.
    mutating func refusal(_ frame: [UInt8], age: UInt64 = 0) throws -> ErrorReply? {
        let (answer, bytes) = answer(frame, age: age)
        guard answer == .reply else { return nil }
        return try readError(bytes)
    }

    mutating func assign(
        _ events: [TestEvent], producer: UInt64 = 0, sequence: UInt64 = 0
    ) throws -> Assigned {
        try Assigned(answer(assignFrame(events, producer: producer, sequence: sequence)).bytes)
    }

    mutating func sessions(of visitor: String) throws -> [SessionSnapshot] {
        let bytes = answer(lookupFrame(visitor: visitor)).bytes
        _ = try open(bytes, .lookup)
        return try LookupReply.decode(body: unsafe bytes.span.bytes.extracting(64...)).sessions
    }

    mutating func gauges() throws -> [String: Int64] {
        let bytes = answer(statusFrame()).bytes
        _ = try open(bytes, .status)
        let status = try StatusReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
        return Dictionary(uniqueKeysWithValues: status.gauges.map { ($0.name, $0.value) })
    }

    /// All that is known of the state: what only counts requests left out.
    mutating func state() throws -> [String: Int64] {
        try gauges().filter {
            !$0.key.hasPrefix("requests_") && !$0.key.hasPrefix("errors_")
                && !$0.key.hasPrefix("drops_")
        }
    }
}

/// A reply to ASSIGN, unpacked.
struct Assigned: Equatable {
    var header: MessageHeader
    var clock: Int64
    var sessions: [SessionRow] = []
    /// Per event.
    var outcomes: [Outcome] = []
    var sessionIndexes: [Int?] = []
    var positions: [Int] = []
    var revisions: [Revision] = []

    init(_ bytes: [UInt8]) throws {
        header = try open(bytes, .assign)
        let view = try AssignReplyView.decode(body: unsafe bytes.span.bytes.extracting(64...))
        clock = view.clock
        for row in 0..<view.sessionCount { sessions.append(view.session(row)) }
        for row in 0..<view.revisionCount { revisions.append(view.revision(row)) }
        for event in 0..<view.eventCount {
            outcomes.append(view.outcome(event: event))
            sessionIndexes.append(view.sessionIndex(event: event))
            positions.append(view.position(event: event))
        }
    }
}

/// The reply was none of the operation that was asked for.
struct UnexpectedReply: Error { var operation: SojournWire.Operation? }

func open(_ bytes: [UInt8], _ operation: SojournWire.Operation) throws -> MessageHeader {
    let header = try Frame.open(unsafe bytes.span.bytes, role: .client)
    guard header.operation == operation else { throw UnexpectedReply(operation: header.operation) }
    return header
}

func readError(_ bytes: [UInt8]) throws -> ErrorReply? {
    let header = try Frame.open(unsafe bytes.span.bytes, role: .client)
    guard header.operation == .error else { return nil }
    return try ErrorReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
}

extension ByteWriter {
    var array: [UInt8] { unsafe bytes.withUnsafeBytes { unsafe Array($0) } }
}

// MARK: - Requests

func assignFrame(
    _ events: [TestEvent], producer: UInt64 = 0, sequence: UInt64 = 0, correlation: UInt64 = 7,
    deadline: UInt32 = 0, property: PropertyID = TestService.property, deployment: UInt64 = 0
) -> [UInt8] {
    var builder = BatchBuilder()
    for event in events {
        do {
            try builder.add(
                time: event.time, kind: event.kind, visitor: event.visitor, name: event.name,
                context: event.context.wire, value: event.value, eventID: event.id)
        } catch { preconditionFailure("a test made an event that no batch takes: \(error)") }
    }
    var writer = ByteWriter()
    builder.encode(
        header: MessageHeader(
            operation: .assign, correlation: correlation, producer: ProducerID(producer),
            sequence: sequence, deadlineMilliseconds: deadline, property: property,
            deploymentTag: deployment), into: &writer)
    return writer.array
}

func helloFrame(_ hello: HelloRequest = HelloRequest(name: "test")) -> [UInt8] {
    var writer = ByteWriter()
    hello.encode(header: MessageHeader(operation: .hello, correlation: 1), into: &writer)
    return writer.array
}

func statusFrame(deployment: UInt64 = 0) -> [UInt8] {
    var writer = ByteWriter()
    StatusRequest.encode(
        header: MessageHeader(operation: .status, deploymentTag: deployment), into: &writer)
    return writer.array
}

func lookupFrame(visitor: String, property: PropertyID = TestService.property) -> [UInt8] {
    var writer = ByteWriter()
    LookupRequest.visitor(key: unsafe visitor.utf8Span.span.bytes).encode(
        header: MessageHeader(operation: .lookup, property: property), into: &writer)
    return writer.array
}

func lookupFrame(session: SessionID) -> [UInt8] {
    var writer = ByteWriter()
    LookupRequest.session(session).encode(
        header: MessageHeader(operation: .lookup, property: TestService.property), into: &writer)
    return writer.array
}

/// A frame with some bytes changed and the checksums made right again.
func changed(_ frame: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var frame = frame
    change(&frame)
    frame.put(CRC32C.checksum(of: unsafe frame.span.bytes.extracting(64...)), at: 52)
    frame.put(UInt32(frame.count - 64), at: 48)
    frame.put(CRC32C.checksum(of: unsafe frame.span.bytes.extracting(0..<60)), at: 60)
    return frame
}

extension [UInt8] {
    mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for byte in 0..<MemoryLayout<T>.size {
            self[offset + byte] = UInt8(truncatingIfNeeded: value >> T(byte * 8))
        }
    }
}

let minute: Int64 = 60_000
