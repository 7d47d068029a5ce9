import Foundation
import Glibc

/// The path of an `ipc` endpoint, and the right to listen there.
///
/// libzmq removes whatever is at the path of an `ipc` endpoint that it binds: the socket of a
/// server that runs, or a file that is no socket at all. So a server holds a lock on a file beside
/// it, which the system lets go of when the process ends however it ends, and looks at what is
/// there first.
final class SocketPath {
    private let path: String
    private let lockPath: String
    private let lock: Int32

    /// - Parameter endpoint: what messages name.
    init(_ path: String, of endpoint: String) throws(ServerError) {
        let lockPath = path + ".lock"
        let lock = try Self.lock(lockPath, of: endpoint)
        do { try Self.checkFree(path, of: endpoint) } catch {
            Self.unlock(lockPath, lock)
            throw error
        }
        // Only now: an object that is whole is undone by `deinit`, also when `init` throws.
        self.path = path
        self.lockPath = lockPath
        self.lock = lock
    }

    deinit {
        // libzmq may leave it behind.
        if Self.kind(of: path) == .typeSocket { _ = unsafe unlink(path) }
        Self.unlock(lockPath, lock)
    }

    private static func lock(_ path: String, of endpoint: String) throws(ServerError) -> Int32 {
        while true {
            // The string is a valid path for the call, which keeps no part of it.
            let lock = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard lock >= 0 else {
                switch errno {
                case EACCES, EPERM, EROFS: throw .permissionDenied(endpoint)
                case ENOENT, ENOTDIR:
                    throw .badEndpoint(endpoint, reason: "its folder does not exist")
                case let code: throw .system("open \(path): error \(code)")
                }
            }
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
                close(lock)
                throw .addressInUse(endpoint)
            }
            var locked = stat()
            var current = stat()
            // Both are filled in before they are read.
            if unsafe fstat(lock, &locked) == 0, unsafe stat(path, &current) == 0,
                locked.st_ino == current.st_ino
            {
                return lock
            }
            // The server before has just removed it: another file has that name now, or none.
            close(lock)
        }
    }

    private static func unlock(_ path: String, _ lock: Int32) {
        // Removed while it is locked: whoever waits for it finds that the file is another one.
        _ = unsafe unlink(path)
        close(lock)
    }

    /// Refuses a path where another program listens, or where something else is than a socket.
    private static func checkFree(_ path: String, of endpoint: String) throws(ServerError) {
        switch kind(of: path) {
        case nil: return
        case .typeSocket:
            if isAnswered(path) { throw .addressInUse(endpoint) }
        default:
            throw .badEndpoint(endpoint, reason: "there is a file that is no socket")
        }
    }

    private static func kind(of path: String) -> FileAttributeType? {
        // Not there, or not to be looked at: binding tells which.
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.type] as? FileAttributeType
    }

    /// Whether somebody accepts connections at a path.
    private static func isAnswered(_ path: String) -> Bool {
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { return false }
        defer { close(probe) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // An endpoint's path is shorter than the field, whose last byte stays zero.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
            unsafe field.copyBytes(from: path.utf8)
        }
        // A sockaddr_un is a sockaddr of the size that is given.
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(probe, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
