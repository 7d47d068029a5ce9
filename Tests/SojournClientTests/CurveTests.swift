import Foundation
import SojournClient
import SojournModel
import SojournServer
import SojournService
import Testing
import ZeroMQ

@Suite(.serialized, .enabled(if: Curve.isAvailable)) struct CurveTests {
    /// A server that knows one client.
    private func serve(
        _ client: Curve.KeyPair
    ) throws -> (server: SojournServer, publicKey: String) {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("sojourn-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { _ = try? FileManager.default.removeItem(at: folder) }
        let clients = folder.appendingPathComponent("clients.yaml")
        try Data(
            "clients: [{name: shop, key: '\(client.publicKey)', read: [1], write: [1]}]".utf8
        ).write(to: clients)
        let keys = try Curve.generateKeyPair()
        var configuration = ServerConfiguration(listens: ["tcp://127.0.0.1:*"])
        configuration.curve = try CurveSettings(
            secretKey: keys.secretKey, clientsFile: clients.path)
        return (try SojournServer(configuration), keys.publicKey)
    }

    @Test func `an authorized client is served`() async throws {
        let pair = try Curve.generateKeyPair()
        let (server, publicKey) = try serve(pair)
        var options = SojournClient.Options()
        options.curve = try SojournClient.CurveKeys(server: publicKey, secret: pair.secretKey)
        let client = try await SojournClient.connect(to: server.endpoints[0], options: options)
        let answer = try await client.assign(
            [Event(visitor: "anna", kind: .view, name: "/home")], property: 1)
        #expect(answer.assignments.count == 1)
        let refused = await #expect(throws: SojournError.self) {
            try await client.assign([Event(visitor: "anna", kind: .view)], property: 2)
        }
        #expect(refused?.refusal?.code == .unknownProperty)
        await client.close()
    }

    @Test func `a stranger, a wrong key of the server and plain text reach nobody`() async throws {
        let pair = try Curve.generateKeyPair()
        let (server, publicKey) = try serve(pair)
        let stranger = try SojournClient.CurveKeys(
            server: publicKey, secret: Curve.generateKeyPair().secretKey)
        let mistaken = try SojournClient.CurveKeys(
            server: Curve.generateKeyPair().publicKey, secret: pair.secretKey)
        for keys in [stranger, mistaken, nil] {
            var options = SojournClient.Options()
            options.connectTimeout = .milliseconds(500)
            options.greetingTimeout = .milliseconds(250)
            options.curve = keys
            let error = await #expect(throws: SojournError.self) {
                try await SojournClient.connect(to: server.endpoints[0], options: options)
            }
            #expect(error?.code == .unreachable)
        }
    }

    @Test func `what is no key is refused at once, and no key is ever shown`() throws {
        let pair = try Curve.generateKeyPair()
        let bad: [(server: String, secret: String)] = [
            ("short", pair.secretKey), (pair.publicKey, "short"),
            (pair.publicKey, String(repeating: "~", count: 40)),
        ]
        for (server, secret) in bad {
            let error = #expect(throws: SojournError.self) {
                try SojournClient.CurveKeys(server: server, secret: secret)
            }
            #expect(error?.code == .invalidArgument && error?.message.contains(secret) == false)
        }
        let keys = try SojournClient.CurveKeys(server: pair.publicKey, secret: pair.secretKey)
        #expect(!"\(keys) \(String(reflecting: keys))".contains(pair.secretKey))
        #expect(keys.publicKey == pair.publicKey)
    }
}
