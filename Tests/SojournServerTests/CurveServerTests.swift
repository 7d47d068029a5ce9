import Foundation
import SojournModel
import SojournServer
import SojournService
import SojournTestKit
import SojournWire
import Testing
import ZeroMQ

/// A server with CURVE, its keys and its file of clients, in a folder of their own.
final class LockedServer {
    let folder = temporaryPath("locked")
    let publicKey: String
    let server: SojournServer
    private(set) var clients: [(name: String, keys: [Curve.KeyPair], rights: String)] = []

    init(_ change: (inout ServerConfiguration) -> Void = { _ in }) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        publicKey = try CurveKeyFile.make(at: "\(folder)/server")
        try Data("clients: []".utf8).write(to: URL(fileURLWithPath: "\(folder)/clients.yaml"))
        let curve = try CurveSettings(
            secretKey: CurveKeyFile.secretKey(at: "\(folder)/server"),
            clientsFile: "\(folder)/clients.yaml")
        server = try SojournServer {
            $0.curve = curve
            change(&$0)
        }
    }

    deinit { removeFile(folder) }

    /// Authorizes a client with so many keys.
    func admit(_ name: String, keys: Int = 1, _ rights: String) throws -> [Curve.KeyPair] {
        let pairs = try (0..<keys).map { _ in try Curve.generateKeyPair() }
        clients.append((name, pairs, rights))
        try reload()
        return pairs
    }

    func change(_ name: String, keys: [Curve.KeyPair], _ rights: String) throws {
        clients.removeAll { $0.name == name }
        if !keys.isEmpty { clients.append((name, keys, rights)) }
        try reload()
    }

    /// Writes the file and has it read.
    private func reload() throws {
        var text = "clients:\n"
        for client in clients {
            let keys = client.keys.map { "'\($0.publicKey)'" }.joined(separator: ", ")
            text += "  - {name: \(client.name), keys: [\(keys)], \(client.rights)}\n"
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/clients.yaml"))
        try server.reloadClients()
    }

    func client(_ keys: Curve.KeyPair?, serverKey: String? = nil) throws -> TestClient {
        try TestClient(
            server.endpoints[0],
            curve: keys.map { .curveClient(serverKey: serverKey ?? publicKey, keys: $0) },
            patienceMilliseconds: 10_000)
    }

    /// A connection that is to come to nothing.
    func expectNothing(
        _ keys: Curve.KeyPair?, serverKey: String? = nil,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let client = try TestClient(
            server.endpoints[0],
            curve: keys.map { .curveClient(serverKey: serverKey ?? publicKey, keys: $0) },
            patienceMilliseconds: 500)
        #expect(throws: NoReply.self, sourceLocation: location) {
            try client.ask(statusFrame())
        }
    }
}

@Suite(.serialized, .enabled(if: Curve.isAvailable), .timeLimit(.minutes(3)))
struct CurveServerTests {
    @Test func `what the process asks itself has all rights, whoever asked before`() async throws {
        let locked = try LockedServer()
        let keys = try locked.admit("reader", "read: [1]")[0]
        let client = try locked.client(keys)
        for _ in 0..<3 {
            // The place of the client's request is used again.
            let shown = try client.ask(statusFrame())
            let own = await locked.server.ask(statusFrame(), patience: .seconds(10))
            #expect(try Self.gaugeCount(shown) < 5)
            #expect(try Self.gaugeCount(own ?? []) > 20)
        }
    }

    private static func gaugeCount(_ reply: [UInt8]) throws -> Int {
        try #require(reply.count > 64)
        return try StatusReply.decode(body: unsafe reply.span.bytes.extracting(64...)).gauges.count
    }

