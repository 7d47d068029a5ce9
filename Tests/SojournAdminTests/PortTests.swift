import Foundation
import Logging
import SojournClient
import SojournServer
import SojournTestKit
import Testing

@testable import SojournAdmin

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite(.serialized) struct PortTests {
    @Test func `a service that runs is alive and ready`() async throws {
        let served = try await ServedPort()
        #expect(try await served.port.get("/healthz").status == 200)
        let ready = try await served.port.get("/readyz")
        #expect(ready.status == 200)
        #expect(ready.body == "ready\n")
    }

    @Test func `a service that starts is alive, but not ready`() async throws {
        let port = try await ServedPort.newPort()
        #expect(try await port.get("/healthz").status == 200)
        let ready = try await port.get("/readyz")
        #expect(ready.status == 503)
        #expect(ready.body.contains("starting"))
        #expect(try await port.get("/metrics").body.contains("sojourn_up 0"))
        await port.stop()
    }

    @Test func `a service that has stopped is neither`() async throws {
        let served = try await ServedPort()
        served.server.stop()
        #expect(try await served.port.get("/healthz").status == 503)
        #expect(try await served.port.get("/readyz").status == 503)
    }

    @Test
    func `draining, and a journal or archive that takes no more, are reasons not to be ready`() {
        typealias Gauge = (name: String, value: Int64)
        func reason(_ gauges: Gauge...) -> String? {
            Readiness.reasonAgainst(gauges.map { .init(name: $0.name, value: $0.value) })
        }
        #expect(reason(("draining", 0)) == nil)
        #expect(reason(("draining", 0), ("journal_available", 1)) == nil)
        #expect(reason(("draining", 1))?.contains("draining") == true)
        #expect(reason(("journal_available", 0))?.contains("journal") == true)
        // While sessions can wait, batches are taken.
        #expect(reason(("archive_available", 1), ("archive_writable", 0)) == nil)
        #expect(reason(("archive_available", 0), ("archive_writable", 1))?.contains("slow") == true)
        #expect(
            reason(("archive_available", 0), ("archive_writable", 0))?
                .contains("archive, which cannot be written") == true)
    }

    @Test func `a disk that takes no more makes a service not ready until it does again`()
        async throws
    {
        let directory = try ServedDirectory()
        let process = try directory.launch("--admin", "127.0.0.1:0")
        try process.waitUntilListening()
        let address = try #require(process.adminAddress)
        #expect(try await get(address, "/readyz").status == 200)

        try process.mayWrite(false)
        let client = try await SojournClient.connect(to: directory.endpoint)
        let event = Event(visitor: "a", kind: .view, name: "/")
        async let answer = client.assign([event], property: 1)
        try await eventually("not ready") {
            let ready = try await get(address, "/readyz")
            return ready.status == 503 && ready.body.contains("the journal cannot be written")
        }
        #expect(try await get(address, "/healthz").status == 200)

        try process.mayWrite(true)
        try await eventually("ready") { try await get(address, "/readyz").status == 200 }
        #expect(try await answer.assignments.count == 1)
        await client.close()
        #expect(process.terminate() == .exited(0))
    }

    @Test func `a service that recovers says so until it is there`() async throws {
        let port = try await ServedPort.newPort()
        #expect(try await port.get("/readyz").body == "starting: the journal is being read\n")
        let server = try SojournServer(ServerConfiguration(listens: ["tcp://127.0.0.1:*"]))
        port.serve(server)
        #expect(try await port.get("/readyz").body == "ready\n")
        await port.stop()
        await #expect(throws: URLError.self) { try await port.get("/readyz") }
    }

    // MARK: Who may ask

    static let hosts: [(host: String, status: Int)] = [
        ("localhost:5580", 200), ("LOCALHOST", 200), ("127.0.0.1", 200), ("127.9.8.7:1", 200),
        ("[::1]:5580", 200), ("evil.example", 403), ("evil.example:5580", 403),
        ("127.0.0.1.evil.example", 403), ("localhost.evil.example", 403), ("10.0.0.1", 403),
    ]

    @Test(arguments: hosts.indices)
    func `only the names of this machine are answered`(row: Int) {
        let (host, status) = Self.hosts[row]
        #expect(AdminGuard.isLocal(host: host) == (status == 200), "\(host)")
    }

    @Test func `a browser that was led here under another name is refused`() async throws {
        let port = try await ServedPort.newPort()
        #expect(try await RawRequest("GET /metrics", host: "evil.example").status(port) == 403)
        #expect(try await RawRequest("GET /metrics", host: "localhost").status(port) == 200)
        await port.stop()
    }

    @Test func `nothing can be changed here`() async throws {
        let port = try await ServedPort.newPort()
        let answer = try await port.get("/", method: "POST")
        #expect(answer.status == 405)
        #expect(answer.headers["allow"] == "GET, HEAD")
        #expect(try await port.get("/nothing").status == 404)
        let head = try await port.get("/metrics", method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty)
        #expect(Int(head.headers["content-length"] ?? "").map { $0 > 100 } == true)
        await port.stop()
    }

    @Test func `no answer lets a browser load anything from elsewhere`() async throws {
        let port = try await ServedPort.newPort()
        let headers = try await port.get("/healthz").headers
        #expect(headers["content-security-policy"]?.contains("default-src 'none'") == true)
        #expect(headers["x-content-type-options"] == "nosniff")
        #expect(headers["cache-control"] == "no-store")
        await port.stop()
    }

    // MARK: Where it is

    @Test func `a port that is taken is refused by name`() async throws {
        let port = try await ServedPort.newPort()
        let address = try AdminAddress(port.address)
        await #expect(throws: ServerError.addressInUse("\(address) (--admin)")) {
            try await AdminPort.start(
                AdminSettings(address), AdminSubject(.ephemeral), log: Logger(label: "test"))
        }
        await port.stop()
    }

    @Test func `a port can be on the newer loopback address`() async throws {
        let port = try await AdminPort.start(
            AdminSettings(AdminAddress("[::1]:0")), AdminSubject(.ephemeral),
            log: Logger(label: "test"))
        #expect(port.address.hasPrefix("[::1]:"))
        #expect(try await RawRequest("GET /healthz", host: port.address).status(port) == 200)
        await port.stop()
    }

    @Test(
        arguments: [
            "", "5580", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", ":5580", "example.org:80",
            "lo:5580", "1.2.3:80",
        ])
    func `an address that makes no sense is refused`(address: String) {
        #expect(throws: ServerError.self) { try AdminAddress(address) }
    }
}
