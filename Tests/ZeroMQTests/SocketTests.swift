import Testing
import ZeroMQ

struct SocketTests {
    @Test func `the version is that of a libzmq 4`() {
        #expect(ZeroMQ.version.hasPrefix("4."))
    }

    @Test(arguments: Transport.allCases)
    func `a request gets its reply`(over transport: Transport) throws {
        let context = try Context()
        let rep = try Socket(.rep, in: context)
        try rep.set(patience)
        try rep.bind(transport.freshEndpoint)
        let req = try Socket(.req, in: context)
        try req.set(patience)
        try req.connect(rep.lastEndpoint)

        #expect(try req.sendText("ping"))
        #expect(try rep.receiveTexts() == ["ping"])
        #expect(try rep.sendText("pong"))
        #expect(try req.receiveTexts() == ["pong"])
    }

    @Test(arguments: [[], [""]], Transport.allCases)
    func `a router answers a dealer, with or without a delimiter`(
        delimiter: [String], over transport: Transport
    ) throws {
        let context = try Context()
        let router = try Socket(.router, in: context)
        try router.set(patience)
        try router.bind(transport.freshEndpoint)
        let dealer = try Socket(.dealer, in: context)
        try dealer.set(patience)
        try dealer.connect(router.lastEndpoint)

        for frame in delimiter { #expect(try dealer.sendText(frame, more: true)) }
        #expect(try dealer.sendText("request"))

        var peer = Message()
        #expect(try router.receive(into: &peer))
        #expect(try router.receiveTexts() == delimiter + ["request"])
        #expect(try router.send(&peer, more: true))
        for frame in delimiter { #expect(try router.sendText(frame, more: true)) }
        #expect(try router.sendText("reply"))
        #expect(try dealer.receiveTexts() == delimiter + ["reply"])
    }

    @Test func `frames arrive together and in order`() throws {
        let context = try Context()
        let pull = try Socket(.pull, in: context)
        let push = try Socket(.push, in: context)
        try pull.set(patience)
        try pull.bind("tcp://127.0.0.1:*")
        try push.connect(pull.lastEndpoint)
        let frames = (0..<100).map { String(repeating: "\($0)", count: $0) }
        for (index, frame) in frames.enumerated() {
            #expect(try push.sendText(frame, more: index < 99))
        }
        #expect(try pull.receiveTexts() == frames)
        #expect(try pull.receiveTexts(wait: false) == nil)
    }

    @Test func `a subscriber receives what it subscribed to`() throws {
        let context = try Context()
        let xpub = try Socket(.xpub, in: context)
        let sub = try Socket(.sub, in: context)
        try xpub.set(patience)
        try sub.set(patience)
        try xpub.bind("tcp://127.0.0.1:*")
        try sub.subscribe(prefix: "b")
        try sub.connect(xpub.lastEndpoint)
        #expect(try xpub.receiveTexts() == ["\u{1}b"])
        for text in ["apple", "banana"] { #expect(try xpub.sendText(text)) }
        #expect(try sub.receiveTexts() == ["banana"])
    }

    @Test func `a sent message is empty and can be used again`() throws {
        let context = try Context()
        let pull = try Socket(.pull, in: context)
        let push = try Socket(.push, in: context)
        try pull.bind("inproc://again")
        try push.connect("inproc://again")
        var message = Message("content")
        #expect(try push.send(&message))
        let sent = message.byteCount
        #expect(sent == 0)
        #expect(try pull.receive(into: &message))
        let received = message.text
        #expect(received == "content")
    }

    @Test func `nothing to receive is false, and so is no room to send`() throws {
        let context = try Context()
        let dealer = try Socket(.dealer, in: context)
        var message = Message("kept")
        #expect(try !dealer.send(&message, wait: false))
        let text = message.text
        #expect(text == "kept")
        #expect(try !dealer.receive(into: &message, wait: false))
        try dealer.set(.receiveTimeout(milliseconds: 10), .sendTimeout(milliseconds: 10))
        #expect(try !dealer.receive(into: &message))
        #expect(try !dealer.send(&message))
    }

    @Test func `a message is kept for a peer only up to the high-water mark`() throws {
        let context = try Context()
        let pull = try Socket(.pull, in: context)
        let push = try Socket(.push, in: context)
        try pull.set(.receiveHighWaterMark(messages: 5))
        try push.set(.sendHighWaterMark(messages: 5))
        try pull.bind("inproc://full")
        try push.connect("inproc://full")
        var sent = 0
        while try sent < 100 && push.sendText("x", wait: false) { sent += 1 }
        #expect(sent == 10)
        #expect(try push.events == [])
        #expect(try pull.events == .readable)
    }

    @Test func `a mandatory router has no route to a stranger`() throws {
        let context = try Context()
        let router = try Socket(.router, in: context)
        try router.bind("tcp://127.0.0.1:*")
        #expect(try router.sendText("nobody", more: true), "dropped in silence by default")
        #expect(try router.sendText("x"))

        try router.set(.routerMandatory(true))
        var stranger = Message("nobody")
        #expect(
            failure { () throws(ZeroMQError) in _ = try router.send(&stranger, more: true) }
                == .hostUnreachable)
        let kept = stranger.text
        #expect(kept == "nobody")
    }

    @Test func `a peer whose frame is too long is disconnected, and only that peer`() throws {
        let context = try Context()
        let router = try Socket(.router, in: context)
        try router.set(patience, .maxMessageBytes(1_000))
        try router.bind("tcp://127.0.0.1:*")
        let rude = try Socket(.dealer, in: context)
        let polite = try Socket(.dealer, in: context)
        try polite.connect(router.lastEndpoint)
        #expect(try polite.sendText("before"))
        let politeID = try #require(try router.receiveFrames()).first
        // A probe arrives with each connection, so that the router sees the second one.
        try rude.set(.probeRouter(true), .reconnectInterval(milliseconds: 20))
        try rude.connect(router.lastEndpoint)
        try router.waitUntilReadable(prompting: rude)
        let rudeID = try #require(try router.receiveFrames()).first

        #expect(try rude.sendText(String(repeating: "x", count: 1_001)))
        try router.waitUntilReadable(prompting: rude)
        let reconnected = try #require(try router.receiveFrames())
        #expect(reconnected.count == 2 && reconnected[1] == [])
        #expect(reconnected[0] != rudeID)
        #expect(try polite.sendText(String(repeating: "y", count: 1_000)))
        let stillHere = try #require(try router.receiveFrames())
        #expect(stillHere.first == politeID && stillHere[1].count == 1_000)
    }

    @Test func `a received payload knows its peer`() throws {
        let context = try Context()
        let router = try Socket(.router, in: context)
        let dealer = try Socket(.dealer, in: context)
        try router.set(patience)
        try router.bind("tcp://127.0.0.1:*")
        try dealer.connect(router.lastEndpoint)
        #expect(try dealer.sendText("x"))
        var message = Message()
        #expect(try router.receive(into: &message))
        #expect(try router.receive(into: &message))
        let (address, kind) = (
            message.property(named: "Peer-Address"), message.property(named: "Socket-Type")
        )
        let user = message.property(named: "User-Id")
        #expect(address == "127.0.0.1")
        #expect(kind == "DEALER")
        #expect(user == nil)
    }

    @Test(arguments: [Transport.tcp, .inproc])
    func `ten thousand messages cross from thread to thread in order`(over transport: Transport)
        async throws
    {
        let count = 10_000
        let context = try Context()
        let bound = try WakeUp()
        let address = Shared("")

        async let echoed = onThread {
            let router = try Socket(.router, in: context)
            try router.set(patience)
            try router.bind(transport.freshEndpoint)
            address.value = try router.lastEndpoint
            bound.signal()
            var peer = Message()
            var payload = Message()
            for _ in 0..<count {
                guard try router.receive(into: &peer), try router.receive(into: &payload) else {
                    return false
                }
                _ = try router.send(&peer, more: true)
                _ = try router.send(&payload)
            }
            // The replies may still be on their way.
            return try router.receiveTexts()?.last == "done"
        }
        async let inOrder = onThread {
            let dealer = try Socket(.dealer, in: context)
            try dealer.set(patience)
            var poller = Poller()
            poller.add(bound)
            guard try poller.wait(timeoutMilliseconds: 20_000) == 1 else { return false }
            try dealer.connect(address.value)
            var (sent, received) = (0, 0)
            var message = Message()
            while received < count {
                while sent < count && sent - received < 100 {
                    message = Message("\(sent)")
                    guard try dealer.send(&message) else { return false }
                    sent += 1
                }
                guard try dealer.receive(into: &message), message.text == "\(received)" else {
                    return false
                }
                received += 1
            }
            try dealer.set(.linger(milliseconds: 10_000))
            return try dealer.sendText("done")
        }
        #expect(try await echoed)
        #expect(try await inOrder)
    }
}

extension Socket {
    /// libzmq's threads connect, but a socket learns of it, and sends its probe, only when its own
    /// thread calls: here that thread is busy waiting for us.
    func waitUntilReadable(prompting other: borrowing Socket) throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try !events.contains(.readable), ContinuousClock.now < deadline {
            _ = try other.events
        }
    }
}

struct SocketErrorTests {
    @Test func `an address in use says so, with the address`() throws {
        let context = try Context()
        let first = try Socket(.rep, in: context)
        let second = try Socket(.rep, in: context)
        try first.bind("tcp://127.0.0.1:*")
        let endpoint = try first.lastEndpoint
        #expect(endpoint.hasPrefix("tcp://127.0.0.1:") && !endpoint.hasSuffix("*"))
        let error = #expect(throws: ZeroMQError.self) { try second.bind(endpoint) }
        #expect(error?.code == .addressInUse)
        #expect(error?.description == "bind \(endpoint): Address already in use")
    }

