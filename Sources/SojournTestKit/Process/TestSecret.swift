import Foundation

/// The secret of services that tests start together.
package enum TestSecret {
    /// Writes it as `--secret-file` takes it: nobody else may read it.
    package static func write(to path: String) throws {
        try Data("00112233445566778899aabbccddeeff\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
}
