import Foundation
import SojournModel
import SojournServer
import SojournService
import Testing
import ZeroMQ

@Suite struct ClientsFileTests {
    private static let key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
    private static let other = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

    private func parse(_ text: String) throws -> ClientDirectory {
        try ClientsFile.parse(text, file: "clients.yaml")
    }

    @Test func `a file says who may do what`() throws {
        let directory = try parse(
            """
            clients:
              - name: shop
                key: '\(Self.key)'
                read: [1]
                write: [1, 2]
              - name: operations
                keys: ['\(Self.other)', '\(String(Self.key.reversed()))']
                admin: all
                read: all
                eventsPerSecond: off
            """)
        #expect(directory.count == 3 && directory.names == ["shop", "operations"])
        guard case .client(let shop) = directory.caller(key: Self.key),
            case .client(let operations) = directory.caller(key: Self.other)
        else {
            Issue.record("a client is missing")
            return
        }
        #expect(shop.name == "shop")
        #expect(shop.rights[PropertyID(1)] == [.read, .write])
        #expect(shop.rights[PropertyID(2)] == .write && shop.rights[PropertyID(3)] == [])
        #expect(shop.rights.everywhere == [])
        #expect(shop.eventsPerSecond == ClientsFile.defaultEventsPerSecond)
        #expect(operations.rights[PropertyID(77)] == [.read, .admin])
        #expect(operations.eventsPerSecond == nil)
        #expect(directory.caller(key: String(Self.key.reversed())) == .client(operations))
        for stranger in [nil, "", "short", String(Self.key.dropLast()) + "x", Self.key + "x"] {
            #expect(directory.caller(key: stranger) == .stranger)
        }
    }

    @Test func `a router is marked as one`() throws {
        let directory = try parse(
            "clients: [{name: r, key: '\(Self.key)', router: on}, {name: c, key: '\(Self.other)'}]")
        #expect(directory.caller(key: Self.key).isRouter)
        #expect(directory.caller(key: Self.key).rights == Rights())
        #expect(!directory.caller(key: Self.other).isRouter)
    }

    @Test(arguments: ["", "# nobody yet\n", "clients: []"])
    func `a file without clients lets nobody in`(text: String) throws {
        #expect(try parse(text).count == 0)
    }

    static let faults: [(text: String, says: String)] = [
        ("clients:\n  - key: 'a'", "name is missing"),
        ("clients:\n  - name: a", "key is missing"),
        ("clients:\n  - name: a\n    key: 'too short'", "40 characters"),
        ("clients:\n  - name: a\n    key: '\(key)'\n    keys: []", "both key and keys"),
        ("clients:\n  - name: a\n    keys: []", "1 to 8 keys"),
        ("clients:\n  - name: a\n    keys: [a, b, c, d, e, f, g, h, i]", "1 to 8 keys"),
        ("clients:\n  - name: a\n    key: '\(key)'\n    raed: [1]", "did you mean read"),
        ("clients:\n  - name: a\n    key: '\(key)'\n    read: everything", "write all, or a list"),
        ("clients:\n  - name: a\n    key: '\(key)'\n    read: [shop]", "no whole number"),
        ("clients:\n  - name: a\n    key: '\(key)'\n    eventsPerSecond: 0", "no whole number"),
        (
            "clients:\n  - name: a\n    key: '\(key)'\n  - name: b\n    key: '\(key)'",
            "stands here twice"
        ),
        (
            "clients:\n  - name: a\n    key: '\(key)'\n  - name: a\n    key: '\(other)'",
            "another client has the name"
        ),
        ("clients:\n  - name: a\n    key: '\(key)'\n    router: perhaps", "neither on nor off"),
        ("clients: yes", "a list of clients is expected"),
        ("client: []", "did you mean clients"),
    ]

    @Test(arguments: faults.indices)
    func `a fault is named, and never a key`(row: Int) throws {
        let (text, says) = Self.faults[row]
        let error = try #require(throws: ConfigurationError.self) { try parse(text) }
        #expect("\(error)".contains(says), "\(error)")
        #expect("\(error)".hasPrefix("clients.yaml:") && !"\(error)".contains(Self.key))
    }

