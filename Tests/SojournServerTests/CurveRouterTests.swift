import SojournModel
import SojournService
import SojournTestKit
import SojournWire
import Testing
import ZeroMQ

/// Routers and workers with CURVE, as processes.
@Suite(.serialized, .enabled(if: Curve.isAvailable), .timeLimit(.minutes(3)))
struct CurveRouterTests {
    private static let shop = RouterCluster.Client("shop", "read: [1], write: [1]")
    private static let rival = RouterCluster.Client("rival", "read: [1], write: [1]")
    private static let reader = RouterCluster.Client("reader", "read: [1]")
    /// Of which the first and the second worker have one each.
    private static var both: [TestEvent] {
        let now = currentMilliseconds()
        return [TestEvent("anna", now), TestEvent("a", now), TestEvent("anna", now + 1)]
    }

    @Test func `a client gets through a router what it has a right to`() throws {
        let cluster = try RouterCluster(clients: [Self.shop, Self.reader])
        let shop = try cluster.client("shop")
        let reader = try cluster.client("reader")
        let overseer = try cluster.client(RouterCluster.overseer)
        #expect(try overseer.waits { $0["workers_up"] == 2 })

        let assigned = try Assigned(shop.ask(assignFrame(Self.both, producer: 3, sequence: 1)))
        #expect(assigned.outcomes == [.new, .new, .extended])
        #expect(try reader.sessions(of: "anna").map(\.events) == [2])
        #expect(try reader.refusal(assignFrame(Self.both)) == .notPermitted)
        #expect(try reader.refusal(forgetFrame(visitor: "a")) == .notPermitted)
        // Workers take it for a part from a router, and have no archive.
        var report = ByteWriter()
        ReportRequest.encode(
            ReportQuestion(.summary),
            header: MessageHeader(operation: .report, property: PropertyID(1)), into: &report)
        #expect(try reader.refusal(report.array) == .noArchive)
        // He may, and the router may not.
        #expect(try overseer.refusal(forgetFrame(visitor: "a")) == .notPermitted)
        for property in [PropertyID(2), PropertyID(3)] {
            #expect(
                try shop.refusal(assignFrame(Self.both, property: property)) == .unknownProperty)
        }
        #expect(try shop.refusal(assignFrame(Self.both, isPart: true)) == .notPermitted)
        #expect(try Set(shop.gauges().keys) == ["draining", "uptime_milliseconds"])

