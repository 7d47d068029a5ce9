import SojournModel
import SojournRouter
import SojournService
import SojournTestKit
import SojournWire

/// One worker of a cluster, and the messages that lie before it.
final class TestWorker {
    var core: ServiceCore
    /// The router can send to it.
    var isConnected = true
    /// It takes messages and answers none.
    var isStopped = false
    /// Of those that it handles, as many are lost on the way back.
    var losesReplies = 0
    var inbox: [Delivery] = []
    /// Takes the router for one.
    var trustsRouter = true
    /// What it has for any report; nil keeps no finished sessions.
    var reportPart: ReportPart?
    /// Headers of all reports that it was asked.
    var reports: [MessageHeader] = []
    /// Entries that it has for any FETCH; nil keeps no finished sessions.
    var finished: UInt64?
    /// All that it was asked of them, and for whom.
    var fetches: [(request: FetchRequest, client: String?)] = []

    /// A request, and the client that the router named.
    struct Delivery {
        var frame: [UInt8]
        var client: String?
    }
    /// Batches that it was sent, sent again included.
    var batches = 0
    /// Headers of all batches that it was sent.
    var headers: [MessageHeader] = []

    init(_ configuration: ServiceConfiguration, at now: Int64) {
        core = ServiceCore(configuration, startedAt: now)
    }
}

/// A router and its workers, without sockets, and with a clock that the test holds.
struct TestCluster: ~Copyable {
    static let secret = DeploymentSecret(Bits128(high: 1, low: 2))
    static let start: Int64 = 1_700_000_000_000

    var router: RouterCore
    let workers: [TestWorker]
    var now = start
    private var requests: [(frame: [UInt8], caller: Caller)] = []
    /// By the number of the request.
    private(set) var answers: [RequestID: [UInt8]] = [:]
    private(set) var events: [RouterEvent] = []

    /// - Parameters:
    ///   - ranges: the partitions of each worker.
    ///   - workers: those of another cluster, which this one is another router for.
    init(
        _ ranges: [String] = ["0-31/64", "32-63/64"], workers: [TestWorker]? = nil,
        isUp: Bool = true, policy: SessionPolicy = .init(),
        _ change: (inout RouterConfiguration) -> Void = { _ in },
        service: (inout ServiceConfiguration) -> Void = { _ in }
    ) {
        var made: [TestWorker] = []
        for range in ranges {
            var configuration = Self.configuration(policy)
            configuration.partitions = PartitionRange(range) ?? .whole
            service(&configuration)
            made.append(TestWorker(configuration, at: Self.start))
        }
        self.workers = workers ?? made
        var configuration = RouterConfiguration(
            workers: self.workers.indices.map { "tcp://worker\($0)" })
        change(&configuration)
        router = RouterCore(configuration, startedAt: Self.start)
        if isUp { tick() }
    }

    static func configuration(_ policy: SessionPolicy = .init()) -> ServiceConfiguration {
        ServiceConfiguration(
            properties: [ServiceProperty(id: PropertyID(1), name: "shop", policy: policy)],
            secret: secret)
    }

    private var moment: RouterMoment {
        RouterMoment(serverTime: now, steady: UInt64(now - Self.start + 1_000_000) * 1_000)
    }

    /// Sends a request, and lets everybody work.
    mutating func ask(_ frame: [UInt8], from caller: Caller = .anyone) -> [UInt8]? {
        let id = send(frame, from: caller)
        run()
        return answers[id]
    }

    /// What a request is answered with at once.
    mutating func reply(_ frame: [UInt8], from caller: Caller = .anyone) throws -> [UInt8] {
        guard let reply = ask(frame, from: caller) else { throw NoAnswer() }
        return reply
    }

    struct NoAnswer: Error {}

    /// Sends a request, and lets nobody but the router work.
    mutating func send(
        _ frame: [UInt8], from caller: Caller = .anyone, hasRoom: Bool = true
    ) -> RequestID {
        let id = requests.count
        requests.append((frame, caller))
        // Bytes have no invalid patterns.
        router.take(
            unsafe frame.span.bytes, as: id, from: caller, hasRoom: hasRoom, at: moment)
        carryOut(nil)
        return id
    }

    /// Lets time go by, and then everybody work.
    mutating func tick(after milliseconds: Int64 = 0) {
        now += milliseconds
        router.tick(at: moment)
        carryOut(nil)
        run()
    }

    /// Lets time go by in small steps.
    mutating func wait(_ milliseconds: Int64) {
        let end = now + milliseconds
        while now < end { tick(after: min(20, end - now)) }
    }

    /// Lets the workers answer what lies before them.
    mutating func run() {
        var isBusy = true
        while isBusy {
            isBusy = false
            for worker in workers.indices {
                while !workers[worker].isStopped, workers[worker].isConnected,
                    !workers[worker].inbox.isEmpty
                {
                    isBusy = true
                    serve(worker)
                }
            }
        }
    }

