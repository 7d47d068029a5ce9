/// Where the admin port is: `127.0.0.1:5580`, `[::1]:5580`, `localhost:0`.
///
/// Only addresses of this machine are taken, for whoever reaches the port sees everything. A port that
/// others can reach needs to know who asks first: then this is the place that lets it.
package struct AdminAddress: Equatable, Sendable {
    /// The numbers, without brackets.
    package let host: String
    /// 0 for any that is free.
    package let port: UInt16

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
        guard endpoint.isLocal, host != "lo" else { throw .openAdmin(text) }
        self.host = host == "localhost" ? "127.0.0.1" : host
        self.port = UInt16(port) ?? 0
    }

    /// Where the port is, of what a server's sources say; nil for nowhere.
    static func resolve(_ text: String?) throws(ConfigurationError) -> AdminAddress? {
        guard let text, text != "off" else { return nil }
        do throws(ServerError) { return try AdminAddress(text) } catch {
            throw ConfigurationError(source: "admin", "\(error)")
        }
    }

    /// What is wrong with an address; nil for nothing, and for the word `off`.
    package static func fault(of text: String) -> String? {
        if text == "off" { return nil }
        do throws(ServerError) {
            _ = try AdminAddress(text)
            return nil
        } catch { return "\(error)" }
    }
}

extension AdminAddress: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
