import ArgumentParser
import Logging
import SojournServer

/// How much a server or a router says.
struct LogOptions: ParsableArguments {
    @Option(
        name: .customLong("log-level"),
        help: ArgumentHelp(
            "\(ServerSettings.logLevels.joined(separator: ", ")).", valueName: "level"))
    var level: String?

    func validate() throws {
        guard let level, !ServerSettings.logLevels.contains(level) else { return }
        let levels = ServerSettings.logLevels.joined(separator: ", ")
        throw ValidationError("--log-level \(level) is none of \(levels)")
    }

    /// The log of a process, on standard error.
    ///
    /// - Parameter level: what the sources of settings come to.
    static func log(_ level: String?) -> Logger {
        var log = Logger(label: "sojourn") { StreamLogHandler.standardError(label: $0) }
        log.logLevel = level.flatMap(Logger.Level.init(rawValue:)) ?? .info
        return log
    }
}