    @Test func `who has a key is served; who has none, a wrong one or the wrong server's is not`()
        throws
    {
        let locked = try LockedServer()
        let keys = try locked.admit("ops", "read: all, write: all, admin: all")[0]
        let client = try locked.client(keys)
        #expect(try client.assignsRightly("a"))

        for (keys, serverKey, counters) in [
            // Both see at once that they do not speak the same: the server may only see that it hangs up.
            (
                nil, locked.publicKey,
                ["connections_other_mechanism_total", "connections_failed_total"]
            ),
            (try Curve.generateKeyPair(), locked.publicKey, ["connections_unauthorized_total"]),
            (
                keys, try Curve.generateKeyPair().publicKey,
                ["connections_wrong_server_key_total"]
            ),
        ] {
            let stranger = try TestClient(
                locked.server.endpoints[0],
                curve: keys.map { .curveClient(serverKey: serverKey, keys: $0) },
                patienceMilliseconds: 200)
            #expect(throws: NoReply.self) { try stranger.ask(statusFrame()) }
            let isCounted = try client.waits { gauges in
                counters.contains { gauges[$0] ?? 0 > 0 }
            }
            #expect(isCounted, "\(counters)")
        }
        let gauges = try client.gauges()
        #expect(gauges["connections_established_total"] == 1)
        #expect(gauges["batches_total"] == 1)
    }

    @Test(arguments: Framing.allCases)
    func `every kind of client is known by its key`(framing: Framing) throws {
        let locked = try LockedServer()
        let keys = try locked.admit("reader", "read: [1]")[0]
        let client = try TestClient(
            locked.server.endpoints[0], framing,
            curve: .curveClient(serverKey: locked.publicKey, keys: keys))
        #expect(try client.sessions(of: "a").isEmpty)
        let refused = try client.ask(assignFrame([TestEvent("a", currentMilliseconds())]))
        #expect(try readError(refused)?.code == .notPermitted)
    }

    @Test func `a change of the file counts at the next request, over connections that stay`()
        throws
    {
        let locked = try LockedServer()
        let keys = try locked.admit("shop", keys: 2, "read: [1], write: [1]")
        let observer = try locked.client(locked.admit("ops", "admin: all")[0])
        let old = try locked.client(keys[0])
        let new = try locked.client(keys[1])
        #expect(try old.assignsRightly("a"))
        #expect(try new.assignsRightly("b"))
        let frame = assignFrame([TestEvent("c", currentMilliseconds())], producer: 7, sequence: 1)
        let first = try old.ask(frame)
        // The client's other key has the same producers.
        #expect(try new.ask(frame) == first)

        let established = try observer.gauges()["connections_established_total"]
        // The old key is taken away, and the right to write.
        try locked.change("shop", keys: [keys[1]], "read: [1]")
        #expect(try old.refusal(of: "a") == .notPermitted)
        #expect(try readError(old.ask(statusFrame()))?.code == .notPermitted)
        #expect(try new.refusal(of: "a") == nil)
        #expect(try readError(new.ask(frame))?.code == .notPermitted)
        // What was taken away can be given back.
        try locked.change("shop", keys: keys, "read: [1], write: [1]")
        #expect(try old.ask(frame) == first)
        #expect(try observer.gauges()["connections_established_total"] == established)

        try locked.change("shop", keys: [], "")
        #expect(try new.refusal(of: "a") == .notPermitted)
        try locked.expectNothing(keys[1])
    }

    @Test func `a file with a fault changes nothing`() throws {
        let locked = try LockedServer()
        let client = try locked.client(
            locked.admit("shop", "read: [1], write: [1]")[0])
        #expect(try client.assignsRightly("a"))
        try Data("clients: [{nmae: x}]".utf8)
            .write(to: URL(fileURLWithPath: "\(locked.folder)/clients.yaml"))
        #expect(throws: ConfigurationError.self) { try locked.server.reloadClients() }
        removeFile("\(locked.folder)/clients.yaml")
        #expect(throws: ConfigurationError.self) { try locked.server.reloadClients() }
        #expect(try client.assignsRightly("b"))
    }

    @Test func `beyond the limit of connections nobody comes in until somebody goes`() throws {
        let locked = try LockedServer { $0.connectionsMax = 2 }
        let keys = try locked.admit("ops", "read: all, admin: all")[0]
        let first = try locked.client(keys)
        #expect(try first.refusal(of: "a") == nil)
        do {
            let second = try locked.client(keys)
            #expect(try second.refusal(of: "a") == nil)
            try locked.expectNothing(keys)
            let gauges = try first.gauges()
            #expect(gauges["connections_too_many_total"] ?? 0 > 0)
        }
        // One has gone.
        let third = try locked.client(keys)
        #expect(try third.refusal(of: "a") == nil)
    }

