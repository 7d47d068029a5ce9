import Glibc

/// What the system refused: the operation, the path, its error number, and what to do.
package struct StorageError: Error, Equatable, Sendable {
    /// The system's error number.
    package let code: Int32
    /// What failed, in words: "sync".
    package let operation: String
    package let path: String

    package init(_ code: Int32, during operation: String, path: String) {
        self.code = code
        self.operation = operation
        self.path = path
    }

    /// Whether room is what is missing: on the disk, in a quota, below a limit of file sizes.
    package var isFull: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
}

extension StorageError: CustomStringConvertible {
    /// "write /data/journal-0000000000000001.seg: No space left on device; make room on the disk"
    package var description: String {
        // The string is the system's own, and no thread changes it before it is copied: since glibc
        // 2.32 it belongs to the calling thread.
        let reason = unsafe String(cString: strerror(code))
        return "\(operation) \(path): \(reason)" + (advice.map { "; \($0)" } ?? "")
    }

    /// What an operator can do about it.
    private var advice: String? {
        switch code {
        case ENOSPC: "make room on the disk"
        case EDQUOT: "make room, or raise the quota of this user"
        case EFBIG: "raise the limit on the size of files (ulimit -f)"
        case EROFS:
            "the file system is read-only: mount it for writing, or see the system's log "
                + "for why it became so"
        case EACCES, EPERM: "give this user the right to read and write there"
        case EIO: "the disk failed: see the system's log, and check the disk"
        case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
        case ENOMEM: "there is not enough memory; for a snapshot also see vm.overcommit_memory"
        default: nil
        }
    }
}
