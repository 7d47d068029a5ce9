import Foundation
import SojournModel

/// The file that holds a deployment's secret: 32 hexadecimal digits.
struct SecretFile {
    let secret: DeploymentSecret
    /// What an operator should mend.
    let warning: String?

    init(path: String) throws(ConfigurationError) {
        let (text, mode) = try PrivateFile.read(path, "secret")
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

    /// Where a data directory keeps a secret that was made for it.
    static func path(inDataDirectory directory: String) -> String { "\(directory)/secret" }

    /// The secret of a data directory, which is made, directory and all, when it is not there.
    init(inDataDirectory directory: String) throws(ConfigurationError) {
        let path = Self.path(inDataDirectory: directory)
        if !FileManager.default.fileExists(atPath: path) {
            try Self.make(path, in: directory)
        }
        try self.init(path: path)
    }

    private static func make(
        _ path: String, in directory: String
    ) throws(ConfigurationError) {
        let text = DeploymentSecret.random().bits.hexadecimal + "\n"
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            // Whole or not at all: half a secret would be another one.
            let temporary = path + ".new"
            let isMade = FileManager.default.createFile(
                atPath: temporary, contents: Data(text.utf8),
                attributes: [.posixPermissions: 0o600])
            guard isMade else { throw CocoaError(.fileWriteUnknown) }
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: temporary))
            try file.synchronize()
            try file.close()
            try FileManager.default.moveItem(atPath: temporary, toPath: path)
        } catch {
            throw ConfigurationError(
                source: directory,
                "no secret can be made for this data directory: \(error.localizedDescription)")
        }
    }
}
