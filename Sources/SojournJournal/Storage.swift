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
        return file
    }
}

/// A file that is open for writing, closed with the last reference.
package protocol StorageFile: AnyObject {
    /// Writes all the bytes, from byte `offset` of the file on.
    func write(_ bytes: RawSpan, at offset: Int) throws(StorageError)

    /// Makes what was written durable. When it fails, what was written since the last success is
    /// lost, whatever a later call says.
    func sync() throws(StorageError)

    /// Drops the bytes from `byteCount` on.
    func truncate(to byteCount: Int) throws(StorageError)
}
