import ZeroMQ

extension SojournClient {
    /// What a client needs to speak with a server that encrypts, and lets in only those that it knows.
    ///
    /// Keys are 40 characters of Z85, as `sojourn keygen` makes them.
    public struct CurveKeys: Sendable, Equatable {
        /// Whom the client speaks with, and nobody else.
        public let server: String
        /// What the server knows the client by.
        public let publicKey: String
        let secret: String

        /// - Parameters:
        ///   - server: the public key of the server.
        ///   - secret: the client's own secret key.
        /// - Throws: `SojournError`: `.invalidArgument` for what is no key.
        public init(server: String, secret: String) throws(SojournError) {
            guard Self.isKey(server) else {
                throw SojournError(
                    .invalidArgument, "the server's key is no CURVE key of 40 characters")
            }
            do throws(ZeroMQError) {
                publicKey = try Curve.publicKey(forSecretKey: secret)
            } catch {
                // Without what was given: it may be a secret all the same.
                throw SojournError(
                    .invalidArgument, "the client's secret key is no CURVE key of 40 characters")
            }
            self.server = server
            self.secret = secret
        }

        /// Whether a text has the form of a key.
        public static func isKey(_ text: String) -> Bool { Curve.isKey(text) }

        var option: SocketOption {
            .curveClient(
                serverKey: server,
                keys: Curve.KeyPair(publicKey: publicKey, secretKey: secret))
        }
    }
}

extension SojournClient.CurveKeys: CustomStringConvertible, CustomDebugStringConvertible {
    /// Without the secret, which has no place in a log.
    public var description: String { "CurveKeys(server: \(server), publicKey: \(publicKey))" }
    public var debugDescription: String { description }
}
