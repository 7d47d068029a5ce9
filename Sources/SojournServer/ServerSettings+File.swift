import Foundation
import SojournChannels
import SojournJournal
import SojournModel
import SojournPostgres
import SojournService

extension ServerSettings {
    /// More would make the look-up of a property slow.
    private static let propertiesMax = 1_000

    /// Reads a configuration file.
    package init(file path: String) throws(ConfigurationError) {
        try self.init(yaml: try Self.text(ofFile: path), file: path)
    }

    static func text(ofFile path: String) throws(ConfigurationError) -> String {
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ConfigurationError(
                source: path, "the file cannot be read: \(error.localizedDescription)")
        }
    }

    /// Reads the text of a configuration file. An empty one says nothing.
    package init(yaml text: String, file: String) throws(ConfigurationError) {
        self.init()
        guard let root = try ConfigurationNode.parse(text, file: file) else { return }
        let entries = try root.entries(allowed: [
            "listen", "insecureListen", "deployment", "secretFile", "data", "durability",
            "partitions", "logLevel", "curveKeyFile", "clientsFile", "properties", "limits",
            "channels", "admin", "adminTokenFile", "archive", "feed", "cluster",
        ])
        if let node = entries["listen"] { listens = try Self.listens(node) }
        if let node = entries["feed"] { feed = try Self.feed(node) }
        allowsInsecureListen = try entries["insecureListen"]?.flag()
        if let node = entries["deployment"] { deployment = try Self.deployment(node) }
        secretFile = try entries["secretFile"]?.text()
        curveKeyFile = try entries["curveKeyFile"]?.text()
        clientsFile = try entries["clientsFile"]?.text()
        data = try entries["data"]?.text()
        if let node = entries["durability"] { durability = try Self.durability(node) }
        if let node = entries["partitions"] { partitions = try Self.partitions(node) }
        if let node = entries["admin"] { admin = try Self.admin(node) }
        adminTokenFile = try entries["adminTokenFile"]?.text()
        if let node = entries["logLevel"] { logLevel = try Self.logLevel(node) }
        if let node = entries["properties"] { properties = try Self.properties(node) }
        if let node = entries["archive"] { try readArchive(node) }
        if let node = entries["limits"] { limits = try Self.limits(node) }
        if let node = entries["cluster"] { cluster = try ClusterInput(node) }
        if let node = entries["channels"] { channels = try ChannelGrouping(node) }
    }

    static func listens(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> [String] {
        var listens: [String] = []
        for element in try node.elements(of: "endpoints") {
            let text = try element.text()
            do throws(ServerError) { _ = try Endpoint(text) } catch {
                throw element.error("\(error)")
            }
            listens.append(text)
        }
        guard !listens.isEmpty else { throw node.error("the list is empty") }
        return listens
    }

    /// One endpoint, a list of them, or `off`.
    private static func feed(_ node: ConfigurationNode) throws(ConfigurationError) -> [String] {
        if node.isList { return try listens(node) }
        let text = try node.text()
        if text == "off" { return [] }
        do throws(ServerError) { _ = try Endpoint(text) } catch { throw node.error("\(error)") }
        return [text]
    }

    static func deployment(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> DeploymentID {
        let text = try node.text()
        guard let id = DeploymentID(configuration: text) else {
            throw node.error("\"\(text)\" \(DeploymentID.configurationForm)")
        }
        return id
    }

    private static func durability(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> Durability {
        let text = try node.text()
        guard let level = Durability(rawValue: text) else {
            throw node.error("\"\(text)\" \(Durability.configurationForm)")
        }
        return level
    }

    private static func partitions(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> PartitionRange {
        let text = try node.text()
        guard let range = PartitionRange(text) else {
            throw node.error("\"\(text)\" \(PartitionRange.form)")
        }
        return range
    }

    static func admin(_ node: ConfigurationNode) throws(ConfigurationError) -> String {
        let text = try node.text()
        if let fault = AdminAddress.fault(of: text) { throw node.error(fault) }
        return text
    }

    static func logLevel(_ node: ConfigurationNode) throws(ConfigurationError) -> String {
        let text = try node.text()
        guard logLevels.contains(text) else {
            throw node.error(
                "\"\(text)\" is no level; use \(logLevels.joined(separator: ", "))")
        }
        return text
    }

    private mutating func readArchive(_ node: ConfigurationNode) throws(ConfigurationError) {
        let entries = try node.entries(allowed: ["file", "postgres", "keep"])
        archive = try entries["file"]?.text()
        if let postgres = entries["postgres"] {
            guard archive == nil else {
                throw postgres.error("there is a file as well; finished sessions go to one of them")
            }
            let text = try postgres.text()
            guard PostgresAddress.isMeant(by: text) else {
                throw postgres.error(
                    "an address of a PostgreSQL database begins with postgresql://")
            }
            archive = text
        }
        if let keep = entries["keep"] {
            archiveKeepMilliseconds = try keep.isOff() ? .some(nil) : .some(keep.duration())
        }
    }

    private static func limits(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> LimitSettings {
        var limits = LimitSettings()
        let entries = try node.entries(allowed: LimitSettings.ranges.keys.sorted())
        for key in entries.keys.sorted() {
            guard let range = LimitSettings.ranges[key] else { continue }
            limits.values[key] = try entries[key]?.integer(in: range)
        }
        return limits
    }

    // MARK: Properties

    static func properties(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> [ServiceProperty] {
        var properties: [ServiceProperty] = []
        for element in try node.elements(of: "properties") {
            let property = try property(element)
            if properties.contains(where: { $0.id == property.id }) {
                throw element.error("another property has the id \(property.id.rawValue)")
            }
            properties.append(property)
        }
        guard (1...propertiesMax).contains(properties.count) else {
            throw node.error("there must be 1 to \(propertiesMax) properties")
        }
        return properties
    }

    private static func property(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> ServiceProperty {
        let entries = try node.entries(allowed: [
            "id", "name", "timeout", "maxDuration", "maxEvents", "lateness", "maxClockSkew",
            "midnight", "campaign", "visitorRetention", "timeZone",
        ])
        guard let idNode = entries["id"] else { throw node.error("the id is missing") }
        let id = try idNode.integer(in: 0...Int(UInt32.max))
        let name = try entries["name"]?.text() ?? "property \(id)"
        let policy = try policy(entries)
        if let fault = policy.fault {
            // A fault begins with the key that it is about.
            let key = String(fault.prefix { $0.isLetter })
            throw (entries[key] ?? node).error(fault)
        }
        var property = ServiceProperty(id: PropertyID(UInt32(id)), name: name, policy: policy)
        // Reports count by the calendar that sessions end by, unless another one is named.
        if let days = policy.midnight, let zone = try entries["midnight"]?.text() {
            (property.timeZone, property.days) = (zone, days)
        }
        if let node = entries["timeZone"] {
            (property.timeZone, property.days) = (try node.text(), try timeZone(node))
        }
        return property
    }

    private static func timeZone(_ node: ConfigurationNode) throws(ConfigurationError) -> LocalDays
    {
        let name = try node.text()
        if let days = LocalDays(timeZone: name) { return days }
        let meant = ConfigurationText.suggestion(
            for: name, among: TimeZone.knownTimeZoneIdentifiers)
        let hint = meant.map { "did you mean \($0)?" } ?? "use one like Europe/Berlin"
        throw node.error("\"\(name)\" is no time zone; \(hint)")
    }

    private static func policy(
        _ entries: [String: ConfigurationNode]
    ) throws(ConfigurationError) -> SessionPolicy {
        var policy = SessionPolicy()
        if let node = entries["timeout"] { policy.timeoutMilliseconds = try node.duration() }
        if let node = entries["maxDuration"] {
            policy.maxDurationMilliseconds = try node.isOff() ? nil : node.duration()
        }
        if let node = entries["maxEvents"] {
            policy.maxEvents =
                try node.isOff() ? nil : UInt32(node.integer(in: 1...Int(UInt32.max)))
        }
        if let node = entries["lateness"] { policy.latenessMilliseconds = try node.duration() }
        if let node = entries["maxClockSkew"] {
            policy.maxClockSkewMilliseconds = try node.duration()
        }
        if let node = entries["midnight"] { policy.midnight = try midnight(node) }
        if let node = entries["campaign"] { policy.splitsOnCampaign = try node.flag() }
        if let node = entries["visitorRetention"] {
            policy.visitorRetentionMilliseconds = try node.duration()
        }
        return policy
    }

    private static func midnight(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> LocalDays? {
        try node.text() == "off" ? nil : timeZone(node)
    }
}

extension ServerSettings {
    /// Those of swift-log.
    package static let logLevels = [
        "trace", "debug", "info", "notice", "warning", "error", "critical",
    ]
}

extension DeploymentID {
    package static let configurationForm = "is no deployment id; write 32 hexadecimal digits"

    /// 32 hexadecimal digits, with or without hyphens; nil for anything else, and for `any`.
    package init?(configuration text: String) {
        guard let bits = Bits128(hexadecimal: text.filter { $0 != "-" }), bits.low != 0 else {
            return nil
        }
        self.init(bits)
    }
}