    @Test func `a file with more clients than there may be is refused`() throws {
        let text = "clients:\n" + String(repeating: "  - {}\n", count: 10_001)
        let error = try #require(throws: ConfigurationError.self) { try parse(text) }
        #expect(error.reason.contains("more than 10000 clients"))
    }

    // MARK: Keys

    private func folder() throws -> String {
        let path = temporaryPath("keys")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        return path
    }

    @Test func `keys are made, read again, and never replaced`() throws {
        let folder = try folder()
        defer { removeFile(folder) }
        let path = "\(folder)/server"
        let publicKey = try CurveKeyFile.make(at: path)
        #expect(try CurveKeyFile.publicKey(at: path + ".pub") == publicKey)
        let secret = try CurveKeyFile.secretKey(at: path)
        #expect(try Curve.publicKey(forSecretKey: secret) == publicKey)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(throws: FileRefused.self) { try CurveKeyFile.make(at: path) }
        // Half a pair is never left behind.
        removeFile(path + ".pub")
        #expect(throws: FileRefused.self) { try CurveKeyFile.make(at: path) }
        #expect(!FileManager.default.fileExists(atPath: path + ".pub"))
        #expect(try CurveKeyFile.secretKey(at: path) == secret)
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660])
    func `a secret key that others can read is refused`(mode: Int) throws {
        let folder = try folder()
        defer { removeFile(folder) }
        let path = "\(folder)/server"
        _ = try CurveKeyFile.make(at: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        let error = try #require(throws: ConfigurationError.self) {
            try CurveKeyFile.secretKey(at: path)
        }
        #expect(error.reason.contains("chmod 600"))
    }

    @Test func `what is no key is refused without being shown`() throws {
        let folder = try folder()
        defer { removeFile(folder) }
        let path = "\(folder)/server"
        let secret = try Curve.generateKeyPair().secretKey
        for text in [
            "", "# only a comment\n", "\(secret)\n\(secret)\n", "\(secret)x\n", "key: \(secret)\n",
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            let error = try #require(throws: ConfigurationError.self) {
                try CurveKeyFile.secretKey(at: path)
            }
            #expect(!"\(error)".contains(secret))
        }
        let publicKey = try Curve.generateKeyPair().publicKey
        try Data("# \(path)\n#\n\n  \(publicKey)  \r\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try CurveKeyFile.publicKey(at: path) == publicKey)
    }

    @Test func `key and clients go together`() throws {
        let folder = try folder()
        defer { removeFile(folder) }
        _ = try CurveKeyFile.make(at: "\(folder)/server")
        let clients = "\(folder)/clients.yaml"
        try Data("clients: []".utf8).write(to: URL(fileURLWithPath: clients))

        var settings = ServerSettings()
        settings.curveKeyFile = "\(folder)/server"
        #expect(throws: ConfigurationError.self) { try settings.resolve() }
        settings.clientsFile = clients
        let curve = try #require(try settings.resolve().0.curve)
        #expect(try curve.publicKey == CurveKeyFile.publicKey(at: "\(folder)/server.pub"))
        let secret = try CurveKeyFile.secretKey(at: "\(folder)/server")
        #expect(!"\(curve) \(String(reflecting: curve))".contains(secret))
        settings.curveKeyFile = nil
        #expect(throws: ConfigurationError.self) { try settings.resolve() }

        // From the environment the key itself, or its file; an option stands over both.
        var surroundings = try ServerSettings(environment: [
            "SOJOURN_CURVE_KEY": secret, "SOJOURN_CLIENTS_FILE": clients,
        ])
        #expect(try surroundings.resolve().0.curve?.publicKey == curve.publicKey)
        let file = try ServerSettings(
            yaml: "curveKeyFile: \(folder)/none\nclientsFile: none", file: "sojourn.yaml")
        #expect(try surroundings.over(file).resolve().0.curve?.publicKey == curve.publicKey)
        surroundings.curveKey = "no key"
        #expect(throws: ConfigurationError.self) { try surroundings.resolve() }
        #expect(throws: ConfigurationError.self) {
            try ServerSettings(environment: [
                "SOJOURN_CURVE_KEY": secret, "SOJOURN_CURVE_KEY_FILE": "x",
            ])
        }
    }
}
