import Foundation
import SojournModel
import SojournRouter
import SojournServer
import SojournService
import SojournTestKit
import Testing

/// What a router is told, by whom, and what it says to what makes no sense.
@Suite struct RouterSettingsTests {
    private func settings(_ yaml: String) throws -> RouterSettings {
        try RouterSettings(yaml: yaml, file: "router.yaml")
    }

    private static let full = """
        listen: [tcp://127.0.0.1:6000, ipc:///run/router.sock]
        workers:
          - tcp://127.0.0.1:5581
          - {endpoint: "tcp://127.0.0.1:5582"}
        deployment: 00112233445566778899aabbccddeeff
        insecureListen: on
        admin: 127.0.0.1:5590
        properties:
          - {id: 1, name: shop, timeout: 20m, timeZone: Europe/Berlin}
          - id: 7
        logLevel: debug
        limits:
          credit: 32
          workerParts: 100
          workerBytes: 8MiB
          answerMilliseconds: 2_000
          silenceMilliseconds: 900
          connections: 70
          handshakeMilliseconds: 2000
          clientQueueMessages: 5
          clientQueueBytes: 2MiB
        """

    @Test func `a file says what there is`() throws {
        let settings = try settings(Self.full)
        #expect(settings.logLevel == "debug")
        let configuration = try settings.resolve()
        #expect(configuration.listens == ["tcp://127.0.0.1:6000", "ipc:///run/router.sock"])
        #expect(configuration.router.workers == ["tcp://127.0.0.1:5581", "tcp://127.0.0.1:5582"])
        #expect(
            configuration.router.deployment?.bits.hexadecimal
                == "00112233445566778899aabbccddeeff")
        #expect(configuration.allowsInsecureListen && configuration.curve == nil)
        #expect(configuration.admin?.address == (try AdminAddress("127.0.0.1:5590")))
        #expect(configuration.properties.map(\.id) == [PropertyID(1), PropertyID(7)])
        #expect(configuration.properties.map(\.name) == ["shop", "property 7"])
        let limits = configuration.router.limits
        #expect(limits.credit == 32 && limits.workerPartsMax == 100)
        #expect(limits.workerBytesMax == 8 << 20)
        #expect(limits.answerMilliseconds == 2_000 && limits.silenceMilliseconds == 900)
        #expect(configuration.connectionsMax == 70)
        #expect(configuration.handshakeMilliseconds == 2_000)
        #expect(configuration.clientMessagesMax == 5)
        #expect(configuration.clientBytesMax == 2 << 20)
    }

    @Test func `without a word there are defaults, but for the workers`() throws {
        var settings = RouterSettings()
        let error = try #require(throws: ConfigurationError.self) { try settings.resolve() }
        #expect("\(error)".contains("--worker tcp://ADDRESS:PORT"))
        settings.workers = [try WorkerAddress("tcp://127.0.0.1:5581")]
        let configuration = try settings.resolve()
        #expect(configuration.listens == [RouterServerConfiguration.defaultListen])
        #expect(configuration.admin == nil && configuration.workerKeys.isEmpty)
        #expect(configuration.properties == [.default])
        #expect(!configuration.allowsInsecureListen && configuration.router.ownName == nil)
    }

    @Test func `options stand over the environment, and that over the file`() throws {
        let file = try settings(Self.full)
        let environment = try RouterSettings(environment: [
            "SOJOURN_LISTEN": "tcp://127.0.0.1:7000",
            "SOJOURN_WORKERS": "tcp://127.0.0.1:1,tcp://127.0.0.1:2",
            "SOJOURN_ADMIN": "off", "SOJOURN_LOG_LEVEL": "error",
        ])
        var options = RouterSettings()
        options.workers = [try WorkerAddress("tcp://127.0.0.1:3")]
        let settings = options.over(environment).over(file)
        #expect(settings.logLevel == "error")
        let configuration = try settings.resolve()
        #expect(configuration.router.workers == ["tcp://127.0.0.1:3"])
        #expect(configuration.listens == ["tcp://127.0.0.1:7000"])
        #expect(configuration.admin == nil)
        // Of what nobody says otherwise the file's word stands.
        #expect(configuration.allowsInsecureListen)
        #expect(configuration.router.limits.credit == 32)
        #expect(configuration.properties.count == 2)
        #expect(try environment.over(file).resolve().router.workers.count == 2)
    }

    static let faults: [(yaml: String, says: [String])] = [
        ("worker: [tcp://127.0.0.1:1]", ["worker", "did you mean workers"]),
        ("workers: tcp://127.0.0.1:1", ["workers", "a list"]),
        ("workers: [127.0.0.1:1]", ["workers[0]", "write tcp://ADDRESS:PORT"]),
        ("workers: ['tcp://127.0.0.1:*']", ["workers[0]", "must be a number"]),
        ("workers: [tcp://127.0.0.1:1, {keyFile: a}]", ["workers[1]", "endpoint is missing"]),
        ("workers: [{endpoint: 'tcp://127.0.0.1:1', key: a}]", ["workers[0]", "keyFile"]),
        ("listen: tcp://127.0.0.1:1", ["listen", "a list"]),
        ("deployment: 12", ["deployment"]),
        ("insecureListen: perhaps", ["insecureListen", "neither on nor off"]),
        ("admin: 5580", ["admin", "127.0.0.1:5580"]),
        ("admin: example.org:5580", ["admin", "an address in numbers"]),
        ("properties: {id: 1}", ["properties", "a list"]),
        ("properties: []", ["properties", "1 to"]),
        ("properties: [{name: shop}]", ["properties[0]", "id is missing"]),
        ("properties: [{id: 1}, {id: 1}]", ["properties[1]", "another property has the id 1"]),
        ("properties: [{id: -1}]", ["properties[0].id", "whole number"]),
        ("properties: [{id: 1, nmae: shop}]", ["properties[0].nmae", "did you mean name?"]),
        ("properties: [{id: 1, name: [a]}]", ["properties[0].name", "one value"]),
        ("properties: [{id: 1, timeout: 30x}]", ["properties[0].timeout", "no duration"]),
        (
            "properties: [{id: 1, timeZone: Europe/Berln}]",
            ["properties[0].timeZone", "did you mean Europe/Berlin?"]
        ),
        ("logLevel: loud", ["logLevel", "no level"]),
        ("limits: {credit: 0}", ["limits.credit", "1 to 64"]),
        ("limits: {workerParts: many}", ["limits.workerParts", "no whole number"]),
        ("limits: {workerBytes: 1}", ["limits.workerBytes"]),
        ("limits: {answerMilliseconds: 1}", ["limits.answerMilliseconds", "100"]),
        ("limits: {silenceMilliseconds: -1}", ["limits.silenceMilliseconds"]),
        ("limits: {workerPart: 1}", ["limits", "did you mean workerParts"]),
    ]

    @Test(arguments: faults.indices)
    func `a fault of the file says where it is and what to do`(row: Int) throws {
        let (yaml, says) = Self.faults[row]
        let error = try #require(throws: ConfigurationError.self) { try settings(yaml) }
        for word in says + ["router.yaml"] { #expect("\(error)".contains(word), "\(error)") }
    }

    @Test(arguments: [
        ("SOJOURN_WORKERS", "tcp://127.0.0.1:1,nowhere", "write tcp://ADDRESS:PORT"),
        ("SOJOURN_WORKERS", "tcp://127.0.0.1:1=", "the file of its key is missing"),
        ("SOJOURN_DEPLOYMENT", "x", "\"x\""),
        ("SOJOURN_INSECURE_LISTEN", "x", "neither on nor off"),
        ("SOJOURN_LOG_LEVEL", "x", "no level"),
        ("SOJOURN_ADMIN", "eth0:1", "an address in numbers"),
    ])
    func `a fault of the environment names the variable`(name: String, value: String, says: String)
        throws
    {
        let error = try #require(throws: ConfigurationError.self) {
            try RouterSettings(environment: [name: value])
        }
        #expect("\(error)".contains(name) && "\(error)".contains(says), "\(error)")
    }

    @Test(
        arguments: [
            ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1", nil),
            ("tcp://127.0.0.1:1=a.pub", "tcp://127.0.0.1:1", "a.pub"),
            ("ipc:///run/w=/etc/w=1.pub", "ipc:///run/w", "/etc/w=1.pub"),
        ] as [(String, String, String?)])
    func `a worker's key stands behind its endpoint`(text: String, endpoint: String, file: String?)
        throws
    {
        let address = try WorkerAddress(text)
        #expect(address.endpoint == endpoint && address.keyFile == file)
    }

    // MARK: CURVE

    /// Keys and a file of clients.
    private final class Files {
        let folder = temporaryPath("router-settings")
        let workerKey: String

        init() throws {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
            _ = try CurveKeyFile.make(at: "\(folder)/router")
            workerKey = try CurveKeyFile.make(at: "\(folder)/worker")
            try Data("clients: []".utf8).write(to: URL(fileURLWithPath: "\(folder)/clients.yaml"))
        }

        deinit { removeFile(folder) }

        func settings(worker: String) throws -> RouterSettings {
            var settings = RouterSettings()
            settings.curveKeyFile = "\(folder)/router"
            settings.clientsFile = "\(folder)/clients.yaml"
            settings.workers = [try WorkerAddress(worker)]
            return settings
        }
    }

    @Test func `with a key of its own a router knows its workers by theirs`() throws {
        let files = try Files()
        let endpoint = "tcp://10.1.2.3:5581"
        let configuration = try files.settings(worker: "\(endpoint)=\(files.folder)/worker.pub")
            .resolve()
        #expect(configuration.workerKeys == [endpoint: files.workerKey])
        #expect(configuration.curve != nil && configuration.router.ownName == "sojourn-router")
        // On this machine a worker may be without one.
        for local in ["ipc:///run/worker", "tcp://127.0.0.1:5581"] {
            #expect(try files.settings(worker: local).resolve().workerKeys.isEmpty)
        }
    }

    @Test func `what does not fit together is told`() throws {
        let files = try Files()
        let worker = "tcp://10.1.2.3:5581=\(files.folder)/worker.pub"
        let cases: [(says: String, change: (inout RouterSettings) -> Void)] = [
            ("is named twice", { $0.workers = ($0.workers ?? []) + ($0.workers ?? []) }),
            ("say who may with --clients-file", { $0.clientsFile = nil }),
            ("say which with --curve-key-file", { $0.curveKeyFile = nil }),
            (
                "the router has none to show to it",
                {
                    $0.curveKeyFile = nil
                    $0.clientsFile = nil
                }
            ),
            ("its key is missing", { $0.workers = try? [WorkerAddress("tcp://10.1.2.3:5581")] }),
            (
                "cannot be read",
                { $0.workers = try? [WorkerAddress("tcp://10.1.2.3:5581=/nowhere.pub")] }
            ),
            ("chmod 600", { $0.curveKeyFile = "\(files.folder)/router.pub" }),
            ("nobody is asked who he is", { $0.admin = "0.0.0.0:5580" }),
            ("no admin port", { $0.adminTokenFile = "\(files.folder)/router" }),
        ]
        for (says, change) in cases {
            var settings = try files.settings(worker: worker)
            change(&settings)
            let error = try #require(throws: ConfigurationError.self) { try settings.resolve() }
            #expect("\(error)".contains(says), "\(error)")
        }
    }
}
