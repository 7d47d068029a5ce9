import Foundation
import Logging
import SojournServer
import SojournTestKit
import Testing

@testable import SojournAdmin

/// The admin port with a token: who has to show it, how, and what becomes of those who do not.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TokenTests {
    /// A folder with a token's file, and a port that asks for it.
    private struct LockedPort {
        let directory: ServedDirectory
        let file: String
        let token: String
        let port: AdminPort

        init() async throws {
            directory = try ServedDirectory()
            file = "\(directory.folder)/token"
            try AdminToken.make(at: file)
            token = try TokenTests.token(in: file)
            port = try await ServedPort.newPort(tokenFile: file)
        }

        func get(
            _ path: String, method: String = "GET", authorization: String? = nil
        ) async throws -> Answer {
            try await TokenTests.get(
                port.address, path, method: method, authorization: authorization)
        }
    }

    /// What stands in a file beside the comment.
    private static func token(in file: String) throws -> String {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        return String(try #require(text.split(separator: "\n").last))
    }

    private static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }

    private static func get(
        _ address: String, _ path: String, method: String = "GET", authorization: String? = nil
    ) async throws -> Answer {
        try await RawRequest("\(method) \(path)", host: address, authorization: authorization)
            .answer(address)
    }

    private static let guarded = [
        "/", "/metrics", "/live", "/nothing", "/healthz/../metrics", "/?/healthz", "/METRICS",
    ]

    @Test func `who shows the token is answered, and who does not learns nothing`() async throws {
        let locked = try await LockedPort()
        let right = "Bearer \(locked.token)"
        let other = "\(locked.token.first == "x" ? "y" : "x")\(locked.token.dropFirst())"
        for path in Self.guarded {
            let known = try await locked.get(path, authorization: right)
            #expect(known.status != 401, "\(path)")
            for (shown, sentence) in [
                (nil, "show the token of this port"), ("Bearer", "show the token"),
                ("Digest \(locked.token)", "show the token"), ("Basic ???", "show the token"),
                ("Bearer \(locked.token)x", "this is not the token"),
                ("Bearer \(locked.token.dropLast())", "this is not the token"),
                ("Bearer \(other)", "this is not the token"),
                (Self.basic(locked.token, ""), "this is not the token"),
            ] {
                let answer = try await locked.get(path, authorization: shown)
                #expect(answer.status == 401, "\(path) with \(shown ?? "nothing")")
                #expect(answer.body.hasPrefix(sentence) && !answer.body.contains(locked.token))
                // One line, and nothing about what there is.
                #expect(answer.body.split(separator: "\n").count == 1)
                #expect(answer.headers["www-authenticate"]?.contains("Bearer") == true)
                #expect(answer.headers["cache-control"] == "no-store")
            }
        }
        await locked.port.stop()
    }

    @Test func `a browser shows it as the password of any name`() async throws {
        let locked = try await LockedPort()
        for shown in [
            Self.basic("anna", locked.token), Self.basic("", locked.token),
            "basic  " + Self.basic("a", locked.token).dropFirst(6), "bearer \(locked.token)",
        ] {
            #expect(try await locked.get("/metrics", authorization: shown).status == 200)
        }
        // What a browser looks for first, so that it asks the person before it.
        let challenge = try await locked.get("/").headers["www-authenticate"]
        #expect(challenge?.hasPrefix("Basic realm=") == true)
        await locked.port.stop()
    }

    @Test func `a browser that was given it shows the page, and keeps its figures up to date`()
        async throws
    {
        let locked = try await LockedPort()
        let server = try SojournServer(ServerConfiguration(listens: ["tcp://127.0.0.1:*"]))
        locked.port.serve(server)
        // As a person does who is asked for a name and a password.
        let seen = try await Browser.look(
            at: "http://anna:\(locked.token)@\(locked.port.address)/", name: "token")
        #expect(seen.title == "default · Sojourn")
        #expect(seen.live["sessions"] == "0")
        await locked.port.stop()
        server.stop()
    }

    @Test func `whether a service is alive and ready is told to everybody`() async throws {
        let locked = try await LockedPort()
        #expect(try await locked.get("/healthz").status == 200)
        #expect(try await locked.get("/readyz").status == 503)
        #expect(try await locked.get("/healthz", method: "POST").status == 405)
        await locked.port.stop()
    }

    @Test func `with a token a proxy may ask under any name`() async throws {
        let locked = try await LockedPort()
        let foreign = "sojourn.example"
        let known = RawRequest(
            "GET /metrics", host: foreign, authorization: "Bearer \(locked.token)")
        #expect(try await known.status(locked.port) == 200)
        #expect(try await RawRequest("GET /metrics", host: foreign).status(locked.port) == 401)
        await locked.port.stop()
    }

    @Test func `those who were refused are counted by what was wrong`() async throws {
        let locked = try await LockedPort()
        for _ in 0..<2 { _ = try await locked.get("/metrics") }
        for _ in 0..<3 { _ = try await locked.get("/", authorization: "Bearer no") }
        let metrics = try await locked.get(
            "/metrics", authorization: "Bearer \(locked.token)")
        #expect(
            metrics.body.contains(
                """
                # TYPE sojourn_admin_refusals_total counter
                sojourn_admin_refusals_total{reason="no_token"} 2
                sojourn_admin_refusals_total{reason="wrong_token"} 3
                sojourn_admin_refusals_total{reason="foreign_host"} 0

                """))
        await locked.port.stop()

        let open = try await ServedPort.newPort()
        #expect(try await RawRequest("GET /metrics", host: "evil.example").status(open) == 403)
        let counted = try await open.get("/metrics").body
        #expect(counted.contains("\nsojourn_admin_refusals_total{reason=\"foreign_host\"} 1\n"))
        await open.stop()
    }

    @Test func `a token that was replaced counts from then on, and one with a fault does not`()
        async throws
    {
        let locked = try await LockedPort()
        func status(_ token: String) async throws -> Int {
            try await locked.get("/metrics", authorization: "Bearer \(token)").status
        }
        try FileManager.default.removeItem(atPath: locked.file)
        #expect(throws: ConfigurationError.self) { try locked.port.reloadToken() }
        #expect(try await status(locked.token) == 200)

        try AdminToken.make(at: locked.file)
        let new = try Self.token(in: locked.file)
        #expect(new != locked.token)
        #expect(try await status(new) == 401)
        try locked.port.reloadToken()
        #expect(try await status(new) == 200)
        #expect(try await status(locked.token) == 401)
        await locked.port.stop()
    }

    // MARK: The command

    @Test(arguments: ["0.0.0.0:0", "*:0", "[::]:0", "10.1.2.3:5580"])
    func `outside of this machine no port opens without a token`(address: String) throws {
        let directory = try ServedDirectory()
        let refusal = try directory.refusal("--admin", address)
        #expect(refusal.code == 78)
        #expect(refusal.words.contains("nobody is asked who he is"))
        #expect(refusal.words.contains("--admin-token-file FILE"))
        // Before it did anything.
        #expect(!FileManager.default.fileExists(atPath: directory.data))
    }

    @Test func `a token that others can read is refused`() throws {
        let directory = try ServedDirectory()
        let file = "\(directory.folder)/token"
        try directory.run(ServerProcess.executable.path, "keygen", "--token", file)
        #expect(try Self.token(in: file).count == 43)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
        try directory.configure("admin: 127.0.0.1:0\nadminTokenFile: \(file)\n")
        let refusal = try directory.refusal()
        #expect(refusal.code == 78)
        #expect(refusal.words.contains("others can read the token; run chmod 600 \(file)"))
    }

    @Test func `with a token the port is open to others, and SIGHUP reads it again`()
        async throws
    {
        let directory = try ServedDirectory()
        let file = "\(directory.folder)/token"
        try directory.run(ServerProcess.executable.path, "keygen", "--token", file)
        let old = try Self.token(in: file)
        try directory.configure("admin: 0.0.0.0:0\nadminTokenFile: \(file)\n")
        let process = try directory.launch()
        try process.waitUntilListening()
        let address = try #require(process.adminAddress)
            .replacingOccurrences(of: "0.0.0.0", with: "127.0.0.1")
        func status(_ token: String) async throws -> Int {
            try await Self.get(address, "/metrics", authorization: "Bearer \(token)").status
        }
        #expect(process.log.contains("the admin port does not encrypt"))
        #expect(try await Self.get(address, "/metrics").status == 401)
        #expect(try await Self.get(address, "/readyz").status == 200)
        #expect(try await status(old) == 200)

        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        process.signal(SIGHUP)
        try process.waitUntilLogged("the token that the admin port had still counts")
        #expect(try await status(old) == 200)

        try FileManager.default.removeItem(atPath: file)
        try directory.run(ServerProcess.executable.path, "keygen", "--token", file)
        process.signal(SIGHUP)
        try process.waitUntilLogged("\(file) was read again")
        #expect(try await status(old) == 401)
        #expect(try await status(Self.token(in: file)) == 200)
        #expect(!process.log.contains(old))
        #expect(process.terminate() == .exited(0))
    }

    @Test func `a router asks for the token too`() async throws {
        let directory = try ServedDirectory()
        let file = "\(directory.folder)/token"
        try AdminToken.make(at: file)
        let cluster = try RouterCluster(
            routerOptions: ["--admin", "127.0.0.1:0", "--admin-token-file", file])
        let address = try #require(cluster.routers[0].adminAddress)
        let right = "Bearer \(try Self.token(in: file))"
        for path in Self.guarded {
            #expect(try await Self.get(address, path).status == 401, "\(path)")
            let known = try await Self.get(address, path, authorization: right)
            #expect(known.status != 401, "\(path)")
        }
        #expect(try await Self.get(address, "/metrics", authorization: right).status == 200)
        #expect(try await Self.get(address, "/live", authorization: right).status == 200)
        #expect(try await Self.get(address, "/healthz").status == 200)
        try FileManager.default.removeItem(atPath: file)
        try AdminToken.make(at: file)
        cluster.routers[0].signal(SIGHUP)
        try cluster.routers[0].waitUntilLogged("\(file) was read again")
        #expect(try await Self.get(address, "/metrics", authorization: right).status == 401)
        #expect(cluster.routers[0].terminate() == .exited(0))
    }
}