        let gauges = try overseer.gauges()
        #expect(gauges["batches_split_total"] == 1)
        #expect(gauges["connections_established_total"] == 3)
        for (number, events) in [(0, 2), (1, 1)] {
            let worker = try cluster.client(RouterCluster.overseer, worker: number)
            let gauges = try worker.gauges()
            #expect(gauges["batches_total"] == 1)
            #expect(
                (gauges["events_new_total"] ?? 0) + (gauges["events_extended_total"] ?? 0) == events
            )
        }
    }

    @Test func `finished sessions go through a router to who may read all properties`() throws {
        let analyst = RouterCluster.Client("analyst", "read: all")
        let both = RouterCluster.Client("both", "read: [1, 2], write: [1, 2], admin: [1, 2]")
        let cluster = try RouterCluster(clients: [Self.reader, both, analyst], keepsData: true)
        let overseer = try cluster.client(RouterCluster.overseer)
        #expect(try overseer.waits { $0["workers_up"] == 2 })
        for partition in [UInt16(0), 40, 63] {
            for name in ["reader", "both"] {
                let client = try cluster.client(name)
                #expect(try client.refusal(fetchFrame(of: partition)) == .notPermitted)
            }
            let bytes = try cluster.client("analyst").ask(fetchFrame(of: partition))
            _ = try open(bytes, .fetch)
            // Bytes have no invalid patterns.
            let reply = try FetchReply.decode(body: Frame.body(of: unsafe bytes.span.bytes))
            let first: UInt16 = partition < 32 ? 0 : 32
            #expect(reply.firstPartition == first && reply.lastPartition == first + 31)
        }
        let readers = try cluster.client("analyst")
        #expect(try readers.refusal(fetchFrame(of: 64)) == .notOwner)
        // A worker has its own alone.
        let worker = try cluster.client(RouterCluster.overseer, worker: 0)
        #expect(try worker.refusal(fetchFrame(of: 31)) == nil)
        #expect(try worker.refusal(fetchFrame(of: 32)) == .notOwner)
    }

    @Test func `strangers reach neither routers nor workers, and are counted`() throws {
        let cluster = try RouterCluster(clients: [Self.shop])
        try cluster.makeKey("stranger")
        let overseer = try cluster.client(RouterCluster.overseer)
        #expect(try overseer.waits { $0["workers_up"] == 2 })
        for (name, server, counters) in [
            // Both see at once that they do not speak the same: the server may only see that it hangs up.
            (nil, nil, ["connections_other_mechanism_total", "connections_failed_total"]),
            ("stranger", "router0", ["connections_unauthorized_total"]),
            ("shop", "stranger", ["connections_wrong_server_key_total"]),
        ] as [(String?, String?, [String])] {
            let curve = try name.map { try cluster.curve($0, server: server ?? "") }
            let stranger = try TestClient(
                cluster.router(), curve: curve, patienceMilliseconds: 200)
            #expect(throws: NoReply.self) { try stranger.ask(statusFrame()) }
            let isCounted = try overseer.waits { gauges in
                counters.contains { gauges[$0] ?? 0 > 0 }
            }
            #expect(isCounted, "\(counters)")
        }
        // A client of the routers is none of the workers.
        let direct = try TestClient(
            cluster.worker(0), curve: cluster.curve("shop", server: "worker0"),
            patienceMilliseconds: 200)
        #expect(throws: NoReply.self) { try direct.ask(statusFrame()) }
        let worker = try cluster.client(RouterCluster.overseer, worker: 0)
        #expect(try worker.waits { $0["connections_unauthorized_total"] ?? 0 > 0 })
        #expect(try worker.gauges()["batches_total"] == 0)
    }

    @Test func `a worker takes parts and names of clients from routers alone`() throws {
        let cluster = try RouterCluster(clients: [Self.shop])
        // It may do everything, as itself.
        let overseer = try cluster.client(RouterCluster.overseer, worker: 0)
        let events = [TestEvent("anna", currentMilliseconds())]
        #expect(try overseer.refusal(assignFrame(events, isPart: true)) == .notPermitted)
        let named = ClientFrame.bytes(naming: "shop")
        try overseer.send(frames: [named, assignFrame(events)])
        #expect(try readError(overseer.receive())?.code == .notPermitted)
        #expect(try overseer.gauges()["batches_total"] == 0)
        #expect(try overseer.refusal(assignFrame(events)) == nil)
    }

    @Test func `a producer is the same through any router, and that of another client is not`()
        throws
    {
        let cluster = try RouterCluster(routers: 2, clients: [Self.shop, Self.rival])
        let frame = assignFrame(Self.both, producer: 5, sequence: 9)
        for router in 0...1 {
            let overseer = try cluster.client(RouterCluster.overseer, router: router)
            #expect(try overseer.waits { $0["workers_up"] == 2 })
        }
        let first = try cluster.client("shop", router: 0).ask(frame)
        #expect(try Assigned(first).outcomes == [.new, .new, .extended])
        #expect(try cluster.client("shop", router: 1).ask(frame) == first)
        let rival = try cluster.client("rival", router: 1).ask(frame)
        #expect(try Assigned(rival).outcomes == [.lateJoined, .extended, .extended])
        #expect(try cluster.client("rival", router: 0).ask(frame) == rival)
        for number in 0...1 {
            let worker = try cluster.client(RouterCluster.overseer, worker: number)
            #expect(try worker.gauges()["batches_total"] == 2)
            #expect(try worker.gauges()["repeated_batches_total"] == 2)
        }
    }

    @Test func `a client goes over to a new key, and is locked out, by SIGHUP`() throws {
        let old = RouterCluster.Client("shop", "read: [1], write: [1]", keys: ["old"])
        let cluster = try RouterCluster(clients: [old])
        try cluster.makeKey("new")
        let overseer = try cluster.client(RouterCluster.overseer)
        #expect(try overseer.waits { $0["workers_up"] == 2 })
        let client = try cluster.client("old")
        let frame = assignFrame(Self.both, producer: 7, sequence: 1)
        let reply = try client.ask(frame)
        #expect(try Assigned(reply).outcomes.count == 3)

        var changing = old
        changing.keys = ["old", "new"]
        try cluster.authorize([changing])
        let successor = try cluster.client("new")
        // The same name, so the same producers.
        #expect(try successor.ask(frame) == reply)
        #expect(try client.ask(frame) == reply)

        changing.keys = ["new"]
        try cluster.authorize([changing])
        #expect(try client.refusal(frame) == .notPermitted)
        #expect(try successor.ask(frame) == reply)
        try cluster.authorize([])
        #expect(try successor.refusal(frame) == .notPermitted)
        let late = try TestClient(
            cluster.router(), curve: cluster.curve("new", server: "router0"),
            patienceMilliseconds: 300)
        #expect(throws: NoReply.self) { try late.ask(frame) }
        for process in cluster.workers + cluster.routers {
            for name in ["router0", "worker0", "old"] {
                let secret = try cluster.secretKey(name)
                #expect(!process.log.contains(secret))
            }
            #expect(process.terminate() == .exited(0))
        }
    }

    @Test func `a router that workers take for another client says so, and waits`() throws {
        let cluster = try RouterCluster(clients: [Self.shop], unmarked: 0)
        try cluster.routers[0].waitUntilLogged("cannot be used: the key of this connection")
        let shop = try cluster.client("shop")
        #expect(try shop.refusal(assignFrame(Self.both)) == .unavailable)
    }
}

extension RouterCluster {
    /// The keys of a client and of the server that it takes the other side for.
    func curve(_ name: String, server: String) throws -> SocketOption {
        .curveClient(
            serverKey: try publicKey(server),
            keys: Curve.KeyPair(publicKey: try publicKey(name), secretKey: try secretKey(name)))
    }

    func client(_ name: String, router: Int = 0) throws -> TestClient {
        try TestClient(self.router(router), curve: curve(name, server: "router\(router)"))
    }

    func client(_ name: String, worker: Int) throws -> TestClient {
        try TestClient(self.worker(worker), curve: curve(name, server: "worker\(worker)"))
    }
}

extension TestClient {
    /// What a request is refused with; nil when it is answered.
    borrowing func refusal(_ frame: [UInt8]) throws -> ErrorCode? {
        try readError(ask(frame))?.code
    }
}
