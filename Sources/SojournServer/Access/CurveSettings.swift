package import SojournService
import ZeroMQ

/// Who a server is, and whom it lets in.
package struct CurveSettings: Sendable {
    let secretKey: String
    /// What clients must know of the server.
    package let publicKey: String
    /// The authorized clients, which are read again when the operator asks for it.
    package let clientsFile: String
    package let clients: ClientDirectory

    package init(secretKey: String, clientsFile: String) throws(ConfigurationError) {
        do throws(ZeroMQError) {
            publicKey = try Curve.publicKey(forSecretKey: secretKey)
        } catch {
            throw ConfigurationError(source: "curve", "the server's key is no CURVE key")
        }
        self.secretKey = secretKey
        self.clientsFile = clientsFile
        clients = try ClientsFile.read(clientsFile)
    }
}

extension CurveSettings {
    /// Who a server is and whom it lets in, of what its sources say; nil when none speaks of it.
    static func resolve(
        keyFile: String?, key: String?, clientsFile: String?
    ) throws(ConfigurationError) -> CurveSettings? {
        var secretKey = key
        if let keyFile { secretKey = try CurveKeyFile.secretKey(at: keyFile) }
        switch (secretKey, clientsFile) {
        case (nil, nil): return nil
        case (let secretKey?, let clientsFile?):
            return try CurveSettings(secretKey: secretKey, clientsFile: clientsFile)
        case (_?, nil):
            throw ConfigurationError(
                source: "curve",
                "there is a key and no file of clients, so nobody could come in; "
                    + "say who may with --clients-file FILE")
        case (nil, _?):
            throw ConfigurationError(
                source: "curve",
                "there is a file of clients and no key, so nobody could be told apart; "
                    + "say which with --curve-key-file FILE")
        }
    }

    /// How this server, as a client, speaks with the one that has this public key.
    func client(of serverKey: String) -> SocketOption {
        .curveClient(
            serverKey: serverKey, keys: Curve.KeyPair(publicKey: publicKey, secretKey: secretKey))
    }
}

extension CurveSettings: CustomStringConvertible, CustomDebugStringConvertible {
    /// Without the secret, which has no place in a log.
    package var description: String { "CurveSettings(publicKey: \(publicKey))" }
    package var debugDescription: String { description }
}
