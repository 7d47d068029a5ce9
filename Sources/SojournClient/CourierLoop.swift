import SojournModel
import SojournWire
import Synchronization
import ZeroMQ

/// What the client's thread does: it owns the socket, tells the `Dispatcher` what happens and
/// carries out what it decides.
struct CourierLoop: ~Copyable {
    /// The correlation of HELLO; requests count from 1.
    private static var hello: UInt64 { 0 }
    /// Messages to receive before looking at anything else, so that a flood cannot shut out the rest.
    private static var receivesMax: Int { 256 }
    /// A reply may be larger than any request: this is more than the largest.
    private static var replyBytesMax: Int { 64 << 20 }
    /// How long a connection may take no messages, while there are some, before it counts as lost.
    private static var lossMilliseconds: Int { 200 }
    /// When libzmq connects again by itself. By then the loss has been noticed: of a connection that is
    /// replaced behind our back nobody would know that what was sent over it has no answer.
    private static var reconnectMilliseconds: Int { 500 }

    private let courier: Courier
    private let context: Context
    private let wakeUp: WakeUp
    private var dispatcher: Dispatcher
    private var calls: [UInt64: Call] = [:]
    private var deploymentTag: UInt64 = 0
    private var isClosing = false

    private var socket: Socket?
    /// The wake-up, and the socket where there is one.
    private var poller = Poller()
    /// HELLO is still to be sent.
    private var mustGreet = false
    /// The socket refused a message: to be tried again when it can take one.
    private var isBlocked = false
    /// Since when the connection takes no messages.
    private var deafSince: ContinuousClock.Instant?
    private var incoming = Message()
    private var outgoing = Message()

    init(courier: Courier, context: Context, wakeUp: WakeUp, endpoints: [String]) {
        self.courier = courier
        self.context = context
        self.wakeUp = wakeUp
        dispatcher = Dispatcher(
            endpoints: endpoints, options: courier.options,
            producer: ProducerID(courier.options.producer ?? .random(in: 1 ... .max)), now: .now)
        poller.add(wakeUp)
    }

    /// Works until the client is closed.
    mutating func run() {
        while true {
            takeCommands()
            if isClosing { return }
            dispatcher.tick(now: .now)
            carryOutActions()
            do throws(ZeroMQError) {
                // First, for it may connect anew, and then there is a greeting to be sent.
                try watch()
                try send()
                try wait()
                try receive()
            } catch {
                // A socket that fails is replaced; what the new one can't do either fails by time.
                drop(error)
            }
        }
    }

    /// Fails what is left, closes the socket and says so.
    mutating func end() {
        dispatcher.close()
        carryOutActions()
        courier.close()
        // A call may have come between the last look and the closing.
        takeCommands()
        dispatcher.close()
        carryOutActions()
        replaceSocket(nil)
        courier.welcome.keep(
            .failure(SojournError(.closed, "the client was closed before it was connected")))
        courier.end.keep(.success(()))
    }
}

// MARK: - Commands and actions

extension CourierLoop {
    private mutating func takeCommands() {
        wakeUp.drain()
        for command in courier.takeCommands() {
            switch command {
            case .submit(let id, let call):
                calls[id] = call
                dispatcher.submit(id, call.operation, deadline: call.deadline)
            case .abandon(let id):
                calls[id] = nil
                dispatcher.abandon(id)
            case .close: isClosing = true
            }
        }
    }

    private mutating func carryOutActions() {
        while !dispatcher.actions.isEmpty {
            let actions = dispatcher.actions
            dispatcher.actions = []
            for action in actions {
                switch action {
                case .connect(let endpoint): connect(to: dispatcher.endpoints[endpoint])
                case .disconnect: replaceSocket(nil)
                case .welcome: courier.welcome.keep(.success(()))
                case .giveUp(let error): courier.welcome.keep(.failure(error))
                case .fail(let id, let error):
                    calls.removeValue(forKey: id)?.reply.keep(.failure(error))
                }
            }
        }
        let statistics = dispatcher.statistics
        courier.report.withLock { $0.statistics = statistics }
    }

    private mutating func connect(to endpoint: String) {
        replaceSocket(nil)
        do throws(ZeroMQError) {
            let socket = try Socket(.dealer, in: context)
            try socket.set(
                .immediate(true), .linger(milliseconds: 0),
                .maxMessageBytes(Self.replyBytesMax),
                .reconnectInterval(milliseconds: Self.reconnectMilliseconds),
                .reconnectIntervalMax(milliseconds: 1_000))
            try socket.connect(endpoint)
            replaceSocket(socket)
            mustGreet = true
        } catch {
            let isBadEndpoint = [.invalidArgument, .protocolNotSupported, .noSuchDevice]
                .contains(error.code)
            dispatcher.greetingFailed(
                SojournError(
                    isBadEndpoint ? .invalidArgument : .transport,
                    "cannot \(error)", cause: error),
                isPermanent: isBadEndpoint, now: .now)
        }
    }

    private mutating func replaceSocket(_ new: consuming Socket?) {
        // The old poller holds the old socket open, so both go.
        poller = Poller()
        poller.add(wakeUp)
        if let new {
            poller.add(new)
            socket = consume new
        } else {
            socket = nil
        }
        mustGreet = false
        isBlocked = false
        deafSince = nil
    }

