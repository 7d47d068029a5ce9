/// What is wrong with the configuration, where, and what would be right.
package struct ConfigurationError: Error, Equatable, Sendable {
    /// A file, `environment`, or an option of the command line.
    package var source: String
    /// Line of the file, from 1.
    package var line: Int?
    /// "properties[0].timeout"; nil when the file as a whole is meant.
    package var key: String?
    /// One sentence: what stands there, and what is allowed.
    package var reason: String

    package init(source: String, line: Int? = nil, key: String? = nil, _ reason: String) {
        self.source = source
        self.line = line
        self.key = key
        self.reason = reason
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// "sojourn.yaml:7: properties[0].timeout: "30x" is no duration; write 30m, 90s or 24h"
    package var description: String {
        let place = line.map { "\(source):\($0)" } ?? source
        return key.map { "\(place): \($0): \(reason)" } ?? "\(place): \(reason)"
    }
}
