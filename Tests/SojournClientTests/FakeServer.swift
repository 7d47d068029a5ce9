import Foundation
import SojournClient
import SojournModel
import SojournWire
import Synchronization
import ZeroMQ

/// A server that does as it is told: answers, refuses, keeps silent, or sends nonsense.
///
/// It applies a batch once, as the specification demands, and counts how often it was asked to.
final class FakeServer: Sendable {
    /// A request as it came in.
    struct Request: Sendable {
        var header: MessageHeader
        var frame: [UInt8]
        /// How many requests of this operation came before.
        var index: Int
        /// How often the same batch came before.
        var repetition: Int
        var visitors: [String]
    }

    enum Reaction: Sendable {
        case answer
        /// The batch is applied, and the answer is lost.
        case applyAndSayNothing
        case saveNothing
        /// Answers only after this many further requests, the latest first.
        case answerLater(after: Int)
        case refuse(ErrorCode, retryAfter: UInt32 = 0)
        /// These bytes instead of, or before, an answer.
        case send([UInt8])
        case sendFrames([[UInt8]])
        case stop
    }

    /// What FETCH hands out of the partitions that have one order: so many revisions.
    struct Order: Sendable {
        var partitions: ClosedRange<Int>
        var count: UInt64
    }

    struct Log: Sendable {
        var requests: [Request] = []
        /// Batches by producer and sequence, with how often they were applied.
        var applied: [[UInt64]: Int] = [:]
        /// Visitors in the order in which their events were applied.
        var visitors: [String] = []
        var inFlightMax = 0
        var orders: [Order] = []

        var batches: [Request] { requests.filter { $0.header.operation == .assign } }
        var greetings: Int { requests.count { $0.header.operation == .hello } }
    }

    static let deployment = DeploymentID(Bits128(high: 0xD0, low: 0xD1))

    let endpoint: String
    private let core: Core

    init(
        at endpoint: String = "tcp://127.0.0.1:*", deployment: DeploymentID = FakeServer.deployment,
        credit: Int = 16, partitions: String = "1-2/3",
        script: @escaping @Sendable (Request) -> [Reaction] = { _ in [.answer] }
    ) throws {
        let context = try Context()
        let socket = try Socket(.router, in: context)
        try socket.bind(endpoint)
        self.endpoint = try socket.lastEndpoint
        let core = try Core(
            deployment: deployment, credit: credit,
            partitions: PartitionRange(partitions) ?? .whole, script: script)
        self.core = core
        let box = SocketBox(socket)
        Thread.detachNewThread {
            do {
                var loop = Loop(server: core, socket: box.take())
                try loop.run()
            } catch {
                fatalError("the fake server failed: \(error)")
            }
            core.stopped.signal()
        }
    }

    deinit { core.stop() }

    var log: Log { core.state.withLock { $0 } }

    /// What FETCH hands out from now on. A partition that has no order is answered from the first one.
    func setOrders(_ orders: [Order]) { core.state.withLock { $0.orders = orders } }

    /// Closes the socket; returns when it is closed.
    func stopAndWait() {
        core.stop()
        core.stopped.wait()
    }

    /// What the thread and its owner share.
    private final class Core: Sendable {
        let deployment: DeploymentID
        let credit: Int
        let partitions: PartitionRange
        let script: @Sendable (Request) -> [Reaction]
        let state = Mutex(Log())
        let isStopping = Atomic(false)
        let wakeUp: WakeUp
        let stopped = DispatchSemaphore(value: 0)

        init(
            deployment: DeploymentID, credit: Int, partitions: PartitionRange,
            script: @escaping @Sendable (Request) -> [Reaction]
        ) throws {
            self.deployment = deployment
            self.credit = credit
            self.partitions = partitions
            self.script = script
            wakeUp = try WakeUp()
        }

        func stop() {
            isStopping.store(true, ordering: .sequentiallyConsistent)
            wakeUp.signal()
        }
    }

    /// Hands a socket over to its thread.
    private final class SocketBox: @unchecked Sendable {
        private var socket: Socket?
        init(_ socket: consuming Socket) { self.socket = consume socket }
        func take() -> Socket {
            guard let socket = socket.take() else { fatalError("taken before") }
            return socket
        }
    }

