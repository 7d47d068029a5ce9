import Foundation
import SojournChannels
import SojournEngine
import SojournJournal
import SojournModel
import SojournServer
import SojournService
import Testing

@Suite struct ConfigurationTests {
    private func settings(_ yaml: String) throws -> ServerSettings {
        try ServerSettings(yaml: yaml, file: "sojourn.yaml")
    }

    private static let full = """
        # A shop and its app.
        listen:
          - tcp://127.0.0.1:6000
          - ipc:///run/sojourn.sock
        insecureListen: off
        deployment: 00112233445566778899aabbccddeeff
        logLevel: debug
        properties:
          - id: 1
            name: shop
            timeout: 20m
            lateness: 0
            maxDuration: 12h
            maxEvents: 5_000
            maxClockSkew: 90s
            midnight: Europe/Berlin
            campaign: on
            visitorRetention: 7d
          - id: 2
            maxDuration: off
            maxEvents: off
            midnight: off
        limits:
          liveVisitors: 1000
          messageBytes: 1MiB
          queueMessages: 10
          clientQueueMessages: 5
          clientQueueBytes: 2MiB
          connections: 70
          handshakeMilliseconds: 2000
        """

    @Test func `a file says what there is`() throws {
        let (configuration, warnings) = try settings(Self.full).resolve()
        #expect(warnings.isEmpty)
        #expect(configuration.listens == ["tcp://127.0.0.1:6000", "ipc:///run/sojourn.sock"])
        #expect(
            configuration.service.deployment.bits.hexadecimal
                == "00112233445566778899aabbccddeeff")
        #expect(configuration.service.messageBytesMax == 1 << 20)
        #expect(configuration.service.engineLimits.liveVisitorsMax == 1_000)
        #expect(configuration.queue.messagesMax == 10)
        #expect(configuration.queue.clientMessagesMax == 5)
        #expect(configuration.queue.clientBytesMax == 2 << 20)
        #expect(configuration.connectionsMax == 70)
        #expect(configuration.handshakeMilliseconds == 2_000)

        let shop = configuration.service.properties[0]
        #expect(shop.id == PropertyID(1) && shop.name == "shop")
        var policy = SessionPolicy()
        policy.timeoutMilliseconds = 1_200_000
        policy.latenessMilliseconds = 0
        policy.maxDurationMilliseconds = 43_200_000
        policy.maxEvents = 5_000
        policy.maxClockSkewMilliseconds = 90_000
        policy.splitsOnCampaign = true
        policy.visitorRetentionMilliseconds = 604_800_000
        policy.midnight = shop.policy.midnight
        #expect(shop.policy == policy)
        #expect(shop.policy.midnight != nil)

