import Testing
import ZeroMQ

@Suite(.enabled(if: Curve.isAvailable))
struct CurveTests {
    @Test func `key pairs are fresh, and the secret one gives the public one`() throws {
        let (first, second) = (try Curve.generateKeyPair(), try Curve.generateKeyPair())
        #expect(first.publicKey.utf8.count == Curve.keyCharacters)
        #expect(first.secretKey.utf8.count == Curve.keyCharacters)
        #expect(first != second)
        #expect(try Curve.publicKey(forSecretKey: first.secretKey) == first.publicKey)
        #expect(throws: ZeroMQError.self) { try Curve.publicKey(forSecretKey: "short") }
    }

    @Test func `a key pair prints without its secret`() throws {
        let keys = try Curve.generateKeyPair()
        #expect("\(keys) \(String(reflecting: keys))".contains(keys.publicKey))
        #expect(!"\(keys) \(String(reflecting: keys))".contains(keys.secretKey))
    }

    @Test func `the right key gets an answer; a wrong one, or none, gets nothing`() throws {
        let serverKeys = try Curve.generateKeyPair()
        let context = try Context()
        let server = try Socket(.rep, in: context)
        try server.set(.curveServer(secretKey: serverKeys.secretKey))
        try server.bind("tcp://127.0.0.1:*")

        let wrong = try Socket(.dealer, in: context)
        try wrong.set(
            .curveClient(
                serverKey: Curve.generateKeyPair().publicKey, keys: Curve.generateKeyPair()))
        let plain = try Socket(.dealer, in: context)
        for stranger in 0..<2 {
            if stranger == 0 {
                try wrong.connect(server.lastEndpoint)
            } else {
                try plain.connect(server.lastEndpoint)
            }
        }
        // Messages queue only for finished connections, so these two never find room.
        try wrong.set(.sendTimeout(milliseconds: 300))
        try plain.set(.sendTimeout(milliseconds: 300))
        #expect(try !wrong.sendText("let me in"))
        #expect(try !plain.sendText("let me in"))
        #expect(try server.receiveTexts(wait: false) == nil)

        let client = try Socket(.req, in: context)
        try client.set(
            patience,
            .curveClient(serverKey: serverKeys.publicKey, keys: Curve.generateKeyPair()))
        try client.connect(server.lastEndpoint)
        try server.set(patience)
        #expect(try client.sendText("ping"))
        #expect(try server.receiveTexts() == ["ping"])
        #expect(try server.sendText("pong"))
        #expect(try client.receiveTexts() == ["pong"])
    }

    @Test func `a ZAP handler names the peer, or refuses it`() async throws {
        let (serverKeys, friend) = (try Curve.generateKeyPair(), try Curve.generateKeyPair())
        let context = try Context()
        let zap = try Socket(.rep, in: context)
        try zap.set(patience)
        try zap.bind("inproc://zeromq.zap.01")
        let server = try Socket(.router, in: context)
        try server.set(patience, .curveServer(secretKey: serverKeys.secretKey), .zapDomain("shop"))
        try server.bind("tcp://127.0.0.1:*")

        func connect(_ keys: Curve.KeyPair) throws -> Socket {
            let client = try Socket(.dealer, in: context)
            try client.set(.curveClient(serverKey: serverKeys.publicKey, keys: keys))
            try client.connect(server.lastEndpoint)
            return client
        }
        /// Answers one question: version, request id, domain, address, routing id, mechanism, key.
        func decide(_ status: String, user: String) throws -> [String] {
            let question = try #require(try zap.receiveTexts())
            for frame in ["1.0", question[1], status, "", user] {
                _ = try zap.sendText(frame, more: true)
            }
            _ = try zap.sendText("")
            return question
        }

        let stranger = try connect(Curve.generateKeyPair())
        _ = try decide("400", user: "")
        #expect(try !stranger.sendText("let me in", wait: false))
        stranger.close()

        let client = try connect(friend)
        let question = try decide("200", user: "backend-7")
        #expect(question[0] == "1.0" && question[2] == "shop" && question[5] == "CURVE")
        #expect(try client.sendText("hello"))
        var message = Message()
        #expect(try server.receive(into: &message))
        #expect(try server.receive(into: &message))
        let (text, user) = (message.text, message.property(named: "User-Id"))
        #expect(text == "hello")
        #expect(user == "backend-7")
    }
}
