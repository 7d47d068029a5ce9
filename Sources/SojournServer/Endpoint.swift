/// Where a server listens: `tcp://127.0.0.1:5571`, `tcp://127.0.0.1:*`, `ipc:///run/sojourn.sock`.
struct Endpoint: Equatable, Sendable {
    enum Transport: Equatable, Sendable {
        /// A host without brackets, and a port or `*` for any that is free.
        case tcp(host: String, port: String)
        /// The path of a socket file, or a name without a file that begins with `@`.
        case ipc(path: String)
    }

    let transport: Transport
    /// As the operator wrote it; what messages name.
    let text: String

    init(_ text: String) throws(ServerError) {
        self.text = text
        if text.hasPrefix("tcp://") {
            transport = try Self.tcp(text.dropFirst(6), of: text)
        } else if text.hasPrefix("ipc://") {
            transport = .ipc(path: try Self.path(text.dropFirst(6), of: text))
        } else {
            throw .badEndpoint(text, reason: "write tcp://ADDRESS:PORT or ipc://PATH")
        }
    }

    /// Where a worker is to be reached: no wildcard, and a name of a host is as good as an address.
    init(worker text: String) throws(ServerError) {
        do throws(ServerError) { try self.init(text) } catch {
            switch error {
            case .badEndpoint(_, let reason): throw .badWorker(text, reason: reason)
            default: throw error
            }
        }
        if case .tcp(_, "*") = transport {
            throw .badWorker(text, reason: "its port must be a number")
        }
    }

    /// As libzmq takes it: it does not know the name `localhost` when it binds.
    var address: String {
        switch transport {
        case .tcp("localhost", let port): "tcp://127.0.0.1:\(port)"
        case .tcp, .ipc: text
        }
    }

    /// Only this machine can reach it.
    var isLocal: Bool {
        switch transport {
        case .tcp(let host, _):
            host == "localhost" || host == "lo" || host == "::1" || Self.isLoopback(host)
        case .ipc: true
        }
    }

    var isIPv6: Bool {
        if case .tcp(let host, _) = transport { host.contains(":") } else { false }
    }

    /// The file that stands for an `ipc` endpoint; nil when there is none.
    var socketPath: String? {
        guard case .ipc(let path) = transport, !path.hasPrefix("@"), path != "*" else { return nil }
        return path
    }

    private static func tcp(
        _ rest: Substring, of text: String
    ) throws(ServerError) -> Transport {
        guard let colon = rest.lastIndex(of: ":") else {
            throw .badEndpoint(text, reason: "the port is missing; write tcp://ADDRESS:PORT")
        }
        let port = String(rest[rest.index(after: colon)...])
        var host = String(rest[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else {
            throw .badEndpoint(text, reason: "the address is missing; write tcp://127.0.0.1:PORT")
        }
        let isNumber = port.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard port == "*" || (isNumber && UInt16(port) != nil) else {
            throw .badEndpoint(text, reason: "the port must be 0 to 65535, or * for any")
        }
        return .tcp(host: host, port: port)
    }

    private static func path(
        _ rest: Substring, of text: String
    ) throws(ServerError) -> String {
        guard !rest.isEmpty, rest != "@" else {
            throw .badEndpoint(text, reason: "the path is missing; write ipc://PATH")
        }
        // What a sockaddr_un holds, less the byte that ends it.
        guard rest.utf8.count <= 107 else {
            throw .badEndpoint(text, reason: "a path has at most 107 bytes")
        }
        return String(rest)
    }

    /// 127.0.0.0/8
    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