    private mutating func serve(_ worker: Int) {
        let delivery = workers[worker].inbox.removeFirst()
        var reply = ByteWriter()
        if let header = MessageHeader.readable(unsafe delivery.frame.span.bytes),
            header.operation == .report
        {
            workers[worker].reports.append(header)
            if let part = workers[worker].reportPart {
                var answer = header.reply(deploymentTag: 0)
                answer.isPart = header.isPart
                ReportPartReply.encode(part, header: answer, into: &reply)
                return giveBack(reply.array, from: worker)
            }
        }
        if let fetched = fetch(worker, delivery) { return giveBack(fetched, from: worker) }
        let trusted: Caller = delivery.client.map { .routed($0, by: nil) } ?? .anyone
        let answer = workers[worker].core.answer(
            unsafe delivery.frame.span.bytes,
            from: workers[worker].trustsRouter ? trusted : .stranger,
            at: Moment(serverTime: now), into: &reply)
        guard answer == .reply else { return }
        giveBack(reply.array, from: worker)
    }

    /// The answer to a FETCH; nil for other requests, and where no finished sessions are kept.
    private func fetch(_ worker: Int, _ delivery: TestWorker.Delivery) -> [UInt8]? {
        let frame = unsafe delivery.frame.span.bytes
        guard let header = MessageHeader.readable(frame), header.operation == .fetch,
            let request = try? FetchRequest.decode(body: Frame.body(of: frame))
        else { return nil }
        workers[worker].fetches.append((request, delivery.client))
        guard let finished = workers[worker].finished else { return nil }
        let partitions = workers[worker].core.configuration.partitions
        var reply = ByteWriter()
        guard partitions.contains(Int(request.partition)) else {
            let refusal = Refusal(noOrderOf: request.partition, partitions)
            return refusal.answer(frame, deployment: .any, into: &reply) == .reply
                ? reply.array : []
        }
        FetchReply(
            entries: [], place: FeedPlace(position: finished, index: 1), hasMore: false,
            firstPartition: partitions.first, lastPartition: partitions.last
        ).encode(header: header.reply(deploymentTag: 0), into: &reply)
        return reply.array
    }

    private mutating func giveBack(_ bytes: [UInt8], from worker: Int) {
        if workers[worker].losesReplies > 0 {
            workers[worker].losesReplies -= 1
            return
        }
        router.received(unsafe bytes.span.bytes, from: worker, at: moment)
        carryOut(bytes)
    }

    private mutating func carryOut(_ inHand: [UInt8]?) {
        while let action = router.nextAction() {
            switch action {
            case .send(let frame, let correlation, let worker):
                let bytes = frame.read { span in span.array }
                deliver(bytes, of: frame.client, correlation, to: worker)
            case .forward(let id, let address, let worker):
                deliver(
                    requests[id].frame.readdressed(address), of: requests[id].caller.name,
                    address.correlation, to: worker)
            case .answer(let id, let frame):
                precondition(answers[id] == nil, "a request is answered once")
                answers[id] = frame.read { span in span.array }
                router.giveBack(frame)
            case .passOn(let id, let address):
                guard let inHand else { preconditionFailure("there is nothing to pass on") }
                precondition(answers[id] == nil, "a request is answered once")
                answers[id] = inHand.readdressed(address)
            case .assemble(let id, let assembly): router.assembled(id, assembly.frame())
            case .recycle(let frame): router.giveBack(frame)
            case .drop(let id): answers[id] = []
            case .reconnect(let worker): workers[worker].inbox.removeAll()
            case .log(let event): events.append(event)
            }
        }
    }

    private mutating func deliver(
        _ frame: [UInt8], of client: String?, _ correlation: UInt64, to worker: Int
    ) {
        guard workers[worker].isConnected else {
            return router.couldNotSend(correlation, to: worker)
        }
        if let header = MessageHeader.readable(unsafe frame.span.bytes), header.operation == .assign
        {
            workers[worker].batches += 1
            workers[worker].headers.append(header)
        }
        workers[worker].inbox.append(.init(frame: frame, client: client))
    }

    // MARK: Questions

    mutating func assign(
        _ events: [TestEvent], producer: UInt64 = 0, sequence: UInt64 = 0
    ) throws -> Assigned {
        try Assigned(ask(assignFrame(events, producer: producer, sequence: sequence)) ?? [])
    }

    mutating func refusal(
        _ frame: [UInt8], from caller: Caller = .anyone
    ) throws -> ErrorReply? {
        try readError(ask(frame, from: caller) ?? [])
    }

    mutating func gauges(from caller: Caller = .anyone) throws -> [String: Int64] {
        let bytes = ask(statusFrame(), from: caller) ?? []
        _ = try open(bytes, .status)
        let status = try StatusReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
        return Dictionary(uniqueKeysWithValues: status.gauges.map { ($0.name, $0.value) })
    }
}

extension RawSpan {
    fileprivate var array: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}

/// Visitors that fall to the first and to the second half of 64 partitions.
enum TestVisitor {
    static let first = "anna"  // partition 17
    static let second = "a"  // partition 32
}