    @Test(arguments: [
        ("nonsense", ZeroMQError.Code.invalidArgument),
        ("tcp://127.0.0.1", .invalidArgument),
        ("carrier-pigeon://loft", .protocolNotSupported),
        ("tcp://no-such-interface:*", .noSuchDevice),
        ("ipc:///no/such/folder/socket", .notFound),
    ])
    func `a bad endpoint can't be bound`(endpoint: String, code: ZeroMQError.Code) throws {
        let socket = try Socket(.router, in: Context())
        #expect(failure { () throws(ZeroMQError) in try socket.bind(endpoint) } == code)
    }

    @Test(arguments: [
        SocketOption.heartbeat(
            intervalMilliseconds: 1_000, timeoutMilliseconds: 5_000, timeToLiveMilliseconds: 65_600),
        .receiveHighWaterMark(messages: -1),
        .sendHighWaterMark(messages: .max),
        .curveServer(secretKey: "short"),
        .curveServer(secretKey: String(repeating: "a", count: 32)),
        .curveServer(secretKey: String(repeating: "\"", count: 40)),
    ])
    func `a value that makes no sense is refused`(option: SocketOption) throws {
        let socket = try Socket(.router, in: Context())
        #expect(failure { () throws(ZeroMQError) in try socket.set(option) } == .invalidArgument)
    }

