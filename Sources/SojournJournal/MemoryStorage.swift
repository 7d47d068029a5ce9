import Glibc
import SojournModel

/// Files in memory, for a journal that is to be forgotten.
package final class MemoryStorage: Storage {
    private var files: [String: MemoryFile] = [:]

    package init() {}

    package func path(of name: String) -> String { "memory/\(name)" }

    package func names() -> [String] { files.keys.sorted() }

    package func create(_ name: String, byteCount: Int) -> MemoryFile {
        let file = MemoryFile()
        files[name] = file
        return file
    }

    package func open(_ name: String) throws(StorageError) -> MemoryFile {
        guard let file = files[name] else {
            throw StorageError(ENOENT, during: "open", path: path(of: name))
        }
        return file
    }

    package func read(_ name: String) throws(StorageError) -> FileContents {
        let bytes = try open(name).bytes
        guard let contents = unsafe FileContents(copying: bytes.span.bytes) else {
            throw StorageError(ENOMEM, during: "read", path: path(of: name))
        }
        return contents
    }

    package func size(of name: String) throws(StorageError) -> Int { try open(name).bytes.count }

    package func rename(_ name: String, to newName: String) throws(StorageError) {
        files[newName] = try open(name)
        files[name] = nil
    }

    package func remove(_ name: String) throws(StorageError) {
        _ = try open(name)
        files[name] = nil
    }

    package func syncDirectory() {}
}

/// A file of a `MemoryStorage`.
package final class MemoryFile: StorageFile {
    fileprivate var bytes: [UInt8] = []

    package func write(_ new: RawSpan, at offset: Int) {
        if bytes.count < offset + new.byteCount {
            bytes.append(
                contentsOf: repeatElement(0, count: offset + new.byteCount - bytes.count))
        }
        for index in 0..<new.byteCount { bytes[offset + index] = new.integer(at: index) }
    }

    package func beginAppending(at offset: Int) {}

    package func sync() {}

    package func truncate(to byteCount: Int) {
        bytes.removeLast(max(0, bytes.count - byteCount))
    }
}

/// A journal that ends with its process.
package typealias MemoryJournal = FileJournal<MemoryStorage>

extension FileJournal where Disk == MemoryStorage {
    package init(_ options: JournalOptions) throws(JournalError) {
        try self.init(MemoryStorage(), options)
    }
}
