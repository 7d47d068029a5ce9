import SojournJournal
import SojournModel

extension ServerSettings {
    private static let source = "environment"

    /// Reads the variables that begin with `SOJOURN_`.
    package init(environment: [String: String]) throws(ConfigurationError) {
        self.init()
        if let text = environment["SOJOURN_LISTEN"] {
            listens = text.split(separator: ",").map(String.init)
        }
        if let text = environment["SOJOURN_DEPLOYMENT"] {
            guard let id = DeploymentID(configuration: text) else {
                throw Self.error("SOJOURN_DEPLOYMENT", text, DeploymentID.configurationForm)
            }
            deployment = id
        }
        secretFile = environment["SOJOURN_SECRET_FILE"]
        curveKeyFile = environment["SOJOURN_CURVE_KEY_FILE"]
        curveKey = environment["SOJOURN_CURVE_KEY"]
        if curveKeyFile != nil, curveKey != nil {
            throw ConfigurationError(
                source: Self.source, key: "SOJOURN_CURVE_KEY",
                "there is SOJOURN_CURVE_KEY_FILE as well; set one of them")
        }
        clientsFile = environment["SOJOURN_CLIENTS_FILE"]
        data = environment["SOJOURN_DATA"]
        if let text = environment["SOJOURN_ADMIN"] {
            if let fault = AdminAddress.fault(of: text) {
                throw ConfigurationError(source: Self.source, key: "SOJOURN_ADMIN", fault)
            }
            admin = text
        }
        adminTokenFile = environment["SOJOURN_ADMIN_TOKEN_FILE"]
        archive = environment["SOJOURN_ARCHIVE"]
        cluster = try ClusterInput(environment: environment)
        if let text = environment["SOJOURN_FEED"] {
            feed = text.split(separator: ",").map(String.init)
        }
        if let text = environment["SOJOURN_DURABILITY"] {
            guard let level = Durability(rawValue: text) else {
                throw Self.error("SOJOURN_DURABILITY", text, Durability.configurationForm)
            }
            durability = level
        }
        if let text = environment["SOJOURN_PARTITIONS"] {
            guard let range = PartitionRange(text) else {
                throw Self.error("SOJOURN_PARTITIONS", text, PartitionRange.form)
            }
            partitions = range
        }
        if let text = environment["SOJOURN_INSECURE_LISTEN"] {
            guard let flag = ConfigurationText.flag(text) else {
                throw Self.error("SOJOURN_INSECURE_LISTEN", text, "is neither on nor off")
            }
            allowsInsecureListen = flag
        }
        if let text = environment["SOJOURN_LOG_LEVEL"] {
            guard Self.logLevels.contains(text) else {
                throw Self.error(
                    "SOJOURN_LOG_LEVEL", text,
                    "is no level; use \(Self.logLevels.joined(separator: ", "))")
            }
            logLevel = text
        }
        policy = try PolicyOverride(
            timeout: environment["SOJOURN_TIMEOUT"], lateness: environment["SOJOURN_LATENESS"],
            maxDuration: environment["SOJOURN_MAX_DURATION"], source: Self.source,
            names: ("SOJOURN_TIMEOUT", "SOJOURN_LATENESS", "SOJOURN_MAX_DURATION"))
        policySource = Self.source
    }

    private static func error(
        _ name: String, _ text: String, _ reason: String
    ) -> ConfigurationError {
        ConfigurationError(source: source, key: name, "\"\(text)\" \(reason)")
    }
}

extension PolicyOverride {
    /// Reads durations as people write them.
    ///
    /// - Parameters:
    ///   - maxDuration: a duration, or `off`.
    ///   - source: where they come from, for messages.
    ///   - names: what they are called there.
    package init(
        timeout: String?, lateness: String?, maxDuration: String?, source: String,
        names: (timeout: String, lateness: String, maxDuration: String)
    ) throws(ConfigurationError) {
        func duration(_ text: String, _ name: String) throws(ConfigurationError) -> Int64 {
            guard let duration = ConfigurationText.duration(text) else {
                throw ConfigurationError(
                    source: source, key: name,
                    "\"\(text)\" is no duration; \(ConfigurationText.durationForm)")
            }
            return duration
        }
        self.init()
        if let timeout { timeoutMilliseconds = try duration(timeout, names.timeout) }
        if let lateness { latenessMilliseconds = try duration(lateness, names.lateness) }
        if let maxDuration {
            maxDurationMilliseconds =
                maxDuration == "off"
                ? .some(nil) : .some(try duration(maxDuration, names.maxDuration))
        }
    }
}

extension Durability {
    /// What to write where one is meant, as the end of a sentence.
    package static var configurationForm: String {
        "is no durability; use \(allCases.map(\.rawValue).joined(separator: ", "))"
    }
}
