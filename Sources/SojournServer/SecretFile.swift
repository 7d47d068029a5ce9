import Foundation
import SojournModel

/// The file that holds a deployment's secret: 32 hexadecimal digits.
struct SecretFile {
    let secret: DeploymentSecret
    /// What an operator should mend.
    let warning: String?

    init(path: String) throws(ConfigurationError) {
        let text: String
        let mode: Int
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            mode = attributes[.posixPermissions] as? Int ?? 0
        } catch {
            throw ConfigurationError(
                source: path, "the secret cannot be read: \(error.localizedDescription)")
        }
        guard mode & 0o007 == 0 else {
            throw ConfigurationError(
                source: path, "everybody can read the secret; run chmod 600 \(path)")
        }
        warning =
            mode & 0o070 == 0
            ? nil : "\(path): the group can read the secret; run chmod 600 \(path)"
        let digits = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let bits = Bits128(hexadecimal: digits) else {
            // Without what stands there: it may be a secret all the same.
            throw ConfigurationError(
                source: path,
                "a secret is 32 hexadecimal digits; `openssl rand -hex 16` makes one")
        }
        secret = DeploymentSecret(bits)
    }
}
