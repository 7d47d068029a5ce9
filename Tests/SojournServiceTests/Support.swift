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

let minute: Int64 = 60_000
