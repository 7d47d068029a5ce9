import FlyingFox

/// Who may pass the admin port: everybody on this machine, with a browser that means this machine.
///
/// A page of another site can make a browser on this machine ask here, under a name of its own that it
/// points to this machine; so the name that was asked for must be one of this machine. Whoever lets
/// others reach the port asks here who they are.
enum AdminGuard {
    /// Why a request may not pass; nil when it may.
    static func refusal(of request: HTTPRequest) -> AdminAnswer? {
        guard request.method == .GET || request.method == .HEAD else {
            return .text(.methodNotAllowed, "only GET and HEAD are answered here")
        }
        guard isLocal(host: request.headers[.host] ?? "") else {
            return .text(
                .forbidden, "this port is asked by the names of this machine alone: use 127.0.0.1")
        }
        return nil
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
