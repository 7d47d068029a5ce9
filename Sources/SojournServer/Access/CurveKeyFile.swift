import Foundation
import ZeroMQ

/// Files of CURVE keys, as `sojourn keygen` makes them: a comment, which begins with a number sign,
/// and a line with a key of 40 characters of Z85.
///
/// A secret key is in a file that its owner alone can read; its public key stands beside it, in a file with
/// `.pub` behind the name.
package enum CurveKeyFile {
    /// Reads a secret key, and refuses one that others can read.
    package static func secretKey(at path: String) throws(ConfigurationError) -> String {
        let key = try key(try PrivateFile.line(of: path, "secret key"), of: path)
        // Without what stands there: it may be a secret all the same.
        do throws(ZeroMQError) { _ = try Curve.publicKey(forSecretKey: key) } catch {
            throw ConfigurationError(source: path, "this is no secret key")
        }
        return key
    }

    /// Reads a public key.
    package static func publicKey(at path: String) throws(ConfigurationError) -> String {
        try key(PrivateFile.line(in: PrivateFile.read(path, "public key").text), of: path)
    }

    /// Makes a new pair of keys, and writes both files; neither may be there before.
    ///
    /// - Returns: the public key.
    package static func make(at path: String) throws -> String {
        let keys = try Curve.generateKeyPair()
        let name = URL(fileURLWithPath: path).lastPathComponent
        let publicPath = path + ".pub"
        // The public one first: who finds a secret key finds its public one.
        try PrivateFile.write(
            "# Public CURVE key \(name), for whoever is to know it.\n\(keys.publicKey)\n",
            to: publicPath, mode: 0o644)
        do {
            try PrivateFile.write(
                "# Secret CURVE key \(name): for its owner alone. Its public key is in \(name).pub.\n"
                    + "\(keys.secretKey)\n", to: path)
        } catch {
            // Of no use without the other.
            _ = unsafe unlink(publicPath)
            throw error
        }
        return keys.publicKey
    }

    /// No key was taken for a comment: five characters that begin with a number sign would be more
    /// than four bytes.
    private static func key(
        _ line: String?, of path: String
    ) throws(ConfigurationError) -> String {
        guard let line, Curve.isKey(line) else {
            throw ConfigurationError(
                source: path,
                "there must be one line with a key of 40 characters; `sojourn keygen` makes one")
        }
        return line
    }
}
