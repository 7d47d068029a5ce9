import Foundation
import ZeroMQ

/// The endpoints that a socket is bound to, and the locks on their paths.
///
/// They stay until the socket is closed: libzmq's `unbind` closes the connections that came in over
/// an endpoint as well (measured), and with them the way back for replies.
final class Listeners {
    /// As libzmq tells them, wildcards resolved.
    let endpoints: [String]
    private let paths: [SocketPath]

    /// Binds the socket to all endpoints of a configuration, or to none.
    convenience init(
        _ configuration: ServerConfiguration, _ router: borrowing Socket
    ) throws(ServerError) {
        try self.init(
            configuration.listens,
            allowsInsecure: configuration.curve != nil || configuration.allowsInsecureListen,
            router)
    }

    init(
        _ listens: [String], allowsInsecure: Bool, _ router: borrowing Socket
    ) throws(ServerError) {
        var endpoints: [String] = []
        var paths: [SocketPath] = []
        guard !listens.isEmpty else {
            throw .badEndpoint("", reason: "there is no endpoint to listen at")
        }
        for text in listens {
            let endpoint = try Endpoint(text)
            guard endpoint.isLocal || allowsInsecure else {
                throw .insecureListen(text)
            }
            if let path = endpoint.socketPath { paths.append(try SocketPath(path, of: text)) }
            do throws(ZeroMQError) {
                if endpoint.isIPv6 { try router.set(.ipv6(true)) }
                try router.bind(endpoint.address)
                endpoints.append(try router.lastEndpoint)
            } catch { throw ServerError(error, listeningAt: text) }
        }
        self.endpoints = endpoints
        self.paths = paths
    }
}