        let app = configuration.service.properties[1]
        #expect(app.name == "property 2")
        #expect(app.policy.maxDurationMilliseconds == nil && app.policy.maxEvents == nil)
        #expect(app.policy.midnight == nil)
    }

    @Test func `the admin port is where the file says, unless somebody says otherwise`() throws {
        let file = try settings("admin: localhost:5580")
        #expect(try file.resolve().0.admin?.address == AdminAddress("127.0.0.1:5580"))
        #expect(try settings("").resolve().0.admin == nil)
        let environment = try ServerSettings(environment: ["SOJOURN_ADMIN": "[::1]:0"])
        #expect(
            try environment.over(file).resolve().0.admin?.address == AdminAddress("[::1]:0"))
        var options = ServerSettings()
        options.admin = "off"
        #expect(try options.over(environment).over(file).resolve().0.admin == nil)
    }

    @Test func `others reach the admin port with a token only`() throws {
        let path = temporaryPath("token")
        defer { removeFile(path) }
        try AdminToken.make(at: path)
        func reason(_ settings: ServerSettings) -> String? {
            do throws(ConfigurationError) {
                _ = try settings.resolve()
                return nil
            } catch { return error.reason }
        }
        for open in ["0.0.0.0:5580", "\"*:5580\"", "192.0.2.7:80", "\"[::]:5580\"", "\"[::2]:1\""] {
            let file = try settings("admin: \(open)")
            #expect(reason(file)?.contains("others can reach") == true, "\(open)")
            let environment = try ServerSettings(environment: ["SOJOURN_ADMIN_TOKEN_FILE": path])
            let admin = try #require(try environment.over(file).resolve().0.admin)
            #expect(admin.token == (try AdminToken.read(path)) && !admin.address.isLocal)
            // It shows nowhere.
            #expect(!"\(admin)".contains(try String(contentsOfFile: path, encoding: .utf8)))
        }
        // On this machine it may be asked for as well.
        let local = try settings("admin: 127.0.0.1:5580\nadminTokenFile: \(path)")
        #expect(try local.resolve().0.admin?.token != nil)
        // Off is off; a token for nothing is a mistake.
        #expect(reason(try settings("admin: off\nadminTokenFile: \(path)")) == nil)
        #expect(
            reason(try settings("adminTokenFile: \(path)"))?.contains("no admin port") == true)
    }

    private func writePrivate(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    @Test(
        arguments: [
            "", "# only words\n", "short\n", "123456789012345678901\n",
            String(repeating: "a", count: 129), "with a space in the middle\n",
            "1234567890123456789012\n1234567890123456789012\n", "1234567890123456789\u{e9}12\n",
        ])
    func `what is no token is refused without being shown`(text: String) throws {
        let path = temporaryPath("token")
        defer { removeFile(path) }
        try writePrivate(text, to: path)
        let error = try #require(throws: ConfigurationError.self) { try AdminToken.read(path) }
        #expect(error.reason.contains("22 to 128 letters"))
        #expect(!"\(error)".contains("123456") && !"\(error)".contains("aaa"))
    }

    @Test func `a token of one's own is taken`() throws {
        for token in ["1234567890123456789012", "a-._~+/=" + String(repeating: "Z9", count: 60)] {
            let path = temporaryPath("token")
            defer { removeFile(path) }
            try writePrivate("# mine\n  \(token)\r\n\n", to: path)
            let read = try AdminToken.read(path)
            #expect(read.isSame(as: token.utf8))
            for other in ["", token + "a", String(token.dropLast()), "b" + token.dropFirst()] {
                #expect(!read.isSame(as: other.utf8))
            }
        }
    }

    @Test func `a token is made once, for its owner alone`() throws {
        let path = temporaryPath("token")
        defer { removeFile(path) }
        try AdminToken.make(at: path)
        let first = try AdminToken.read(path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(throws: FileRefused.self) { try AdminToken.make(at: path) }
        #expect(try AdminToken.read(path) == first)
        for others in [0o640, 0o604] {
            try FileManager.default.setAttributes(
                [.posixPermissions: others], ofItemAtPath: path)
            let error = #expect(throws: ConfigurationError.self) { try AdminToken.read(path) }
            #expect(error?.reason.contains("chmod 600") == true)
        }
    }

    @Test func `a file can say which channels there are`() throws {
        let yaml = """
            channels:
              ownSites: [shop.example]
              rules:
                - channel: assistants
                  referrer: [chatgpt.com, "*.perplexity.ai"]
                - {channel: brand, source: google, medium: cpc, campaign: "brand*", site: search}
            """
        let channels = try settings(yaml).resolve().0.service.channels
        func channel(_ referrer: String, _ campaign: String = "") -> String {
            channels.channel(
                of: TrafficEvidence(
                    referrer: referrer, source: campaign.isEmpty ? "" : "google",
                    medium: campaign.isEmpty ? "" : "cpc", campaign: campaign))
        }
        #expect(channel("https://chatgpt.com/") == "assistants")
        #expect(channel("https://www.shop.example/") == "direct")
        #expect(channel("", "Brand 7") == "brand")
        #expect(channel("", "spring") == "paid_search")
    }

    @Test func `a file can make segments and the way between snapshots shorter`() throws {
        let file = try settings(
            "durability: os\nlimits: {segmentBytes: 128KiB, snapshotBytes: 1MiB}")
        var options = ServerSettings()
        options.data = temporaryPath("data")
        defer { removeFile(options.data ?? "") }
        let journal = try #require(try options.over(file).resolve().0.journal)
        #expect(journal.segmentBytes == 128 << 10)
        #expect(journal.snapshotBytes == 1 << 20)
        #expect(journal.durability == .os)
    }

    @Test(arguments: ["os", "disk"])
    func `durability without a data directory is an error`(level: String) throws {
        let environment = try ServerSettings(environment: ["SOJOURN_DURABILITY": level])
        let error = #expect(throws: ConfigurationError.self) { try environment.resolve() }
        #expect(error?.reason.contains("--data DIR") == true)
    }

    @Test(arguments: ["", "# nothing\n", "---\n"])
    func `an empty file leaves the defaults`(yaml: String) throws {
        let configuration = try settings(yaml).resolve().0
        #expect(configuration.listens == ["tcp://127.0.0.1:5571"])
        #expect(configuration.service.properties == [.default])
    }

    /// Text of a file; line, key and a word of the reason that its error must have.
    static let faults: [(yaml: String, line: Int, key: String?, reason: String)] = [
        ("listen: [tcp://127.0.0.1:1]\nlisen: x", 2, "lisen", "did you mean listen?"),
        ("zzz: 1", 1, "zzz", "allowed are"),
        ("- a\n- b", 1, nil, "mapping"),
        ("listen: tcp://127.0.0.1:1", 1, "listen", "list"),
        ("listen: []", 1, "listen", "empty"),
        ("listen:\n  - tcp://127.0.0.1:1\n  - nonsense", 3, "listen[1]", "write tcp://"),
        ("deployment: xyz", 1, "deployment", "32 hexadecimal digits"),
        ("\ninsecureListen: maybe", 2, "insecureListen", "neither on nor off"),
        ("logLevel: loud", 1, "logLevel", "trace"),
        ("properties: []", 1, "properties", "1 to"),
        ("properties:\n  - name: shop", 2, "properties[0]", "id is missing"),
        ("properties:\n  - id: 1\n  - id: 1", 3, "properties[1]", "another property"),
        ("properties:\n  - id: -1", 2, "properties[0].id", "whole number"),
        ("properties:\n  - id: 4294967296", 2, "properties[0].id", "4294967295"),
        (
            "properties:\n  - id: 1\n    timeuot: 30m", 3, "properties[0].timeuot",
            "did you mean timeout?"
        ),
        ("properties:\n  - id: 1\n    timeout: 30", 3, "properties[0].timeout", "no duration"),
        ("properties:\n  - id: 1\n    timeout: 30x", 3, "properties[0].timeout", "30m"),
        ("properties:\n  - id: 1\n    timeout:", 3, "properties[0].timeout", "missing"),
        ("properties:\n  - id: 1\n    timeout: [1]", 3, "properties[0].timeout", "one value"),
        ("properties:\n  - id: 1\n    timeout: 10ms", 3, "properties[0].timeout", "from 1 s"),
        ("properties:\n  - id: 1\n    lateness: 8d", 3, "properties[0].lateness", "7 days"),
        (
            "properties:\n  - id: 1\n    maxDuration: 1m", 3, "properties[0].maxDuration",
            "shorter"
        ),
        ("properties:\n  - id: 1\n    maxEvents: 0", 3, "properties[0].maxEvents", "whole"),
        (
            "properties:\n  - id: 1\n    midnight: Europe/Berln", 3, "properties[0].midnight",
            "did you mean Europe/Berlin?"
        ),
        ("properties:\n  - id: 1\n    campaign: 7", 3, "properties[0].campaign", "on nor off"),
        ("limits:\n  liveVisitor: 1", 2, "limits.liveVisitor", "did you mean liveVisitors?"),
        ("limits:\n  messageBytes: 8MiB", 2, "limits.messageBytes", "4194304"),
        ("limits:\n  credit: 65", 2, "limits.credit", "1 to 64"),
        ("limits:\n  texts: many", 2, "limits.texts", "whole number"),
        ("limits:\n  segmentBytes: 1KiB", 2, "limits.segmentBytes", "65536"),
        ("channels: [a]", 1, "channels", "mapping"),
        ("channels:\n  ownSites: [a/b.c]", 2, "channels.ownSites[0]", "no host"),
        ("channels:\n  ownSites: []", 2, "channels.ownSites", "1 to"),
        ("channels:\n  rules:\n    - source: a", 3, "channels.rules[0]", "channel is missing"),
        ("channels:\n  rules:\n    - channel: a", 3, "channels.rules[0]", "add source"),
        (
            "channels:\n  rules:\n    - {channel: a, site: news}", 3, "channels.rules[0].site",
            "search, social"
        ),
        (
            "channels:\n  rules:\n    - {channel: a, refferrer: b}", 3,
            "channels.rules[0].refferrer", "did you mean referrer?"
        ),
        ("admin: example.org:80", 1, "admin", "an address in numbers"),
        ("admin: 5580", 1, "admin", "127.0.0.1:5580"),
        ("durability: always", 1, "durability", "none, os, disk"),
        ("listen: [a\nlimits:", 2, nil, "no YAML"),
        ("limits: {}\nlimits: {}", 1, "limits", "twice"),
    ]

    @Test(arguments: faults.indices)
    func `a fault names line, key and what is allowed`(index: Int) throws {
        let fault = Self.faults[index]
        let error = #expect(throws: ConfigurationError.self) { try settings(fault.yaml) }
        #expect(error?.source == "sojourn.yaml")
        #expect(error?.line == fault.line)
        #expect(error?.key == fault.key)
        #expect(error?.reason.contains(fault.reason) == true, "\(error?.reason ?? "")")
    }

    @Test func `an error reads as compilers write theirs`() {
        let error = #expect(throws: ConfigurationError.self) {
            try settings("properties:\n  - id: 1\n    timeout: 30x")
        }
        #expect(
            error?.description
                == "sojourn.yaml:3: properties[0].timeout: \"30x\" is no duration; "
                + "write a whole number and ms, s, m, h or d, such as 30m")
    }

    @Test func `a file that is not there is named`() {
        let error = #expect(throws: ConfigurationError.self) {
            try ServerSettings(file: "/no/such/sojourn.yaml")
        }
        #expect(error?.source == "/no/such/sojourn.yaml")
    }

    @Test func `options stand over the environment, and that over the file`() throws {
        let file = try settings(Self.full)
        let environment = try ServerSettings(environment: [
            "SOJOURN_LISTEN": "tcp://127.0.0.1:1,tcp://127.0.0.1:2", "SOJOURN_TIMEOUT": "5m",
            "SOJOURN_LATENESS": "1m", "PATH": "/bin",
        ])
        var options = ServerSettings()
        options.policy.timeoutMilliseconds = 60_000
        options.policy.maxDurationMilliseconds = .some(nil)
        options.policySource = "--timeout"
        let configuration = try options.over(environment).over(file).resolve().0
        #expect(configuration.listens == ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"])
        let policy = configuration.service.properties[0].policy
        #expect(policy.timeoutMilliseconds == 60_000)
        #expect(policy.latenessMilliseconds == 60_000)
        #expect(policy.maxDurationMilliseconds == nil)
        #expect(policy.maxEvents == 5_000)
        #expect(configuration.queue.messagesMax == 10)
    }

    @Test(arguments: [
        ["SOJOURN_TIMEOUT": "soon"], ["SOJOURN_DEPLOYMENT": "1"],
        ["SOJOURN_INSECURE_LISTEN": "perhaps"], ["SOJOURN_LOG_LEVEL": "loud"],
        ["SOJOURN_MAX_DURATION": "never"], ["SOJOURN_ADMIN": "eth0:1"],
    ])
    func `a variable that makes no sense is named`(environment: [String: String]) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try ServerSettings(environment: environment)
        }
        #expect(error?.source == "environment")
        #expect(error?.key == environment.keys.first)
    }

    @Test func `a policy outside the file needs its property in the file`() throws {
        var options = ServerSettings()
        options.policy.timeoutMilliseconds = 60_000
        options.policySource = "--timeout"
        let file = try settings("properties:\n  - id: 7")
        let error = #expect(throws: ConfigurationError.self) { try options.over(file).resolve() }
        #expect(error?.source == "--timeout")
        options.policy.timeoutMilliseconds = 1
        let fault = #expect(throws: ConfigurationError.self) { try options.resolve() }
        #expect(fault?.reason.contains("timeout must be") == true)
    }

    // MARK: Secrets

    private func withSecret(
        _ text: String, mode: Int, _ body: (String) throws -> Void
    ) throws {
        let path = temporaryPath("secret")
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        defer { removeFile(path) }
        try body(path)
    }

    private func resolve(secret path: String) throws -> (ServerConfiguration, [String]) {
        var settings = ServerSettings()
        settings.secretFile = path
        return try settings.resolve()
    }

    @Test func `a secret comes from its file, and the deployment from the secret`() throws {
        let digits = "000102030405060708090a0b0c0d0e0f"
        try withSecret("\(digits)\n", mode: 0o600) { path in
            let (first, warnings) = try resolve(secret: path)
            #expect(first.service.secret.bits.hexadecimal == digits)
            #expect(warnings.isEmpty)
            #expect(try resolve(secret: path).0.service.deployment == first.service.deployment)
            #expect(!"\(first.service.deployment.bits.hexadecimal)".contains(digits.prefix(8)))
        }
        let random = try ServerSettings().resolve().0.service
        #expect(try ServerSettings().resolve().0.service.secret != random.secret)
    }

    @Test func `a secret that others can read is refused or complained of`() throws {
        let digits = String(repeating: "0f", count: 16)
        try withSecret(digits, mode: 0o640) { path in
            let (_, warnings) = try resolve(secret: path)
            #expect(warnings.count == 1)
        }
        try withSecret(digits, mode: 0o604) { path in
            #expect(throws: ConfigurationError.self) { try resolve(secret: path) }
        }
        try withSecret("too short", mode: 0o600) { path in
            let error = #expect(throws: ConfigurationError.self) { try resolve(secret: path) }
            #expect(error?.description.contains("too short") == false)
        }
    }

    // MARK: Days

    @Test func `the days of a time zone follow its history`() throws {
        func days(_ zone: String) throws -> LocalDays {
            let file = try settings("properties:\n  - id: 1\n    midnight: \(zone)")
            return try #require(file.properties?[0].policy.midnight)
        }
        let berlin = try days("Europe/Berlin")
        // 2024-03-30 22:59:59Z and 23:00:00Z; 2024-03-31 21:59:59Z and 22:00:00Z, in summer.
        #expect(berlin.day(of: 1_711_839_599_000) + 1 == berlin.day(of: 1_711_839_600_000))
        #expect(berlin.day(of: 1_711_922_399_000) + 1 == berlin.day(of: 1_711_922_400_000))
        // Moscow stayed at +4 from 2011 and went to +3 for good on 2014-10-26.
        let moscow = try days("Europe/Moscow")
        #expect(moscow.day(of: 1_404_244_799_000) + 1 == moscow.day(of: 1_404_244_800_000))
        #expect(moscow.day(of: 1_420_059_599_000) + 1 == moscow.day(of: 1_420_059_600_000))
        #expect(try days("UTC").day(of: 86_399_999) == 0)
        // In 2099 still.
        let newYork = try days("America/New_York")
        #expect(newYork.day(of: 4_086_302_399_000) + 1 == newYork.day(of: 4_086_302_400_000))
    }
}
