import SojournModel
import SojournService
import SojournWire
import ZeroMQ

/// The thread that owns the service core: takes requests in the order in which the front sends
/// them, answers each, and lets time go by when there are none.
struct EngineLoop: ~Copyable {
    static let endpoint = "inproc://engine"
    /// How long sessions that are due may wait when nothing comes.
    private static let tickMilliseconds: UInt64 = 100
    /// Requests between two looks at the clock.
    private static let burst = 64

    private let state: ServerState
    private let front: Socket
    private var poller = Poller()
    private var core: ServiceCore

    // Used for one request after another.
    private var routingID = Message()
    private var note = Message()
    private var payload = Message()
    private var reply = ByteWriter()

    /// Opens its end of the way to the front.
    static func start(
        _ configuration: ServiceConfiguration, _ state: ServerState
    ) throws(ZeroMQError) -> EngineLoop {
        let front = try state.socket(.pair)
        // The front bounds the queue: it alone knows what to tell those who find no room.
        try front.set(.receiveHighWaterMark(messages: 0), .sendHighWaterMark(messages: 0))
        try front.bind(Self.endpoint)
        return EngineLoop(configuration, state, front)
    }

    private init(
        _ configuration: ServiceConfiguration, _ state: ServerState, _ front: consuming Socket
    ) {
        self.state = state
        self.front = front
        core = ServiceCore(configuration, startedAt: ServerClock.wallMilliseconds())
        poller.add(self.front)
    }

    /// Works until the front says stop, or is no more.
    mutating func run() throws(ZeroMQError) {
        var nextTick = ServerClock.steadyMilliseconds()
        while true {
            var served = 0
            while served < Self.burst, !state.hasFrontEnded,
                try front.receive(into: &routingID, wait: false)
            {
                if !routingID.hasMore {
                    switch EngineOrder(rawValue: routingID.bytes.integer(at: 0)) {
                    case .drain: core.drain()
                    case .stop, nil: return
                    }
                    continue
                }
                try serve()
                served += 1
            }
            let now = ServerClock.steadyMilliseconds()
            if now >= nextTick {
                let isMoreDue = core.tick(at: Moment(serverTime: ServerClock.wallMilliseconds()))
                nextTick = isMoreDue ? now : now + Self.tickMilliseconds
            }
            if served == 0 {
                if state.hasFrontEnded { return }
                _ = try poller.wait(
                    timeoutMilliseconds: Int(nextTick - min(now, nextTick)))
            }
        }
    }

    private mutating func serve() throws(ZeroMQError) {
        _ = try front.receive(into: &note)
        _ = try front.receive(into: &payload)
        let received = RequestNote(note.bytes).receivedAt
        let now = ServerClock.steadyMilliseconds()
        let moment = Moment(
            serverTime: ServerClock.wallMilliseconds(),
            ageMilliseconds: now > received ? now - received : 0)
        switch Self.answer(payload, at: moment, state, &core, &reply) {
        case .reply: payload = Message(copying: reply.bytes)
        case .drop: payload.removeAll()
        }
        // There is always room, unless the front is gone: then nobody is left to be answered.
        guard try front.send(&routingID, more: true, wait: false) else { return }
        _ = try front.send(&note, more: true, wait: false)
        _ = try front.send(&payload, wait: false)
    }

    private static func answer(
        _ request: borrowing Message, at moment: Moment, _ state: ServerState,
        _ core: inout ServiceCore, _ reply: inout ByteWriter
    ) -> Answer {
        if MessageHeader.readable(request.bytes)?.operation == .status {
            core.shell = state.report()
        }
        return core.answer(request.bytes, at: moment, into: &reply)
    }
}
