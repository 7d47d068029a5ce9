/// A directory of files: all that the journal knows of disks, so that a simulator can put faults
/// there.
///
/// The promises are those of POSIX and no more: what was written may vanish in a power cut, in any
/// order, until `sync` returned; what was created, renamed or removed may be as before until
/// `syncDirectory` returned; and what was not on disk when either failed must be written anew.
package protocol Storage: AnyObject {
    associatedtype File: StorageFile

    /// What messages call a file.
    func path(of name: String) -> String

    /// All names, in their order.
    func names() throws(StorageError) -> [String]

    /// Makes a file for writing, in place of one that has the name, with room for `byteCount` bytes
    /// that read as zeros. Where the file system cannot hold room, the file grows as it is written.
    ///
    /// When it fails no file has the name.
    func create(_ name: String, byteCount: Int) throws(StorageError) -> File

    /// Opens a file for writing.
    func open(_ name: String) throws(StorageError) -> File

    /// The whole content. A disk that cannot be read is an error here, not later.
    func read(_ name: String) throws(StorageError) -> FileContents

    /// Bytes in a file.
    func size(of name: String) throws(StorageError) -> Int

    /// Gives a file another name, in place of one that has it: at any instant that name is one of
    /// the two files.
    func rename(_ name: String, to newName: String) throws(StorageError)

    func remove(_ name: String) throws(StorageError)

    /// Makes names durable: what was created, renamed and removed.
    func syncDirectory() throws(StorageError)
}

extension Storage {
    /// Puts a file in place of one that has the name, or of none: at any instant, also after a
    /// power cut, the name is that of the one or of the other, as a whole.
    ///
    /// - Parameter byteCount: room that the file is made with.
    func replace(
        _ name: String, with bytes: RawSpan, byteCount: Int = 0
    ) throws(StorageError) -> File {
        let temporary = name + FileName.temporaryEnding
        let file = try create(temporary, byteCount: byteCount)
        try finish(file, temporary, name, bytes)
        return file
    }

    /// Does so with a file that is there, whose content behind `bytes` stays.
    ///
    /// - Parameter spare: the name of that file, which nothing depends on.
    func replace(
        _ name: String, with bytes: RawSpan, reusing spare: String
    ) throws(StorageError) -> File {
        let temporary = name + FileName.temporaryEnding
        try rename(spare, to: temporary)
        let file = try open(temporary)
        try finish(file, temporary, name, bytes)
        return file
    }

    private func finish(
        _ file: File, _ temporary: String, _ name: String, _ bytes: RawSpan
    ) throws(StorageError) {
        do throws(StorageError) {
            try file.write(bytes, at: 0)
            try file.sync()
            try rename(temporary, to: name)
            try syncDirectory()
        } catch {
            // What failed is told; the next opening removes what this can't.
            try? remove(temporary)
            throw error
        }
    }
}

/// A file that is open for writing, closed with the last reference.
package protocol StorageFile: AnyObject {
    /// Writes all the bytes, from byte `offset` of the file on.
    func write(_ bytes: RawSpan, at offset: Int) throws(StorageError)

    /// Says that from now on each write begins where the one before ended, or up to 32 bytes before that, and
    /// is synced at once: so a file may go past the system's cache.
    ///
    /// - Parameter offset: where the first one will begin, or up to 32 bytes behind that.
    func beginAppending(at offset: Int)

    /// Makes what was written durable. When it fails, what was written since the last success is
    /// lost, whatever a later call says.
    func sync() throws(StorageError)

    /// Drops the bytes from `byteCount` on.
    func truncate(to byteCount: Int) throws(StorageError)
}