    @Test func `one client does not fill the queue of all`() throws {
        let locked = try LockedServer {
            $0.queue.clientMessagesMax = 4
            $0.service.messageBytesMax = 4 << 20
        }
        let greedy = try locked.client(
            locked.admit("greedy", "write: all, eventsPerSecond: off")[0])
        let good = try locked.client(
            locked.admit("good", "write: all, read: all, admin: all")[0])
        #expect(try good.assignsRightly("first"))
        var frame = largeFrame(events: 20_000, correlation: 0)
        let requests: UInt64 = 40
        for correlation in 1...requests {
            frame.put(correlation, at: 8)
            frame.refreshChecksums()
            try greedy.send(frame)
        }
        #expect(try good.assignsRightly("second"))
        var refused: Int64 = 0
        for _ in 1...requests {
            if let error = try readError(greedy.receive()) {
                #expect(error.code == .overloaded && error.retryAfterMilliseconds > 0)
                refused += 1
            }
        }
        #expect(refused > 0)
        #expect(try good.gauges()["client_share_refusals_total"] == refused)
    }

    @Test func `with CURVE a server may listen where others can reach it`() throws {
        let locked = try LockedServer { $0.listens = ["tcp://0.0.0.0:*"] }
        #expect(locked.server.endpoints[0].hasPrefix("tcp://0.0.0.0:"))
    }

    @Test func `a client's producers are its own after a restart too`() throws {
        let directory = try ServedDirectory()
        let (serverKey, clients) = ("\(directory.folder)/server", "\(directory.folder)/clients")
        let publicKey = try CurveKeyFile.make(at: serverKey)
        let pairs = try (0..<2).map { _ in try Curve.generateKeyPair() }
        let text = zip(["shop", "rival"], pairs).map { name, pair in
            "  - {name: \(name), key: '\(pair.publicKey)', write: all, read: all}\n"
        }
        try Data("clients:\n\(text.joined())".utf8).write(to: URL(fileURLWithPath: clients))
        try directory.configure("curveKeyFile: \(serverKey)\nclientsFile: \(clients)\n")
        func connect(_ row: Int) throws -> TestClient {
            try TestClient(
                directory.endpoint, curve: .curveClient(serverKey: publicKey, keys: pairs[row]))
        }
        let now = currentMilliseconds()
        let frames = ["a", "b"].map {
            assignFrame([TestEvent($0, now)], producer: 3, sequence: 1)
        }
        var replies: [[UInt8]] = []
        for round in 0..<3 {
            let server = try directory.serve()
            let shop = try connect(0)
            let rival = try connect(1)
            let answers = [try shop.ask(frames[0]), try rival.ask(frames[1])]
            if round == 0 {
                replies = answers
                // Another body under the same number.
                #expect(try readError(shop.ask(frames[1]))?.code == .sequenceReused)
            }
            #expect(answers == replies)
            if round == 0 { server.kill() } else { #expect(server.terminate() == .exited(0)) }
        }
    }

    @Test func `SIGHUP reads the file of clients again`() throws {
        let directory = try ServedDirectory()
        let (serverKey, clients) = ("\(directory.folder)/server", "\(directory.folder)/clients")
        let publicKey = try CurveKeyFile.make(at: serverKey)
        let pair = try Curve.generateKeyPair()
        func write(_ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: clients))
        }
        try write("clients: [{name: shop, key: '\(pair.publicKey)', write: all, admin: all}]")
        try directory.configure("curveKeyFile: \(serverKey)\nclientsFile: \(clients)\n")
        let server = try directory.serve()
        let client = try TestClient(
            directory.endpoint, curve: .curveClient(serverKey: publicKey, keys: pair))
        #expect(try client.assignsRightly("a"))

        try write("clients: [{nam")
        server.signal(SIGHUP)
        try server.waitUntilLogged("whoever was authorized still is")
        #expect(try client.assignsRightly("b"))

        try write("clients: []")
        server.signal(SIGHUP)
        try server.waitUntilLogged("0 keys are authorized")
        #expect(try readError(client.ask(statusFrame()))?.code == .notPermitted)
        #expect(!server.log.contains(try CurveKeyFile.secretKey(at: serverKey)))
        #expect(server.terminate() == .exited(0))
    }
}

extension TestClient {
    /// What a look-up is refused with; nil when it is answered.
    borrowing func refusal(of visitor: String) throws -> ErrorCode? {
        try readError(ask(lookupFrame(visitor: visitor)))?.code
    }
}
