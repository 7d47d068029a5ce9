import Foundation

/// Files that hold one secret: lines that begin with a number sign are for people, and one line is the
/// secret. Their owner alone can read them.
enum PrivateFile {
    /// Reads the line of a file, and refuses a file that others can read.
    ///
    /// - Parameter noun: what the file holds, for messages, which never show it.
    /// - Returns: the line; nil when there is none, or more than one.
    static func line(
        of path: String, _ noun: String
    ) throws(ConfigurationError) -> String? {
        let (text, mode) = try read(path, noun)
        guard mode & 0o077 == 0 else {
            throw ConfigurationError(
                source: path, "others can read the \(noun); run chmod 600 \(path)")
        }
        return line(in: text)
    }

    /// The text of a file, and who may do what with it.
    static func read(
        _ path: String, _ noun: String
    ) throws(ConfigurationError) -> (text: String, mode: Int) {
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return (text, attributes[.posixPermissions] as? Int ?? 0)
        } catch {
            throw ConfigurationError(
                source: path, "the \(noun) cannot be read: \(error.localizedDescription)")
        }
    }

    /// The line that is no comment; nil when there is none, or more than one.
    static func line(in text: String) -> String? {
        let lines = text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        return lines.count == 1 ? lines[0] : nil
    }

    /// Makes a file, never over another one: what that holds may be in use.
    static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        // The path lives through the call.
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw FileRefused(path: path, code: errno) }
        // Whatever the umask.
        guard fchmod(file, mode) == 0 else {
            let code = errno
            close(file)
            throw FileRefused(path: path, code: code)
        }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        try handle.write(contentsOf: Data(text.utf8))
        try handle.synchronize()
        try handle.close()
    }
}

/// A file of keys or of a token could not be made.
package struct FileRefused: Error, CustomStringConvertible {
    package let path: String
    package let code: Int32

    package var description: String {
        code == EEXIST
            ? "\(path) is there already; a secret that may be in use is never replaced"
            // Safe: the system's answer is copied at once.
            : "\(path) cannot be made: \(unsafe String(cString: strerror(code)))"
    }
}
