internal import CJournal
import Glibc
import Synchronization

/// A directory of the file system.
///
/// Every call names the directory by its descriptor, so that it stays the same one when somebody
/// renames it.
package final class FileStorage: Storage, Sendable {
    private let directory: String
    /// Whether a child is writing a snapshot here.
    let snapshotRunning = Atomic(false)
    private let descriptor: Int32

    package init(directory: String) throws(StorageError) {
        // The string is a valid path for the call, which keeps no part of it.
        let descriptor = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StorageError(errno, during: "open", path: directory)
        }
        self.directory = directory
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    package func path(of name: String) -> String { "\(directory)/\(name)" }

    package func names() throws(StorageError) -> [String] {
        // A descriptor of its own, for a listing moves its position, and closes it.
        let listing = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard listing >= 0 else { throw StorageError(errno, during: "list", path: directory) }
        guard let stream = unsafe fdopendir(listing) else {
            let code = errno
            close(listing)
            throw StorageError(code, during: "list", path: directory)
        }
        // The stream is open until it is closed at the end.
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            // An entry is good until the next call, and its name ends in a zero.
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { name in
                unsafe String(cString: name.assumingMemoryBound(to: CChar.self).baseAddress!)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw StorageError(errno, during: "list", path: directory) }
        return names.sorted()
    }

    package func create(_ name: String, byteCount: Int) throws(StorageError) -> FileStorageFile {
        let file = try open(name, O_RDWR | O_CREAT | O_TRUNC, during: "create")
        guard byteCount > 0 else { return file }
        switch sojourn_preallocate(file.descriptor, byteCount) {
        // Or this file system can't, and the file grows as it is written.
        case 0, EOPNOTSUPP: return file
        case let code:
            // Part of the room may have been taken; what failed is told even if this fails too.
            _ = unsafe unlinkat(descriptor, name, 0)
            throw StorageError(code, during: "make room for \(byteCount) bytes in", path: file.path)
        }
    }

    package func open(_ name: String) throws(StorageError) -> FileStorageFile {
        try open(name, O_RDWR, during: "open")
    }

    private func open(
        _ name: String, _ flags: Int32, during operation: String
    ) throws(StorageError) -> FileStorageFile {
        var file: Int32 = -1
        let code = retried {
            // The string is a valid path for the call, which keeps no part of it.
            file = unsafe openat(descriptor, name, flags | O_CLOEXEC, 0o600)
            return file < 0 ? -1 : 0
        }
        guard code == 0 else { throw StorageError(code, during: operation, path: path(of: name)) }
        return FileStorageFile(file, path: path(of: name))
    }

    package func size(of name: String) throws(StorageError) -> Int {
        try open(name, O_RDONLY, during: "open").size()
    }

    package func read(_ name: String) throws(StorageError) -> FileContents {
        try open(name, O_RDONLY, during: "open").contents()
    }

    package func rename(_ name: String, to newName: String) throws(StorageError) {
        // The strings are valid paths for the call, which keeps no part of them.
        guard unsafe renameat(descriptor, name, descriptor, newName) == 0 else {
            throw StorageError(errno, during: "rename to \(newName)", path: path(of: name))
        }
    }

    package func remove(_ name: String) throws(StorageError) {
        guard unsafe unlinkat(descriptor, name, 0) == 0 else {
            throw StorageError(errno, during: "remove", path: path(of: name))
        }
    }

    package func syncDirectory() throws(StorageError) {
        let code = retried { fsync(descriptor) }
        guard code == 0 else { throw StorageError(code, during: "sync", path: directory) }
    }
}

