import FlyingFox
import SojournServer
import Synchronization

/// Who may pass the admin port.
///
/// With a token, whoever shows it; what a machine asks that keeps services alive is told to everybody.
///
/// Without one, everybody on this machine, with a browser that means this machine: a page of another
/// site can make a browser ask here, under a name of its own that it points to this machine, so the name that
/// was asked for must be one of this machine. With a token that does not matter, for a browser shows it
/// under the name alone for which a person gave it.
final class AdminGuard: Sendable {
    /// What is told to everybody.
    private static let openPaths = ["/healthz", "/readyz"]

    private let token: Mutex<AdminToken?>
    private let counters = Mutex(AdminRefusals())

    init(_ token: AdminToken?) { self.token = Mutex(token) }

    var refusals: AdminRefusals { counters.withLock { $0 } }

    /// Another token counts from now on.
    func follow(_ token: AdminToken) { self.token.withLock { $0 = token } }

    /// Why a request may not pass; nil when it may.
    func refusal(of request: HTTPRequest) -> AdminAnswer? {
        guard request.method == .GET || request.method == .HEAD else {
            return .text(.methodNotAllowed, "only GET and HEAD are answered here")
        }
        guard let token = token.withLock({ $0 }) else {
            if Self.isLocal(host: request.headers[.host] ?? "") { return nil }
            counters.withLock { $0.foreignHost += 1 }
            return .text(
                .forbidden, "this port is asked by the names of this machine alone: use 127.0.0.1")
        }
        if Self.openPaths.contains(request.path) { return nil }
        guard let shown = AuthorizationHeader.token(in: request.headers[.authorization] ?? "")
        else {
            counters.withLock { $0.noToken += 1 }
            return .unauthorized(
                "show the token of this port: Authorization: Bearer TOKEN, or in a browser any name "
                    + "and the token as password")
        }
        if token.isSame(as: shown) { return nil }
        counters.withLock { $0.wrongToken += 1 }
        return .unauthorized("this is not the token of this port")
    }

    /// "localhost:5580", "127.0.0.1", "[::1]:5580"
    static func isLocal(host: String) -> Bool {
        var name = Substring(host)
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") { name = name[..<colon] }
        if name.lowercased() == "localhost" || name == "[::1]" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

/// Requests that could not pass, by what was wrong.
struct AdminRefusals: Equatable {
    var noToken: UInt64 = 0
    var wrongToken: UInt64 = 0
    var foreignHost: UInt64 = 0

    var family: MetricFamily {
        let reasons = [
            ("no_token", noToken), ("wrong_token", wrongToken), ("foreign_host", foreignHost),
        ]
        return MetricFamily(
            name: "sojourn_admin_refusals_total", kind: .counter,
            help: MetricHelp.text(for: "admin_refusals_total"),
            samples: reasons.map { .init(labels: [("reason", $0)], value: Double($1)) })
    }
}
