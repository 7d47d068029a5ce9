import FlyingFox
import FlyingSocks
import Foundation
package import Logging
package import SojournServer
import Synchronization

/// The port for operators and analysts: metrics, health, and the page (README, "Look at it").
///
/// It lives in tasks of its own and asks the service by message, as a client does: however slow its
/// readers are, the service never waits for them. It is there before the service is, to say that the
/// service is on its way.
package final class AdminPort: Sendable {
    /// An answer that takes longer is given up.
    private static let handlerSeconds = 60.0
    /// Longer than any system takes to bind a socket.
    private static let startLimit = Duration.seconds(10)

    /// Where it is: `127.0.0.1:5580`.
    package let address: String
    private let http: HTTPServer
    private let service: AdminService
    private let door: AdminGuard
    private let tokenFile: String?
    private let listening: Task<Void, any Error>

    /// Opens the port. It answers when this returns.
    package static func start(
        _ settings: AdminSettings, _ subject: AdminSubject, log: Logger
    ) async throws(ServerError) -> AdminPort {
        let address = settings.address
        let door = AdminGuard(settings.token)
        let service = AdminService(subject, log: log)
        let handler = AdminHandler(service: service, door: door)
        let http: HTTPServer
        do {
            http = HTTPServer(
                config: try .init(
                    listeningAt: address, timeout: handlerSeconds), handler: handler)
        } catch { throw .badEndpoint("\(address)", reason: error.localizedDescription) }

        let failure = Failure()
        let listening = Task {
            do { try await http.run() } catch {
                failure.set(error)
                throw error
            }
        }
        let began = ContinuousClock.now
        while await !http.isListening {
            if let error = failure.error {
                throw ServerError(error, admin: address)
            }
            guard .now - began < startLimit else {
                listening.cancel()
                throw .system("the admin port at \(address) does not open")
            }
            _ = try? await Task.sleep(for: .milliseconds(2))
        }
        let port = await http.listeningAddress?.port ?? address.port
        let port0 = AdminPort(
            address: address.host.contains(":")
                ? "[\(address.host)]:\(port)" : "\(address.host):\(port)",
            http: http, service: service, door: door, tokenFile: settings.tokenFile,
            listening: listening)
        log.info("admin port at http://\(port0.address)/")
        if !address.isLocal {
            log.warning(
                "the admin port does not encrypt, and others can reach it: put a proxy before it that does"
            )
        }
        return port0
    }

    private init(
        address: String, http: HTTPServer, service: AdminService, door: AdminGuard,
        tokenFile: String?, listening: Task<Void, any Error>
    ) {
        self.address = address
        self.http = http
        self.service = service
        self.door = door
        self.tokenFile = tokenFile
        self.listening = listening
    }

    /// The service is there; questions go to it from now on.
    package func serve(_ server: any AskedService) { service.serve(server) }

    /// Reads the file of the token again, which counts from the next request on. A file with a fault
    /// changes nothing.
    ///
    /// - Throws: what is wrong with the file.
    package func reloadToken() throws(ConfigurationError) {
        guard let tokenFile else { return }
        door.follow(try AdminToken.read(tokenFile))
        service.log.info("\(tokenFile) was read again")
    }

    /// Closes the port; answers that are on their way get a moment.
    package func stop() async {
        service.stop()
        await http.stop(timeout: 0.5)
        _ = await listening.result
    }

    /// Why the port could not be opened.
    private final class Failure: Sendable {
        private let held = Mutex<(any Error)?>(nil)
        var error: (any Error)? { held.withLock { $0 } }
        func set(_ error: any Error) { held.withLock { $0 = error } }
    }
}

extension HTTPServer.Configuration {
    fileprivate init(listeningAt address: AdminAddress, timeout: Double) throws {
        if address.host.contains(":") {
            self.init(
                address: try sockaddr_in6.inet6(ip6: address.host, port: address.port),
                timeout: timeout, logger: .disabled)
        } else {
            self.init(
                address: try sockaddr_in.inet(ip4: address.host, port: address.port),
                timeout: timeout, logger: .disabled)
        }
    }
}

extension Socket.Address {
    fileprivate var port: UInt16? {
        switch self {
        case .ip4(_, let port), .ip6(_, let port): port
        case .unix: nil
        }
    }
}

extension ServerError {
    fileprivate init(_ error: any Error, admin address: AdminAddress) {
        guard case SocketError.failed(_, let number, let message) = error else {
            self = .system("the admin port at \(address) does not open: \(error)")
            return
        }
        self =
            switch number {
            case EADDRINUSE: .addressInUse("\(address) (--admin)")
            case EACCES: .permissionDenied("\(address) (--admin)")
            case EADDRNOTAVAIL: .addressNotAvailable("\(address) (--admin)")
            default: .system("the admin port at \(address) does not open: \(message)")
            }
    }
}