    private struct Loop: ~Copyable {
        private struct Held {
            var route: [UInt8]
            var reply: [UInt8]
            var left: Int
        }

        private let server: Core
        private let socket: Socket
        private var counts: [SojournWire.Operation: Int] = [:]
        private var replies: [[UInt64]: [UInt8]] = [:]
        private var seen: [[UInt64]: Int] = [:]
        private var held: [Held] = []
        private var positions: [String: UInt32] = [:]

        init(server: Core, socket: consuming Socket) {
            self.server = server
            self.socket = socket
        }

        mutating func run() throws {
            var poller = Poller()
            poller.add(server.wakeUp)
            poller.add(socket)
            var message = Message()
            while !server.isStopping.load(ordering: .sequentiallyConsistent) {
                _ = try poller.wait(timeoutMilliseconds: nil)
                while try socket.receive(into: &message, wait: false) {
                    let route = message.array
                    guard try socket.receive(into: &message) else { fatalError("half a message") }
                    try take(message.array, route)
                    if server.isStopping.load(ordering: .sequentiallyConsistent) { return }
                }
            }
        }

        private mutating func take(_ frame: [UInt8], _ route: [UInt8]) throws {
            let header = try Frame.open(unsafe frame.span.bytes, role: .server)
            let key = [header.producer.rawValue, header.sequence]
            let isBatch = header.operation == .assign
            var visitors: [String] = []
            if isBatch { visitors = try Self.visitors(frame) }
            let request = Request(
                header: header, frame: frame, index: counts[header.operation, default: 0],
                repetition: isBatch ? seen[key, default: 0] : 0, visitors: visitors)
            counts[header.operation, default: 0] += 1
            if isBatch { seen[key, default: 0] += 1 }
            server.state.withLock { $0.requests.append(request) }
            for reaction in server.script(request) {
                try react(reaction, request, route)
            }
            try releaseHeld()
        }

        private mutating func react(
            _ reaction: Reaction, _ request: Request, _ route: [UInt8]
        ) throws {
            switch reaction {
            case .answer: try send([answer(request)], to: route)
            case .applyAndSayNothing: _ = try answer(request)
            case .saveNothing: break
            case .answerLater(let after):
                held.append(Held(route: route, reply: try answer(request), left: after + 1))
            case .refuse(let code, let retryAfter):
                var writer = ByteWriter()
                ErrorReply(code: code, retryAfterMilliseconds: retryAfter, message: "told to.")
                    .encode(
                        header: request.header.reply(.error, deploymentTag: server.deployment.tag),
                        into: &writer)
                try send([writer.array], to: route)
            case .send(let bytes): try send([bytes], to: route)
            case .sendFrames(let frames): try send(frames, to: route)
            case .stop: server.isStopping.store(true, ordering: .sequentiallyConsistent)
            }
        }

        private mutating func releaseHeld() throws {
            for index in held.indices { held[index].left -= 1 }
            let count = held.count
            server.state.withLock { $0.inFlightMax = max($0.inFlightMax, count) }
            for reply in held.reversed() where reply.left <= 0 {
                try send([reply.reply], to: reply.route)
            }
            held.removeAll { $0.left <= 0 }
        }

        private func send(_ frames: [[UInt8]], to route: [UInt8]) throws {
            var message = Message(copying: route.span)
            _ = try socket.send(&message, more: true)
            for (index, frame) in frames.enumerated() {
                message = Message(copying: frame.span)
                _ = try socket.send(&message, more: index + 1 < frames.count)
            }
        }

        // MARK: Answers

        private static func visitors(_ frame: [UInt8]) throws -> [String] {
            var scratch = DecodeScratch()
            let bytes = unsafe frame.span.bytes
            let batch = try AssignRequest.decode(body: Frame.body(of: bytes), scratch: &scratch)
            var names: [String] = []
            for row in 0..<batch.count {
                let key = batch.visitorKeys[batch.visitors[row]]
                names.append(
                    String(decoding: unsafe key.withUnsafeBytes { unsafe Array($0) }, as: UTF8.self)
                )
            }
            return names
        }

