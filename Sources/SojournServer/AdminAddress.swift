import Foundation

/// Where the admin port is: `127.0.0.1:5580`, `[::1]:5580`, `localhost:0`, `0.0.0.0:5580`.
package struct AdminAddress: Equatable, Sendable {
    /// The numbers, without brackets.
    package let host: String
    /// 0 for any that is free.
    package let port: UInt16
    /// Only this machine can reach it.
    package let isLocal: Bool

    /// Reads an address as people write it.
    package init(_ text: String) throws(ServerError) {
        let form = "write ADDRESS:PORT, such as 127.0.0.1:5580"
        // The same rules as for where peers are listened to.
        let endpoint: Endpoint
        do throws(ServerError) { endpoint = try Endpoint("tcp://\(text)") } catch {
            guard case .badEndpoint(_, let reason) = error else { throw error }
            throw .badEndpoint(text, reason: "\(reason); \(form)")
        }
        guard case .tcp(let host, let port) = endpoint.transport else {
            throw .badEndpoint(text, reason: form)
        }
        self.host =
            switch host {
            case "localhost": "127.0.0.1"
            case "*": "0.0.0.0"
            default: host
            }
        guard Self.isNumeric(self.host) else {
            throw .badEndpoint(
                text, reason: "the admin port needs an address in numbers; \(form)")
        }
        isLocal = endpoint.isLocal
        self.port = UInt16(port) ?? 0
    }

    /// What is wrong with an address; nil for nothing, and for the word `off`.
    package static func fault(of text: String) -> String? {
        if text == "off" { return nil }
        do throws(ServerError) {
            _ = try AdminAddress(text)
            return nil
        } catch { return "\(error)" }
    }

    /// An address of IPv4 or IPv6, which need not be looked up.
    private static func isNumeric(_ host: String) -> Bool {
        var (four, six) = (in_addr(), in6_addr())
        // Safe: each fills in what it is given, whose size goes with the family.
        return unsafe inet_pton(AF_INET, host, &four) == 1
            || inet_pton(AF_INET6, host, &six) == 1
    }
}

extension AdminAddress: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
