import FlyingSocks
import Foundation
import Logging
import SojournServer
import SojournService
import SojournTestKit
import SojournWire

@testable import SojournAdmin

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A server, and an admin port at a free one.
final class ServedPort: Sendable {
    let server: SojournServer
    let port: AdminPort

    init(_ change: (inout ServerConfiguration) -> Void = { _ in }) async throws {
        var configuration = ServerConfiguration(listens: ["tcp://127.0.0.1:*"])
        change(&configuration)
        port = try await Self.newPort(configuration.service)
        server = try SojournServer(configuration)
        port.serve(server)
    }

    static func newPort(
        _ configuration: ServiceConfiguration = .ephemeral, tokenFile: String? = nil
    ) async throws -> AdminPort {
        try await AdminPort.start(
            AdminSettings(AdminAddress("127.0.0.1:0"), tokenFile: tokenFile),
            AdminSubject(configuration), log: Logger(label: "test"))
    }
}

/// What was answered.
struct Answer {
    var status: Int
    var headers: [String: String]
    var body: String
}

extension AdminPort {
    func get(_ path: String, method: String = "GET") async throws -> Answer {
        try await SojournAdminTests.get(address, path, method: method)
    }
}

extension Answer {
    /// The names of metrics of which it has no sentence, only their words.
    var undescribed: [String] {
        body.matches(of: /HELP sojourn_([a-z0-9_]+)/).map { String($0.1) }.filter {
            !MetricHelp.isKnown($0) && !["up", "build_info"].contains($0)
        }
    }
}

/// Asks an address as a browser does.
func get(_ address: String, _ path: String, method: String = "GET") async throws -> Answer {
    guard let url = URL(string: "http://\(address)\(path)") else { throw URLError(.badURL) }
    var request = URLRequest(url: url)
    request.httpMethod = method
    let (data, response) = try await URLSession(configuration: .ephemeral).data(for: request)
    guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
    var headers: [String: String] = [:]
    for (name, value) in response.allHeaderFields {
        headers["\(name)".lowercased()] = "\(value)"
    }
    return Answer(
        status: response.statusCode, headers: headers, body: String(decoding: data, as: UTF8.self))
}

/// A request that no library would send, or whose answer none would tell of: Foundation's never comes
/// back from one that asks for a password.
struct RawRequest {
    private let text: String

    init(_ line: String, host: String, authorization: String? = nil) {
        let shown = authorization.map { "Authorization: \($0)\r\n" } ?? ""
        text = "\(line) HTTP/1.1\r\nHost: \(host)\r\n\(shown)Connection: close\r\n\r\n"
    }

    func status(_ port: AdminPort) async throws -> Int { try await answer(port.address).status }

    func answer(_ address: String) async throws -> Answer {
        let number = address.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
        let socket =
            if address.hasPrefix("[") {
                try await AsyncSocket.connected(
                    to: sockaddr_in6.inet6(ip6: "::1", port: number), timeout: 10)
            } else {
                try await AsyncSocket.connected(
                    to: sockaddr_in.inet(ip4: "127.0.0.1", port: number), timeout: 10)
            }
        defer { try? socket.close() }
        try await socket.write(Data(text.utf8))
        var bytes: [UInt8] = []
        do {
            while true { bytes += try await socket.read(atMost: 4_096) }
        } catch SocketError.disconnected {}
        return try Answer(String(decoding: bytes, as: UTF8.self))
    }
}

extension Answer {
    /// Reads one as it is sent: "HTTP/1.1 403 Forbidden", headers, an empty line, the body.
    fileprivate init(_ text: String) throws {
        guard let end = text.range(of: "\r\n\r\n") else { throw URLError(.badServerResponse) }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else {
            throw URLError(.badServerResponse)
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...]
                .trimmingCharacters(in: .whitespaces)
        }
        self.init(status: status, headers: headers, body: String(text[end.upperBound...]))
    }
}

extension ServerProcess {
    /// Where its admin port is, as it said.
    var adminAddress: String? {
        let log = log
        return log.range(of: "admin port at http://").map {
            String(log[$0.upperBound...].prefix { $0 != "/" })
        }
    }
}

/// Waits until something is so.
func eventually(
    _ what: String, _ condition: () async throws -> Bool
) async throws {
    let began = ContinuousClock.now
    while try await !condition() {
        guard .now - began < .seconds(20) else { throw ServerProcess.Failure("never: \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}
