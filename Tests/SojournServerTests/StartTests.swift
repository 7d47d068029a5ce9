import Foundation
import SojournModel
import SojournServer
import SojournService
import Testing
import ZeroMQ

@Suite(.serialized) struct StartTests {
    private func refusal(_ listens: [String], insecure: Bool = false) -> ServerError? {
        do throws(ServerError) {
            _ = try SojournServer {
                $0.listens = listens
                $0.allowsInsecureListen = insecure
            }
            return nil
        } catch { return error }
    }

    @Test func `a port that is taken is refused by name`() throws {
        let server = try SojournServer()
        let endpoint = server.endpoints[0]
        #expect(refusal([endpoint]) == .addressInUse(endpoint))
        #expect(try TestClient(server).assignsRightly("a"))
    }

    @Test func `a path that is taken is refused, and the first server keeps it`() throws {
        let endpoint = "ipc://" + temporaryPath("taken.sock")
        let server = try SojournServer { $0.listens = [endpoint] }
        #expect(refusal([endpoint]) == .addressInUse(endpoint))
        #expect(refusal(["tcp://127.0.0.1:*", endpoint]) == .addressInUse(endpoint))
        #expect(try TestClient(server).assignsRightly("a"))
    }

    @Test func `a path where another program listens is refused`() throws {
        let path = temporaryPath("other.sock")
        let endpoint = "ipc://\(path)"
        // libzmq leaves it behind.
        defer { removeFile(path) }
        let other = try Socket(.rep, in: Context())
        try other.bind(endpoint)
        #expect(refusal([endpoint]) == .addressInUse(endpoint))
    }

    @Test func `what a server that was killed left behind is taken over`() throws {
        let path = temporaryPath("stale.sock")
        do {
            // libzmq leaves the file when it closes.
            let dead = try Socket(.rep, in: Context())
            try dead.bind("ipc://\(path)")
        }
        try Data().write(to: URL(fileURLWithPath: path + ".lock"))
        let server = try SojournServer { $0.listens = ["ipc://\(path)"] }
        #expect(try TestClient(server).assignsRightly("a"))
    }

    @Test func `a file that is no socket is left alone`() throws {
        let path = temporaryPath("file")
        let content = Data("precious".utf8)
        try content.write(to: URL(fileURLWithPath: path))
        defer { removeFile(path) }
        guard case .badEndpoint("ipc://\(path)", _) = refusal(["ipc://\(path)"]) else {
            Issue.record("it was taken")
            return
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
    }

    @Test(arguments: [
        "", "5571", "127.0.0.1:5571", "tcp://127.0.0.1", "tcp://:5571", "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:x", "udp://127.0.0.1:5571", "ipc://", "ipc://@",
        "ipc:///no/such/folder/sojourn.sock", "ipc:///" + String(repeating: "a", count: 107),
    ])
    func `an endpoint that makes no sense is refused`(endpoint: String) {
        guard case .badEndpoint(endpoint, let reason) = refusal([endpoint]) else {
            Issue.record("it was taken, or refused for something else")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test(arguments: [
        "tcp://0.0.0.0:*", "tcp://*:*", "tcp://10.1.2.3:*", "tcp://eth0:*",
        "tcp://127.evil.example:*",
    ])
    func `an address that others can reach must be allowed`(endpoint: String) {
        #expect(refusal([endpoint]) == .insecureListen(endpoint))
    }

    @Test(arguments: ["tcp://127.0.0.1:*", "tcp://127.1.2.3:0", "tcp://localhost:*", "tcp://lo:*"])
    func `addresses of this machine alone are fine`(endpoint: String) throws {
        let server = try SojournServer { $0.listens = [endpoint] }
        #expect(try TestClient(server).assignsRightly("a"))
    }

    @Test func `all addresses are fine when it was asked for`() {
        #expect(refusal(["tcp://*:*"], insecure: true) == nil)
    }

    @Test func `an address of another machine is refused`() {
        let endpoint = "tcp://192.0.2.1:*"
        #expect(refusal([endpoint], insecure: true) == .addressNotAvailable(endpoint))
    }

    @Test func `a name without a file works as well`() throws {
        let endpoint = "ipc://@sojourn-test-\(UInt64.random(in: 0 ... .max))"
        let server = try SojournServer { $0.listens = [endpoint] }
        #expect(try TestClient(server).assignsRightly("a"))
        #expect(refusal([endpoint]) == .addressInUse(endpoint))
    }

    @Test func `every error is a sentence that names the endpoint`() {
        let endpoint = "tcp://127.0.0.1:80"
        let errors: [ServerError] = [
            .addressInUse(endpoint), .permissionDenied(endpoint), .addressNotAvailable(endpoint),
            .insecureListen(endpoint), .badEndpoint(endpoint, reason: "for a test"),
        ]
        for error in errors { #expect("\(error)".contains(endpoint)) }
    }
}
