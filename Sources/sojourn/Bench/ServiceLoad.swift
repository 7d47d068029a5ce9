import Foundation
import SojournModel
import SojournWire
import ZeroMQ

/// Where the batches of a load come from.
protocol BatchSource {
    /// Batches after which all visitors that there are to be have come.
    var firstBatches: Int { get }
    /// Of a typical batch.
    var requestBytes: Int { get }

    /// Writes the next batch as a frame.
    mutating func write(correlation: UInt64, into writer: inout ByteWriter) throws
}

/// One DEALER that keeps a number of batches in flight.
struct ServiceLoad: ~Copyable {
    struct Round {
        var batchesPerSecond: Double
        /// Microseconds.
        var p50: Double
        var p99: Double
        var p999: Double
        /// Batches that the server had no room for.
        var refusals: Int
    }

    /// Of a typical batch, and of its answer.
    let requestBytes: Int
    private(set) var replyBytes = 0

    private let socket: Socket
    private let depth: Int
    private var source: any BatchSource
    private var writer = ByteWriter()
    private var reply = Message()
    private var sent: UInt64 = 0
    private var received: UInt64 = 0
    private var refusals = 0
    /// When each request in flight was sent, by its correlation.
    private var starts: [UInt64: Double] = [:]

    init(
        endpoint: String, in context: Context, _ source: any BatchSource, depth: Int,
        curve: SocketOption? = nil
    ) throws {
        self.init(try Self.connected(to: endpoint, in: context, curve), source, depth: depth)
    }

    private init(_ socket: consuming Socket, _ source: any BatchSource, depth: Int) {
        self.socket = socket
        self.depth = depth
        self.source = source
        requestBytes = source.requestBytes
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
        try ask(writer, within: seconds)
        return try StatusReply.decode(body: Frame.body(of: reply.bytes))
    }

    /// Asks for a report over what the server has.
    ///
    /// - Returns: how many sessions of the answer were not finished, and how many seconds it took.
    mutating func report(_ question: ReportQuestion) throws -> (live: Int, seconds: Double) {
        var writer = ByteWriter()
        ReportRequest.encode(
            question,
            header: MessageHeader(operation: .report, property: PropertyID(rawValue: 1)),
            into: &writer)
        let began = monotonicSeconds()
        try ask(writer, within: 60)
        let answer = try ReportReply.decode(body: Frame.body(of: reply.bytes))
        return (answer.liveSessions, monotonicSeconds() - began)
    }

    /// Asks a question, with no batch in flight, and receives the answer into `reply`.
    private mutating func ask(_ writer: borrowing ByteWriter, within seconds: Double) throws {
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
            if try socket.receive(into: &reply, wait: false) { return }
        }
        throw CommandFailure(
            .unavailable, "the server did not answer within \(seconds.fixed(0)) seconds")
    }

    /// Lets every visitor arrive once.
    mutating func fill() throws {
        var times = Latencies()
        while Int(received) < source.firstBatches {
            while Int(sent) < source.firstBatches, Int(sent - received) < depth { try send() }
            try receive(&times)
        }
    }

    /// Keeps the server busy and counts what it answers.
    mutating func run(seconds: Double) throws -> Round {
        var times = Latencies()
        let began = monotonicSeconds()
        let before = received
        let refusedBefore = refusals
        while monotonicSeconds() - began < seconds {
            while Int(sent - received) < depth { try send() }
            try receive(&times)
        }
        let took = monotonicSeconds() - began
        let refused = refusals - refusedBefore
        let batches = Double(received - before) - Double(refused)
        while received < sent { try receive(&times) }
        return Round(
            batchesPerSecond: batches / took, p50: times.microseconds(50),
            p99: times.microseconds(99), p999: times.microseconds(99.9), refusals: refused)
    }

    private mutating func send() throws {
        writer.removeAll()
        try source.write(correlation: sent, into: &writer)
        var message = Message(copying: writer.bytes)
        starts[sent] = monotonicSeconds()
        _ = try socket.send(&message)
        sent += 1
    }

    private mutating func receive(_ times: inout Latencies) throws {
        _ = try socket.receive(into: &reply)
        guard let header = MessageHeader.readable(reply.bytes),
            let start = starts.removeValue(forKey: header.correlation)
        else { throw CommandFailure(.software, "the server answered what was not asked") }
        received += 1
        guard header.operation == .assign else {
            let error = try ErrorReply.decode(body: Frame.body(of: reply.bytes))
            guard error.code == .archiveUnavailable else {
                throw CommandFailure(.software, "the server refused a batch: \(error.message)")
            }
            refusals += 1
            usleep(1_000)
            return
        }
        replyBytes = reply.byteCount
        times.record(seconds: monotonicSeconds() - start)
    }
}

/// Batches made beforehand and sent again and again with later times.
struct RepeatedBatches: BatchSource {
    /// Byte offset of the base time in a frame that carries ASSIGN (sojourn-1, "ASSIGN").
    static let baseTimeOffset = MessageHeader.byteCount + 8

    let firstBatches: Int
    private let frames: [[UInt8]]
    private let baseTimes: [Int64]
    private var next = 0
    /// How far the frames' times have moved since they were made.
    private var shift: Int64 = 0

    var requestBytes: Int { frames[firstBatches].count }

    /// The batches in which everybody arrives, then others; each a millisecond after the one before.
    init(visitors: Int, batch: Int, eventsPerVisitor: Int) throws {
        firstBatches = (visitors + batch - 1) / batch
        // Few enough that copying them does not cost the load generator cache misses that the
        // yardstick's, which sends the same bytes again and again, does not have.
        let others = 100
        let start = Int64(Date.now.timeIntervalSince1970 * 1_000) - 86_400_000
        var workload = ShopWorkload(
            visitors: visitors, batchEvents: batch, batchMilliseconds: 1,
            eventsPerVisitor: eventsPerVisitor, start: start)
        var writer = ByteWriter()
        var frames: [[UInt8]] = []
        for number in 0..<(firstBatches + others) {
            writer.removeAll()
            try workload.nextFrame(
                firstVisits: number < firstBatches,
                header: MessageHeader(operation: .assign, property: PropertyID(rawValue: 1)),
                into: &writer)
            frames.append([UInt8](copying: writer.bytes))
        }
        self.frames = frames
        baseTimes = frames.map { frame in
            unsafe frame.span.bytes.integer(at: Self.baseTimeOffset)
        }
    }

    mutating func write(correlation: UInt64, into writer: inout ByteWriter) {
        // The bytes of an array of bytes have no invalid patterns.
        let frame = frames[next]
        writer.append(contentsOf: unsafe frame.span.bytes)
        writer.set(baseTimes[next] + shift, at: Self.baseTimeOffset)
        MessageHeader(
            operation: .assign, correlation: correlation, property: PropertyID(rawValue: 1)
        )
        .write(to: &writer)
        next += 1
        if next == frames.count {
            next = firstBatches
            shift += Int64(frames.count - firstBatches)
        }
    }
}