    @Test func `every option has a value that is accepted`() throws {
        let keys = try Curve.generateKeyPair()
        let context = try Context(ioThreads: 2, maxSockets: 10)
        let router = try Socket(.router, in: context)
        try router.set(
            .linger(milliseconds: nil), .linger(milliseconds: 10),
            .receiveHighWaterMark(messages: 10), .sendHighWaterMark(messages: 0),
            .maxMessageBytes(nil), .maxMessageBytes(5_000_000_000),
            .receiveTimeout(milliseconds: nil), .sendTimeout(milliseconds: 10),
            .routerMandatory(true), .probeRouter(false), .immediate(true),
            .backlog(connections: 50),
            .ipv6(true),
            .heartbeat(
                intervalMilliseconds: 1_000, timeoutMilliseconds: 5_000,
                timeToLiveMilliseconds: 65_599),
            .tcpKeepalive(idleSeconds: 10, intervalSeconds: 5, probes: 3),
            .tcpMaxRetransmit(milliseconds: 10_000), .reconnectInterval(milliseconds: 10),
            .reconnectIntervalMax(milliseconds: 0), .handshakeInterval(milliseconds: 1_000),
            .curveServer(secretKey: keys.secretKey), .zapDomain("shop"))
        try Socket(.dealer, in: context).set(
            .curveClient(serverKey: keys.publicKey, keys: keys))
        try Socket(.sub, in: context).set(.conflate(true))
    }

    @Test(arguments: SocketKind.allCases)
    func `every kind of socket opens`(kind: SocketKind) throws {
        let socket = try Socket(kind, in: Context())
        let opened = socket.kind
        #expect(opened == kind)
        #expect(try socket.fileDescriptor >= 0)
    }

    @Test func `a socket too many is refused`() throws {
        let context = try Context(maxSockets: 1)
        let first = try Socket(.pair, in: context)
        #expect(
            failure { () throws(ZeroMQError) in _ = try Socket(.pair, in: context) }
                == .tooManyOpen)
        first.close()
    }

    @Test func `a request out of turn is refused`() throws {
        let req = try Socket(.req, in: Context())
        var message = Message()
        #expect(
            failure { () throws(ZeroMQError) in _ = try req.receive(into: &message) }
                == .wrongState)
    }

    @Test func `a shutdown unblocks a thread that receives`() async throws {
        let context = try Context()
        let opened = Shared(false)
        async let code = onThread {
            let socket = try Socket(.pull, in: context)
            var message = Message()
            opened.value = true
            return failure { () throws(ZeroMQError) in _ = try socket.receive(into: &message) }
        }
        try await waitForBlock(after: opened)
        context.shutdown()
        context.shutdown()
        #expect(try await code == .terminated)
        #expect(
            failure { () throws(ZeroMQError) in _ = try Socket(.pull, in: context) }
                == .terminated)
    }

    @Test func `a socket keeps its context alive`() throws {
        func makeSocket() throws -> Socket {
            try Socket(.pair, in: Context())
        }
        let socket = try makeSocket()
        try socket.bind("inproc://alive")
    }

    @Test func `a code without a name compares and prints`() {
        let error = ZeroMQError(.init(rawValue: 34), during: "count")
        #expect(error.code != .again)
        #expect(error.description == "count: Numerical result out of range")
        #expect("\(ZeroMQError.Code.terminated)" == "Context was terminated")
    }
}
