import Foundation
import SojournModel
import SojournServer
import SojournService
import SojournTestKit
import SojournWire
import ZeroMQ

extension SojournServer {
    /// A server at a free port.
    convenience init(
        local change: (inout ServerConfiguration) -> Void = { _ in }
    ) throws(ServerError) {
        var configuration = ServerConfiguration(listens: ["tcp://127.0.0.1:*"])
        change(&configuration)
        try self.init(configuration)
    }
}

/// How a client frames its messages (sojourn-1, "Framing").
enum Framing: CaseIterable, Sendable {
    case req
    case dealerWithDelimiter
    case dealer
}

/// Nothing came within the time that a test waits.
struct NoReply: Error {}

/// A client that sends any frames and shows what comes back.
struct TestClient: ~Copyable {
    let socket: Socket
    let framing: Framing

    init(
        _ endpoint: String, _ framing: Framing = .dealer, curve: SocketOption? = nil,
        patienceMilliseconds: Int = 10_000,
        receiveHighWaterMark: Int = 1_000
    ) throws {
        let socket = try Socket(framing == .req ? .req : .dealer, in: Context())
        try socket.set(
            .receiveTimeout(milliseconds: patienceMilliseconds),
            .sendTimeout(milliseconds: patienceMilliseconds),
            .receiveHighWaterMark(messages: receiveHighWaterMark))
        if let curve { try socket.set(curve) }
        try socket.connect(endpoint)
        self.socket = socket
        self.framing = framing
    }

    init(_ server: SojournServer, _ framing: Framing = .dealer) throws {
        try self.init(server.endpoints[0], framing)
    }

    func send(_ payload: [UInt8]) throws {
        try send(frames: framing == .dealerWithDelimiter ? [[], payload] : [payload])
    }

    func send(frames: [[UInt8]]) throws {
        for (index, frame) in frames.enumerated() {
            var message = Message(copying: frame.span)
            guard try socket.send(&message, more: index < frames.count - 1) else {
                throw NoReply()
            }
        }
    }

    /// All frames of the next message.
    func receiveFrames() throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var message = Message()
        repeat {
            guard try socket.receive(into: &message) else { throw NoReply() }
            frames.append(unsafe message.bytes.withUnsafeBytes { unsafe Array($0) })
        } while message.hasMore
        return frames
    }

    /// The payload of the next message, framed as this client's requests are.
    func receive() throws -> [UInt8] {
        let frames = try receiveFrames()
        let expected: [[UInt8]] = framing == .dealerWithDelimiter ? [[]] : []
        guard frames.dropLast() == expected[...], let payload = frames.last else {
            throw UnexpectedReply(frames: frames)
        }
        return payload
    }

    func ask(_ payload: [UInt8]) throws -> [UInt8] {
        try send(payload)
        return try receive()
    }

    func gauges() throws -> [String: Int64] {
        let bytes = try ask(statusFrame())
        let status = try StatusReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
        return Dictionary(uniqueKeysWithValues: status.gauges.map { ($0.name, $0.value) })
    }

    /// Waits until the server's gauges are as they should become; false when they have not after a while.
    func waits(until isRight: ([String: Int64]) -> Bool) throws -> Bool {
        let began = ContinuousClock.now
        while .now - began < .seconds(30) {
            if isRight(try gauges()) { return true }
            usleep(20_000)
        }
        return false
    }

    /// Of which deployment the server says that it is.
    func deployment() throws -> DeploymentID {
        let bytes = try ask(helloFrame())
        return try HelloReply.decode(body: unsafe bytes.span.bytes.extracting(64...)).deployment
    }

    /// The unfinished sessions of a visitor.
    func sessions(of visitor: String, property: UInt32 = 1) throws -> [SessionSnapshot] {
        let bytes = try ask(lookupFrame(visitor: visitor, property: PropertyID(property)))
        if let error = try readError(bytes) { throw UnexpectedError(error: error) }
        return try LookupReply.decode(body: unsafe bytes.span.bytes.extracting(64...)).sessions
    }

    /// Shows that the server still does what it is for.
    func assignsRightly(_ visitor: String) throws -> Bool {
        let now = currentMilliseconds()
        let bytes = try ask(
            assignFrame([TestEvent(visitor, now), TestEvent(visitor, now + 1)]))
        guard try header(bytes).operation == .assign else { return false }
        let reply = try AssignReplyView.decode(body: unsafe bytes.span.bytes.extracting(64...))
        return reply.sessionCount == 1 && reply.outcome(event: 0) == .new
            && reply.outcome(event: 1) == .extended && reply.position(event: 1) == 2
    }
}

struct UnexpectedError: Error { var error: ErrorReply }

struct UnexpectedReply: Error { var frames: [[UInt8]] }

extension ServedDirectory {
    func client() throws -> TestClient { try TestClient(endpoint) }
}

func currentMilliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

/// The header of a reply whose checksums are right.
func header(_ bytes: [UInt8]) throws -> MessageHeader {
    try Frame.open(unsafe bytes.span.bytes, role: .client)
}

/// The ERROR in a reply; nil when it is another.
// MARK: - Requests

/// A batch of many events of many visitors, now.
func largeFrame(events: Int, correlation: UInt64) -> [UInt8] {
    let now = currentMilliseconds()
    return assignFrame(
        (0..<events).map { TestEvent("visitor \($0 % 5_000)", now) }, correlation: correlation)
}

extension [UInt8] {
    /// Makes length and checksums right again, so that what is behind them is looked at.
    mutating func refreshChecksums() {
        guard count >= 64 else { return }
        put(UInt32(count - 64), at: 48)
        put(CRC32C.checksum(of: unsafe span.bytes.extracting(64...)), at: 52)
        put(CRC32C.checksum(of: unsafe span.bytes.extracting(0..<60)), at: 60)
    }
}

/// A path in the folder for temporary files that is nobody else's.
func temporaryPath(_ name: String) -> String {
    "/tmp/sojourn-test-\(UInt64.random(in: 0 ... .max))-\(name)"
}

func removeFile(_ path: String) {
    // Gone already is as good.
    _ = try? FileManager.default.removeItem(atPath: path)
}
