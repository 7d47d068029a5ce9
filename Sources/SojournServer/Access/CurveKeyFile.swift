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
        let text = try contents(of: path, "secret key")
        let mode: Int
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            mode = attributes[.posixPermissions] as? Int ?? 0
        } catch {
            throw ConfigurationError(
                source: path, "the secret key cannot be read: \(error.localizedDescription)")
        }
        guard mode & 0o077 == 0 else {
            throw ConfigurationError(
                source: path, "others can read the secret key; run chmod 600 \(path)")
        }
        let key = try key(in: text, of: path)
        // Without what stands there: it may be a secret all the same.
        do throws(ZeroMQError) { _ = try Curve.publicKey(forSecretKey: key) } catch {
            throw ConfigurationError(source: path, "this is no secret key")
        }
        return key
    }

    /// Reads a public key.
    package static func publicKey(at path: String) throws(ConfigurationError) -> String {
        try key(in: contents(of: path, "public key"), of: path)
    }

    /// Makes a new pair of keys, and writes both files; neither may be there before.
    ///
    /// - Returns: the public key.
    package static func make(at path: String) throws -> String {
        let keys = try Curve.generateKeyPair()
        let name = URL(fileURLWithPath: path).lastPathComponent
        let publicPath = path + ".pub"
        // The public one first: who finds a secret key finds its public one.
        try write(
            "# Public CURVE key \(name), for whoever is to know it.\n\(keys.publicKey)\n",
            to: publicPath, mode: 0o644)
        do {
            try write(
                "# Secret CURVE key \(name): for its owner alone. Its public key is in \(name).pub.\n"
                    + "\(keys.secretKey)\n", to: path, mode: 0o600)
        } catch {
            // Of no use without the other.
            _ = unsafe unlink(publicPath)
            throw error
        }
        return keys.publicKey
    }

    private static func contents(
        of path: String, _ what: String
    ) throws(ConfigurationError) -> String {
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ConfigurationError(
                source: path, "the \(what) cannot be read: \(error.localizedDescription)")
        }
    }

    private static func key(
        in text: String, of path: String
    ) throws(ConfigurationError) -> String {
        let lines = text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }
            // No key begins with a number sign: five characters would be more than four bytes.
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard lines.count == 1, Curve.isKey(lines[0]) else {
            throw ConfigurationError(
                source: path,
                "there must be one line with a key of 40 characters; `sojourn keygen` makes one")
        }
        return lines[0]
    }

    private static func write(_ text: String, to path: String, mode: mode_t) throws {
        // The path lives through the call. Never over a file: that key may be in use.
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw Refused(path: path, code: errno) }
        // Whatever the umask.
        guard fchmod(file, mode) == 0 else {
            let code = errno
            close(file)
            throw Refused(path: path, code: code)
        }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        try handle.write(contentsOf: Data(text.utf8))
        try handle.synchronize()
        try handle.close()
    }

    /// A file could not be made.
    package struct Refused: Error, CustomStringConvertible {
        package let path: String
        package let code: Int32

        package var description: String {
            code == EEXIST
                ? "\(path) is there already; a key that may be in use is never replaced"
                // Safe: the system's answer is copied at once.
                : "\(path) cannot be made: \(unsafe String(cString: strerror(code)))"
        }
    }
}
