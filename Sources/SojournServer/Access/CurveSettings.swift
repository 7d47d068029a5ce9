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

extension CurveSettings: CustomStringConvertible, CustomDebugStringConvertible {
    /// Without the secret, which has no place in a log.
    package var description: String { "CurveSettings(publicKey: \(publicKey))" }
    package var debugDescription: String { description }
}