    private mutating func drop(_ error: ZeroMQError) {
        replaceSocket(nil)
        if dispatcher.link.isGreeting {
            dispatcher.greetingFailed(
                SojournError(.transport, "cannot \(error)", cause: error), isPermanent: false,
                now: .now)
        } else {
            dispatcher.linkLost(now: .now)
        }
    }
}

// MARK: - Sending

extension CourierLoop {
    private mutating func send() throws(ZeroMQError) {
        isBlocked = false
        if mustGreet { try greet() }
        let now = ContinuousClock.now
        while !isBlocked, let next = dispatcher.nextToSend(now: now) {
            guard let call = calls[next.id] else {
                preconditionFailure("a request that may be sent has its call")
            }
            if let stamp = next.stamp {
                call.stamp(stamp, correlation: next.id, deploymentTag: deploymentTag)
            }
            call.share(with: &outgoing)
            if try !sendOutgoing() { dispatcher.couldNotSend(next.id) }
        }
    }

    private mutating func greet() throws(ZeroMQError) {
        var writer = ByteWriter()
        HelloRequest(
            deployment: dispatcher.link.deployment ?? .any, name: courier.options.name
        ).encode(
            header: MessageHeader(operation: .hello, correlation: Self.hello), into: &writer)
        outgoing = Message(copying: writer.bytes)
        if try sendOutgoing() { mustGreet = false }
    }

    private mutating func sendOutgoing() throws(ZeroMQError) -> Bool {
        let isSent = try socket?.send(&outgoing, wait: false) ?? false
        isBlocked = !isSent
        return isSent
    }

    /// Notices that a connection is gone: such a socket takes no message.
    private mutating func watch() throws(ZeroMQError) {
        guard dispatcher.link.isUp, dispatcher.inFlight > 0 || isBlocked else {
            deafSince = nil
            return
        }
        let now = ContinuousClock.now
        if try socket?.events.contains(.writable) ?? true {
            deafSince = nil
        } else if let deafSince {
            if now - deafSince >= .milliseconds(Self.lossMilliseconds) {
                dispatcher.linkLost(now: now)
                carryOutActions()
            }
        } else {
            deafSince = now
        }
    }
}

// MARK: - Receiving

extension CourierLoop {
    private mutating func wait() throws(ZeroMQError) {
        let isBusy = dispatcher.inFlight > 0 || isBlocked
        var timeout: Int? = isBusy ? Self.lossMilliseconds / 2 : nil
        if let timer = dispatcher.nextTimer {
            // Rounded up, so as not to come round just before the time.
            let left = Int((timer - .now).wholeMilliseconds) + 1
            timeout = min(timeout ?? left, left)
        }
        if poller.count > 1 {
            poller.setInterest(isBlocked ? [.readable, .writable] : .readable, at: 1)
        }
        _ = try poller.wait(timeoutMilliseconds: timeout)
    }

    private mutating func receive() throws(ZeroMQError) {
        for _ in 0..<Self.receivesMax {
            guard try socket?.receive(into: &incoming, wait: false) ?? false else { return }
            if incoming.hasMore {
                // All frames of a message are there together.
                while incoming.hasMore, try socket?.receive(into: &incoming, wait: false) ?? false {
                }
                dispatcher.statistics.ignoredReplies += 1
                continue
            }
            take()
        }
    }

    private mutating func take() {
        let header: MessageHeader
        do throws(WireError) {
            header = try Frame.open(incoming.bytes, role: .client)
        } catch {
            dispatcher.statistics.ignoredReplies += 1
            return
        }
        var delivery = Dispatcher.Delivery.ignore
        if header.correlation == Self.hello {
            delivery = takeGreeting(header)
        } else if header.operation == .error {
            if let reply = errorReply() {
                delivery = dispatcher.refused(header.correlation, reply, now: .now)
            }
        } else {
            delivery = dispatcher.answered(header.correlation, header.operation)
            if delivery == .deliver {
                var message = Message()
                message.move(from: &incoming)
                let reply = ReplyFrame(message, header: header)
                calls.removeValue(forKey: header.correlation)?.reply.keep(.success(reply))
            }
        }
        switch delivery {
        case .deliver: break
        case .late: dispatcher.statistics.lateReplies += 1
        case .ignore: dispatcher.statistics.ignoredReplies += 1
        }
    }

    private mutating func takeGreeting(_ header: MessageHeader) -> Dispatcher.Delivery {
        guard dispatcher.link.isGreeting else { return .ignore }
        switch header.operation {
        case .error:
            guard let reply = errorReply() else { return .ignore }
            dispatcher.greetingRefused(reply, now: .now)
        case .hello:
            let reply: HelloReply
            do throws(WireError) {
                reply = try HelloReply.decode(body: Frame.body(of: incoming.bytes))
            } catch {
                dispatcher.greetingFailed(
                    SojournError(malformed: error), isPermanent: false, now: .now)
                return .deliver
            }
            guard dispatcher.greeted(reply, now: .now) else { return .deliver }
            deploymentTag = reply.deployment.tag
            let server = ServerInfo(reply, endpoint: dispatcher.endpointName)
            courier.report.withLock { $0.server = server }
        case .assign, .lookup, .status, .report, .fetch, .forget: return .ignore
        }
        return .deliver
    }

    private func errorReply() -> ErrorReply? {
        do throws(WireError) {
            return try ErrorReply.decode(body: Frame.body(of: incoming.bytes))
        } catch {
            return nil
        }
    }
}