/// A file of a `FileStorage`.
package final class FileStorageFile: StorageFile, Sendable {
    let descriptor: Int32
    let path: String
    /// Of a file that is written past the system's cache.
    private let blocks = Mutex<BlockBuffer?>(nil)

    fileprivate init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    // What must be on disk was synced, so nothing hangs on what this says.
    deinit { close(descriptor) }

    package func write(_ bytes: RawSpan, at offset: Int) throws(StorageError) {
        let isDone = try blocks.withLock { buffer throws(StorageError) in
            try buffer?.write(bytes, at: offset) { blocks, offset throws(StorageError) in
                try writeDirectly(blocks, at: offset)
            } != nil
        }
        if !isDone { try writeAll(bytes, at: offset) }
    }

    package func beginAppending(at offset: Int) {
        let buffer = unsafe BlockBuffer.behind(offset) { memory, offset in
            // The memory is lent out for the call, which writes no more than it is told.
            unsafe pread(descriptor, memory.baseAddress, memory.count, offset) == memory.count
        }
        guard let buffer, sojourn_set_direct(descriptor, 1) == 0 else { return }
        var taken = Optional(buffer)
        blocks.withLock { $0 = taken.take() }
    }

    private func writeDirectly(_ blocks: RawSpan, at offset: Int) throws(StorageError) {
        do throws(StorageError) { try writeAll(blocks, at: offset) } catch {
            // A file system that wants other blocks than these takes them through its cache.
            guard error.code == EINVAL, sojourn_set_direct(descriptor, 0) == 0 else {
                throw error
            }
            try writeAll(blocks, at: offset)
        }
    }

    private func writeAll(_ bytes: RawSpan, at offset: Int) throws(StorageError) {
        var written = 0
        while written < bytes.byteCount {
            let rest = bytes.extracting(written...)
            // The bytes are borrowed for the call, which reads no more than it is told.
            let count = unsafe rest.withUnsafeBytes { rest in
                unsafe pwrite(descriptor, rest.baseAddress!, rest.count, offset + written)
            }
            if count > 0 {
                written += count
            } else if count < 0, errno != EINTR {
                throw StorageError(errno, during: "write", path: path)
            }
        }
    }

    package func sync() throws(StorageError) {
        let code = retried { fdatasync(descriptor) }
        guard code == 0 else { throw StorageError(code, during: "sync", path: path) }
    }

    package func truncate(to byteCount: Int) throws(StorageError) {
        let code = retried { ftruncate(descriptor, byteCount) }
        guard code == 0 else { throw StorageError(code, during: "truncate", path: path) }
    }

    fileprivate func size() throws(StorageError) -> Int {
        var status = stat()
        // Filled in before it is read.
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw StorageError(errno, during: "look at", path: path)
        }
        return status.st_size
    }

    fileprivate func contents() throws(StorageError) -> FileContents {
        let byteCount = try size()
        guard byteCount > 0 else { return unsafe FileContents(mapped: nil, byteCount: 0) }
        let mapped = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw StorageError(errno, during: "map", path: path)
        }
        // Owns the mapping from here on. Nobody changes the file while it is mapped: its directory
        // is locked.
        let contents = unsafe FileContents(mapped: mapped, byteCount: byteCount)
        // Reads all of it now: a page that the disk cannot give is an error of this call, where it
        // would otherwise be a SIGBUS of whoever touches it.
        switch retried({ unsafe madvise(mapped, byteCount, populateForReading) }) {
        case 0: return contents
        // Linux before 5.14 does not know how.
        case EINVAL: return try copied(byteCount)
        case EFAULT, EHWPOISON: throw StorageError(EIO, during: "read", path: path)
        case let code: throw StorageError(code, during: "read", path: path)
        }
    }

    /// The content in memory of its own.
    private func copied(_ byteCount: Int) throws(StorageError) -> FileContents {
        let contents = try FileContents(byteCount: byteCount) { span throws(StorageError) in
            var count = 0
            while count < byteCount {
                // The bytes are lent out for the call, which writes no more than it is told.
                let more = unsafe span.withUnsafeMutableBytes { bytes in
                    unsafe pread(
                        descriptor, bytes.baseAddress! + count, byteCount - count, off_t(count))
                }
                if more > 0 {
                    count += more
                } else if more == 0 || errno != EINTR {
                    throw StorageError(more == 0 ? EIO : errno, during: "read", path: path)
                }
            }
        }
        guard let contents else { throw StorageError(ENOMEM, during: "read", path: path) }
        return contents
    }
}

/// `MADV_POPULATE_READ`, which Swift's Glibc module does not have.
private let populateForReading: Int32 = 22

/// Calls until no signal interrupts.
///
/// - Returns: 0, or the error number.
private func retried(_ call: () -> Int32) -> Int32 {
    while true {
        if call() == 0 { return 0 }
        let code = errno
        if code != EINTR { return code }
    }
}
