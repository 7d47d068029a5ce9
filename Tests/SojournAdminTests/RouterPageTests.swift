import Foundation
import SojournClient
import SojournModel
import SojournTestKit
import Testing

/// The page of a router: the figures of all workers, as one process that has everything shows them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RouterPageTests {
    private static let sample = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Scripts/sample.csv").path

    /// Days that are neither those of UTC nor of the machine.
    private static let properties = """
        properties:
          - {id: 1, name: shop, timeZone: America/New_York}
          - {id: 2, name: app}
        """

    private static let queries = [
        "/", "/?period=today", "/?period=yesterday", "/?property=2&period=all",
        "/?period=all&more=landingPage&from=/",
        "/?first=2026-03-02&last=2026-03-03&device=mobile&step=/product/*&step=/basket"
            + "&step=/checkout",
    ]

    /// A service with everything, and a file for routers.
    private final class Whole {
        let directory: ServedDirectory
        let process: ServerProcess
        let address: String
        /// Options of a router with a page.
        let routerOptions: [String]

        init() throws {
            directory = try ServedDirectory()
            try directory.configure(properties)
            process = try directory.launch("--admin", "127.0.0.1:0")
            try process.waitUntilListening()
            address = try #require(process.adminAddress)
            let file = "\(directory.folder)/router.yaml"
            try Data(properties.utf8).write(to: URL(fileURLWithPath: file))
            routerOptions = ["--admin", "127.0.0.1:0", "--config", file]
        }

        /// Sends the sample to the service, and to a router.
        func feed(_ router: String) throws {
            for endpoint in [directory.endpoint, router] {
                try directory.run(
                    ServerProcess.executable.path, "assign", sample, "--connect", endpoint,
                    "--out", "/dev/null")
            }
        }
    }

    /// What a page shows, but for how many sessions are live: each worker ends its own by its own clock.
    private static func figures(_ address: String, _ query: String) async throws -> String {
        let page = try await get(address, query)
        guard page.status == 200, let start = page.body.range(of: "<main id=\"main\">"),
            let end = page.body.range(of: "</main>")
        else { throw ServerProcess.Failure("no figures: \(page.status) \(page.body)") }
        return String(page.body[start.lowerBound..<end.lowerBound])
            .replacing(/<strong>[0-9,]+<\/strong> sessions? (is|are) still live[^;]*;/, with: "")
    }

    private static func expectSamePages(_ one: String, _ router: String) async throws {
        for query in queries {
            let expected = try await figures(one, query)
            #expect(!expected.contains("This could not be answered"), "\(query)")
            #expect(try await figures(router, query) == expected, "\(query)")
        }
    }

    /// One process and a router with two workers, which have the same events, and where the router's page is.
    private static func fedAlike() throws -> (Whole, RouterCluster, String) {
        let whole = try Whole()
        let cluster = try RouterCluster(
            keepsData: true, configuration: properties, routerOptions: whole.routerOptions)
        try whole.feed(cluster.router())
        return (whole, cluster, try #require(cluster.routers[0].adminAddress))
    }

    @Test func `a browser sees at a router what it sees at one process with the same events`()
        async throws
    {
        let (whole, cluster, address) = try Self.fedAlike()
        try await Self.expectSamePages(whole.address, address)

        let query = try #require(Self.queries.last)
        let one = try await Browser.look(at: "http://\(whole.address)\(query)", name: "whole")
        let seen = try await Browser.look(at: "http://\(address)\(query)", name: "router")
        #expect(seen.complaints == [])
        for request in seen.requests where !request.hasPrefix("data:") {
            #expect(request.hasPrefix("http://\(address)/"))
        }
        #expect(seen.title == "shop · Sojourn" && seen.title == one.title)
        #expect(seen.tiles == one.tiles && seen.tiles["Sessions"].flatMap { Int($0) } ?? 0 > 0)
        #expect(seen.tables == one.tables && seen.tables["funnel"]?.count == 3)
        #expect(seen.headings == one.headings)
        #expect(seen.text.contains("all workers together · times in America/New_York"))
        // What a router knows, and no zero for what it does not.
        #expect(Set(seen.live.keys) == ["partitions", "rate"])
        #expect(seen.live["partitions"] == "64 of 64")
        #expect(seen.keyboard.missed == [] && seen.keyboard.withoutFocusRing == [])
        #expect(seen.phoneWidth == 390)
        let live = try await get(address, "/live").body
        let rows = try String(contentsOfFile: Self.sample, encoding: .utf8).split(separator: "\n")
        #expect(live.contains("\"partitions\":64,\"partitions_up\":64,"))
        #expect(live.contains("\"events\":\(rows.count - 1)}"))
        #expect(!live.contains("live_"))

        // A page of another site is led nowhere, and one of a property that is not there says so.
        #expect(try await RawRequest("GET /", host: "evil.example").answer(address).status == 403)
        #expect(try await get(address, "/?property=3").status == 400)
        #expect(cluster.routers[0].terminate() == .exited(0))
        #expect(whole.process.terminate() == .exited(0))
    }

    @Test func `while a worker is away there are no figures, and when it is back there are`()
        async throws
    {
        let (whole, cluster, address) = try Self.fedAlike()
        let before = try await Self.figures(address, "/")

        cluster.workers[1].kill()
        try await eventually("the page says that a worker is gone") {
            let page = try await get(address, "/")
            return page.status == 503
                && page.body.contains("32 of 64 partitions are missing, and no report is made")
        }
        let page = try await get(address, "/?period=all")
        #expect(page.body.contains("ipc://\(cluster.folder)/worker1.socket is not there"))
        #expect(!page.body.contains("class=\"tile\"") && !page.body.contains("<table"))
        #expect(try await get(address, "/live").body.contains("\"partitions_up\":32,"))

        let worker = try cluster.restart(worker: 1)
        try await eventually("the page is back") {
            try await get(address, "/").status == 200
        }
        #expect(try await Self.figures(address, "/") == before)
        #expect(worker.terminate() == .exited(0))
        #expect(whole.process.terminate() == .exited(0))
    }

    @Test func `a property that the workers do not have is theirs to speak of`() async throws {
        let cluster = try RouterCluster(
            keepsData: true, configuration: "properties: [{id: 7}]",
            routerOptions: ["--admin", "127.0.0.1:0"])
        let address = try #require(cluster.routers[0].adminAddress)
        try await eventually("ready") { try await get(address, "/readyz").status == 200 }
        // Nobody told the router of another.
        let page = try await get(address, "/")
        #expect(page.status == 503)
        #expect(page.body.contains("property 1 is not configured on this server"))
    }

    @Test func `before the first event it is the day of the router`() async throws {
        let cluster = try RouterCluster(
            keepsData: true, routerOptions: ["--admin", "127.0.0.1:0"])
        let address = try #require(cluster.routers[0].adminAddress)
        try await eventually("ready") { try await get(address, "/readyz").status == 200 }
        let page = try await get(address, "/?period=today")
        #expect(page.status == 200 && page.body.contains("No sessions began in this period"))
        let year = Calendar(identifier: .gregorian).component(.year, from: Date())
        #expect(page.body.contains("\(year)</h1>"))
    }

    @Test func `workers with CURVE answer the page of a router, and of no other client`()
        async throws
    {
        let cluster = try RouterCluster(
            routers: 2, clients: [.init("shop", "read: [1], write: [1]")], unmarked: 1,
            keepsData: true, routerOptions: ["--admin", "127.0.0.1:0"])
        let addresses = try cluster.routers.map { try #require($0.adminAddress) }
        var options = SojournClient.Options()
        options.curve = try SojournClient.CurveKeys(
            server: cluster.publicKey("router0"), secret: cluster.secretKey("shop"))
        let client = try await SojournClient.connect(to: cluster.router(), options: options)
        // One visitor of each worker.
        _ = try await client.assign(
            ["anna", "a"].map { Event(visitor: $0, kind: .view, name: "/") }, property: 1)
        await client.close()
        let page = try await get(addresses[0], "/?period=all")
        #expect(page.status == 200)
        #expect(page.body.contains("<dt>Sessions</dt><dd><strong>2</strong>"))
        #expect(!page.body.contains("This could not be answered"))

        let refused = try await get(addresses[1], "/")
        #expect(refused.status == 503 && !refused.body.contains("class=\"tile\""))
        #expect(refused.body.contains("the router waits for workers"))
    }

    @Test func `an elastic cluster has the page of one process, whoever serves its partitions`()
        async throws
    {
        let database = try PostgresServer()
        let whole = try Whole()
        let service = try ElasticService(
            configuration: Self.properties, options: ["--archive", database.address])
        let workers = [try service.worker("a"), try service.worker("b")]
        try workers[0].waitUntilLogged("claimed with epoch")
        let router = try service.router(options: whole.routerOptions)
        try router.waitUntilLogged("all 4 partitions have a worker")
        let address = try #require(router.adminAddress)
        try whole.feed(service.endpoint)
        try await Self.expectSamePages(whole.address, address)
        #expect(try await get(address, "/live").body.contains("\"partitions_up\":4,"))

        // The other one has all partitions then; until it has, the page says what is missing.
        workers[1].kill()
        try await eventually("the page is back") {
            let page = try await get(address, "/")
            if page.status == 200, !page.body.contains("This could not be answered") { return true }
            let says = page.body.contains("missing") || page.body.contains("waits for workers")
            #expect(says, "\(page.body)")
            return false
        }
        try await Self.expectSamePages(whole.address, address)
        #expect(router.terminate() == .exited(0) && workers[0].terminate() == .exited(0))
        #expect(whole.process.terminate() == .exited(0))
    }
}
