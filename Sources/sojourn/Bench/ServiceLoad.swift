import Foundation
import SojournModel
import SojournWire
import ZeroMQ

/// One DEALER that keeps a number of batches in flight, made beforehand and sent again and again
/// with later times.
struct ServiceLoad: ~Copyable {
    struct Round {
        var batchesPerSecond: Double
        /// Microseconds.
        var p50: Double
        var p99: Double
        var p999: Double
    }

    /// Of a typical batch, and of its answer.
    private(set) var requestBytes = 0
    private(set) var replyBytes = 0

    private let socket: Socket
    private let depth: Int
    private let frames: [[UInt8]]
    private let baseTimes: [Int64]
    private var writer = ByteWriter()
    private let firstVisits: Int
    private var next = 0
    /// How far the frames' times have moved since they were made.
    private var shift: Int64 = 0
    private let cycleMilliseconds: Int64
    private var reply = Message()
    private var sent: UInt64 = 0
    private var received: UInt64 = 0
    /// When each request in flight was sent, by its correlation.
    private var starts: [UInt64: Double] = [:]

    /// Byte offsets of the base time in a frame that carries ASSIGN (sojourn-1, "ASSIGN").
    private static let baseTimeOffset = MessageHeader.byteCount + 8

    init(
        endpoint: String, in context: Context, visitors: Int, batch: Int, eventsPerVisitor: Int,
        depth: Int, curve: SocketOption? = nil
    ) throws {
        let firstVisits = (visitors + batch - 1) / batch
        // Few enough that copying them does not cost the load generator cache misses that the
        // yardstick's, which sends the same bytes again and again, does not have.
        let others = 100
        let frames = try Self.frames(
            visitors: visitors, batch: batch, eventsPerVisitor: eventsPerVisitor,
            firstVisits: firstVisits, others: others)
        self.init(
            socket: try Self.connected(to: endpoint, in: context, curve), depth: depth,
            frames: frames,
            firstVisits: firstVisits)
    }

    private init(socket: consuming Socket, depth: Int, frames: [[UInt8]], firstVisits: Int) {
        self.socket = socket
        self.depth = depth
        self.frames = frames
        self.firstVisits = firstVisits
        cycleMilliseconds = Int64(frames.count - firstVisits)
        requestBytes = frames[firstVisits].count
        baseTimes = frames.map { frame in
            unsafe frame.span.bytes.integer(at: Self.baseTimeOffset)
        }
    }

    private static func connected(
        to endpoint: String, in context: Context, _ curve: SocketOption?
    ) throws -> Socket {
        let socket = try Socket(.dealer, in: context)
        try socket.set(
            .sendHighWaterMark(messages: 10_000), .receiveHighWaterMark(messages: 10_000))
        if let curve { try socket.set(curve) }
        try socket.connect(endpoint)
        return socket
    }

    /// The batches in which everybody arrives, then others; each a millisecond after the one before.
    private static func frames(
        visitors: Int, batch: Int, eventsPerVisitor: Int, firstVisits: Int, others: Int
    ) throws -> [[UInt8]] {
        let start = Int64(Date.now.timeIntervalSince1970 * 1_000) - 86_400_000
        var workload = ShopWorkload(
            visitors: visitors, batchEvents: batch, batchMilliseconds: 1,
            eventsPerVisitor: eventsPerVisitor, start: start)
        var writer = ByteWriter()
        var frames: [[UInt8]] = []
        for number in 0..<(firstVisits + others) {
            writer.removeAll()
            try workload.nextFrame(
                firstVisits: number < firstVisits,
                header: MessageHeader(operation: .assign, property: PropertyID(rawValue: 1)),
                into: &writer)
            frames.append([UInt8](copying: writer.bytes))
        }
        return frames
    }

    /// Waits until the server answers.
    mutating func greet(within seconds: Double) throws {
        _ = try status(within: seconds)
    }

    /// One gauge of the server's status.
    mutating func gauge(_ name: String) throws -> Int64 {
        try status(within: 5).gauges.first { $0.name == name }?.value ?? 0
    }

    private mutating func status(within seconds: Double) throws -> StatusReply {
        var writer = ByteWriter()
        StatusRequest.encode(
            header: MessageHeader(operation: .status, property: PropertyID(rawValue: 1)),
            into: &writer)
        var poller = Poller()
        poller.add(socket)
        let end = monotonicSeconds() + seconds
        var isSent = false
        while monotonicSeconds() < end {
            if !isSent {
                var request = Message(copying: writer.bytes)
                isSent = try socket.send(&request, wait: false)
            }
            _ = try poller.wait(timeoutMilliseconds: 20)
            if try socket.receive(into: &reply, wait: false) {
                return try StatusReply.decode(body: Frame.body(of: reply.bytes))
            }
        }
        throw CommandFailure(
            .unavailable, "the server did not answer within \(seconds.fixed(0)) seconds")
    }

    /// Lets every visitor arrive once.
    mutating func fill() throws {
        var times = Latencies()
        while Int(received) < firstVisits {
            while Int(sent) < firstVisits, Int(sent - received) < depth { try send() }
            try receive(&times)
        }
    }

    /// Keeps the server busy and counts what it answers.
    mutating func run(seconds: Double) throws -> Round {
        var times = Latencies()
        let began = monotonicSeconds()
        let before = received
        while monotonicSeconds() - began < seconds {
            while Int(sent - received) < depth { try send() }
            try receive(&times)
        }
        let took = monotonicSeconds() - began
        let batches = Double(received - before)
        while received < sent { try receive(&times) }
        return Round(
            batchesPerSecond: batches / took, p50: times.microseconds(50),
            p99: times.microseconds(99), p999: times.microseconds(99.9))
    }

    private mutating func send() throws {
        writer.removeAll()
        // The bytes of an array of bytes have no invalid patterns.
        let frame = frames[next]
        writer.append(contentsOf: unsafe frame.span.bytes)
        writer.set(baseTimes[next] + shift, at: Self.baseTimeOffset)
        MessageHeader(operation: .assign, correlation: sent, property: PropertyID(rawValue: 1))
            .write(to: &writer)
        var message = Message(copying: writer.bytes)
        starts[sent] = monotonicSeconds()
        _ = try socket.send(&message)
        sent += 1
        next += 1
        if next == frames.count {
            next = firstVisits
            shift += cycleMilliseconds
        }
    }

    private mutating func receive(_ times: inout Latencies) throws {
        _ = try socket.receive(into: &reply)
        guard let header = MessageHeader.readable(reply.bytes), header.operation == .assign,
            let start = starts.removeValue(forKey: header.correlation)
        else {
            let error = try ErrorReply.decode(body: Frame.body(of: reply.bytes))
            throw CommandFailure(.software, "the server refused a batch: \(error.message)")
        }
        replyBytes = reply.byteCount
        times.record(seconds: monotonicSeconds() - start)
        received += 1
    }
}
