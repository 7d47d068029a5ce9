import CPostgres

/// Where a database is, as libpq takes it: `postgresql://user@host:port/database?...`.
///
/// What it does not say comes from libpq's own sources: PGHOST, PGUSER, PGSERVICE and the like, and the
/// password from PGPASSFILE or ~/.pgpass.
package struct PostgresAddress: Hashable, Sendable {
    /// What to connect with. It may hold a password: it is not to be shown.
    let text: String
    /// The same for people, without a password.
    package let summary: String
    /// A password stands in it in clear.
    package let hasPassword: Bool

    /// Whether a text means a database, and not a file.
    package static func isMeant(by text: String) -> Bool {
        text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
    }

    /// - Returns: nil, and what is wrong, for a text that libpq cannot read.
    package static func parse(_ text: String) -> (address: PostgresAddress?, fault: String) {
        var message: UnsafeMutablePointer<CChar>?
        // Both results are freed below, and their strings are copied before.
        guard let options = unsafe PQconninfoParse(text, &message) else {
            defer { unsafe PQfreemem(message) }
            let fault = unsafe message.map { unsafe String(cString: $0) } ?? "out of memory"
            return (nil, fault.trimmingSuffix { $0.isWhitespace })
        }
        defer { unsafe PQconninfoFree(options) }
        var values: [String: String] = [:]
        var row = 0
        while let keyword = unsafe options[row].keyword {
            if let value = unsafe options[row].val {
                unsafe values[String(cString: keyword)] = String(cString: value)
            }
            row += 1
        }
        return (PostgresAddress(text, values), "")
    }

    private init(_ text: String, _ values: [String: String]) {
        self.text = text
        hasPassword = values["password"] != nil || values["sslpassword"] != nil
        var summary = "postgresql://"
        if let user = values["user"] { summary += "\(user)@" }
        summary += values["host"] ?? values["hostaddr"] ?? ""
        if let port = values["port"] { summary += ":\(port)" }
        summary += "/" + (values["dbname"] ?? "")
        if let service = values["service"] { summary += "?service=\(service)" }
        self.summary = summary
    }
}

extension String {
    fileprivate func trimmingSuffix(while isCut: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, isCut(last) { text.removeLast() }
        return String(text)
    }
}