        private mutating func answer(_ request: Request) throws -> [UInt8] {
            let header = request.header.reply(deploymentTag: server.deployment.tag)
            var writer = ByteWriter()
            switch request.header.operation {
            case .hello:
                HelloReply(
                    deployment: server.deployment, serverTime: 1_000, credit: server.credit,
                    partitions: server.partitions, serverName: "fake", serverVersion: "9.9"
                ).encode(header: header, into: &writer)
            case .status:
                StatusReply(
                    gauges: [Gauge(name: "batches_total", value: 7)], serverTime: 2_000
                ).encode(header: header, into: &writer)
            case .lookup:
                LookupReply(sessions: [.sample], clock: 3_000)
                    .encode(header: header, into: &writer)
            case .assign: return apply(request, header)
            case .fetch: try fetch(request.frame).encode(header: header, into: &writer)
            case .report, .forget, .error: fatalError("not a request")
            }
            return writer.array
        }

        /// The entries have the positions from 1 on.
        private func fetch(_ frame: [UInt8]) throws -> FetchReply {
            let request = try FetchRequest.decode(body: Frame.body(of: unsafe frame.span.bytes))
            let orders = server.state.withLock { $0.orders }
            let found = orders.first { $0.partitions.contains(Int(request.partition)) }
            guard let order = found ?? orders.first else { fatalError("there is no order") }
            let start = min(request.place.position, order.count)
            let end = min(start + UInt64(request.entriesMax), order.count)
            let entries = (start..<end).map { before in
                FeedEntry(
                    place: FeedPlace(position: before + 1, index: 1), property: 1,
                    content: .revised(
                        Revision(
                            number: before + 1, from: .of("late"), into: .of("early"),
                            cause: .bridge, partition: UInt16(order.partitions.lowerBound))))
            }
            return FetchReply(
                entries: entries, place: entries.last?.place ?? request.place,
                hasMore: end < order.count,
                firstPartition: UInt16(order.partitions.lowerBound),
                lastPartition: UInt16(order.partitions.upperBound))
        }

        /// A session per visitor, in which every event is one further.
        private mutating func apply(_ request: Request, _ header: MessageHeader) -> [UInt8] {
            let key = [header.producer.rawValue, header.sequence]
            if header.producer.rawValue != 0, let reply = replies[key] { return reply }
            server.state.withLock {
                $0.applied[key, default: 0] += 1
                $0.visitors += request.visitors
            }
            var result = BatchResult()
            result.clock = 5_000
            for (row, visitor) in request.visitors.enumerated() {
                let position = positions[visitor, default: 0] + 1
                positions[visitor] = position
                result.sessions.append(
                    SessionRow(
                        id: .of(visitor), start: SessionID.of(visitor).milliseconds, ordinal: 1,
                        state: SessionState(boundary: .first)))
                result.eventSessions.append(UInt32(row + 1))
                result.positions.append(position)
                result.outcomes.append(position == 1 ? 0 : 1)
            }
            if request.visitors.contains("bridge") {
                result.revisions.append(
                    Revision(
                        number: 1, from: .of("late"), into: .of("early"), cause: .bridge,
                        partition: 2))
            }
            var writer = ByteWriter()
            AssignReply.encode(result, header: header, into: &writer)
            replies[key] = writer.array
            return writer.array
        }
    }
}

extension SessionID {
    /// What the fake server gives a visitor.
    static func of(_ visitor: String) -> SessionID {
        var hash: UInt64 = 5_381
        for byte in visitor.utf8 { hash = hash &* 33 &+ UInt64(byte) }
        return SessionID(milliseconds: 1_000_000, a: 1, b: hash)
    }
}

extension SessionSnapshot {
    static let sample = SessionSnapshot(
        id: .of("anna"), ordinal: 2, firstEvent: 1_000_000, lastEvent: 1_060_000, events: 3,
        views: 2, actions: 1, conversions: 0, value: 0, engagedMilliseconds: 60_000,
        state: SessionState(boundary: .idle, engaged: true), boundaryOut: nil,
        context: ["mobile", "email", "", "", "", "", "", ""], landingPage: "/home",
        exitPage: "/basket",
        path: [
            .init(milliseconds: 0, page: "/home"), .init(milliseconds: 60_000, page: "/basket"),
        ],
        finishesAt: 4_000_000)
}

extension Message {
    var array: [UInt8] {
        // Safe: the bytes are copied while the message is borrowed.
        unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}

extension ByteWriter {
    var array: [UInt8] {
        // Safe: the bytes are copied while the writer is borrowed.
        unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}
