import Glibc
package import SojournModel

/// Whose state a data directory holds.
package struct DataOwner: Equatable, Sendable {
    package var deployment: DeploymentID
    /// Of which visitors.
    package var partitions: PartitionRange

    package init(_ deployment: DeploymentID, _ partitions: PartitionRange = .whole) {
        self.deployment = deployment
        self.partitions = partitions
    }
}

/// A directory that belongs to one deployment and, while this lives, to one process.
///
///     DIR/lock          locked; who has it writes its process number into it
///     DIR/deployment    "sojourn data 1", "deployment 00112233445566778899aabbccddeeff",
///                       "partitions 0-31/64"
///     DIR/...           segments and snapshots
package struct DataDirectory: ~Copyable, Sendable {
    static let lockName = "lock"
    static let deploymentName = "deployment"
    static let formatVersion = 1

    package let path: String
    package let storage: FileStorage
    private let lock: DirectoryLock

    /// Opens a directory, and makes it when nothing is there; the folder that it stands in must be.
    package init(_ path: String, of owner: DataOwner) throws(JournalError) {
        try Self.makeDirectory(path)
        let storage: FileStorage
        do throws(StorageError) { storage = try FileStorage(directory: path) } catch {
            throw error.code == ENOTDIR ? .notADirectory(path) : .storage(error)
        }
        let lock = try DirectoryLock(path, isShared: false)
        try Self.claim(storage, owner)
        self.path = path
        self.storage = storage
        self.lock = lock
    }

    /// The process that has a directory now; nil when none has.
    ///
    /// - Returns: 0 for one that did not say its number.
    package static func holder(of path: String) throws(JournalError) -> Int32? {
        do throws(JournalError) {
            // Lets go of it at once.
            _ = try DirectoryLock(path, isShared: true)
            return nil
        } catch {
            switch error {
            case .inUse(_, let process): return process ?? 0
            // Nobody ever had it.
            case .storage(let refusal) where refusal.code == ENOENT: return nil
            default: throw error
            }
        }
    }

    /// Whose a directory is.
    package static func owner(of path: String) throws(JournalError) -> DataOwner {
        let storage = try JournalError.wrapping { () throws(StorageError) in
            try FileStorage(directory: path)
        }
        return try owner(of: storage)
    }

    private static func owner(of storage: FileStorage) throws(JournalError) -> DataOwner {
        let contents = try JournalError.wrapping { () throws(StorageError) in
            try storage.read(deploymentName)
        }
        return try parse(contents.bytes, storage.path(of: deploymentName))
    }

    private static func makeDirectory(_ path: String) throws(JournalError) {
        // The string is a valid path for the call, which keeps no part of it.
        guard unsafe mkdir(path, 0o700) != 0 else {
            // Its name is on disk when the folder that it stands in is.
            let folder = parent(of: path)
            return try JournalError.wrapping { () throws(StorageError) in
                try FileStorage(directory: folder).syncDirectory()
            }
        }
        let code = errno
        // Something is there, or could not be made but is there all the same: opening it tells
        // more.
        if code == EEXIST { return }
        if unsafe access(path, F_OK) == 0 { return }
        if code == ENOTDIR { throw .notADirectory(path) }
        throw .storage(StorageError(code, during: "make", path: path))
    }

    private static func parent(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
        let start = path.hasPrefix("/") ? "/" : ""
        return parts.isEmpty && start.isEmpty ? "." : start + parts.joined(separator: "/")
    }

    /// Sees to it that the directory belongs to its owner.
    private static func claim(
        _ storage: FileStorage, _ owner: DataOwner
    ) throws(JournalError) {
        let found: DataOwner
        do throws(JournalError) { found = try Self.owner(of: storage) } catch {
            guard case .storage(let refusal) = error, refusal.code == ENOENT else { throw error }
            return try write(storage, owner)
        }
        let file = storage.path(of: deploymentName)
        guard found.deployment == owner.deployment else {
            throw .otherDeployment(
                file: file, found: found.deployment, expected: owner.deployment)
        }
        guard found.partitions == owner.partitions else {
            throw .otherPartitions(
                file: file, found: found.partitions, expected: owner.partitions)
        }
    }

    /// The owner that the text of the file names.
    static func parse(_ bytes: RawSpan, _ path: String) throws(JournalError) -> DataOwner {
        let text = String(
            decoding: (0..<bytes.byteCount).map { bytes.integer(at: $0, as: UInt8.self) },
            as: UTF8.self)
        let words = text.split(whereSeparator: \.isNewline).map { $0.split(separator: " ") }
        guard words.count >= 1, words[0].count == 3, words[0][0...1] == ["sojourn", "data"],
            let version = Int(words[0][2])
        else { throw .badDirectoryFile(file: path) }
        guard version <= formatVersion else {
            throw .newerVersion(file: path, found: "format \(version)")
        }
        guard words.count >= 2, words[1].count == 2, words[1][0] == "deployment",
            let bits = Bits128(hexadecimal: words[1][1])
        else { throw .badDirectoryFile(file: path) }
        guard words.count >= 3, words[2].count == 2, words[2][0] == "partitions",
            let partitions = PartitionRange(words[2][1])
        else { throw .badDirectoryFile(file: path) }
        return DataOwner(DeploymentID(bits), partitions)
    }

    private static func write(
        _ storage: FileStorage, _ owner: DataOwner
    ) throws(JournalError) {
        let text = """
            sojourn data \(formatVersion)
            deployment \(owner.deployment.bits.hexadecimal)
            partitions \(owner.partitions)

            """
        try JournalError.wrapping { () throws(StorageError) in
            _ = try storage.replace(deploymentName, with: unsafe text.utf8Span.span.bytes)
        }
    }
}

/// A lock on a directory, which the system lets go of when the process ends however it ends.
///
/// The file stays: to remove it while another process waits for it would give two of them a lock.
struct DirectoryLock: ~Copyable {
    private let descriptor: Int32

    /// - Parameter isShared: whether it is only to see that nobody has it.
    init(_ directory: String, isShared: Bool) throws(JournalError) {
        let path = "\(directory)/\(DataDirectory.lockName)"
        // The string is a valid path for the call, which keeps no part of it.
        let descriptor = unsafe open(
            path, (isShared ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .storage(StorageError(errno, during: "open", path: path))
        }
        let code = Self.lock(descriptor, isShared ? LOCK_SH : LOCK_EX)
        guard code == 0 else {
            defer { Glibc.close(descriptor) }
            guard code == EWOULDBLOCK else {
                throw .storage(StorageError(code, during: "lock", path: path))
            }
            throw .inUse(directory: directory, process: Self.process(descriptor))
        }
        if !isShared { Self.sign(descriptor) }
        self.descriptor = descriptor
    }

    deinit { Glibc.close(descriptor) }

    /// How long another one may have it.
    ///
    /// A process that is killed in the moment in which it forks the one that writes its snapshot leaves
    /// that one behind, with a share of the lock: it lets go of it as the first thing that it does, but
    /// on a busy machine it may not have done anything yet.
    private static let patienceMilliseconds = 1_000
    private static let pauseMilliseconds = 10

    /// - Returns: 0, or the error number.
    private static func lock(_ descriptor: Int32, _ kind: Int32) -> Int32 {
        var waited = 0
        while flock(descriptor, kind | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            guard code == EWOULDBLOCK, waited < patienceMilliseconds else { return code }
            usleep(UInt32(pauseMilliseconds) * 1_000)
            waited += pauseMilliseconds
        }
        return 0
    }

    /// Writes who has it, for people: the lock is what counts, so this may fail.
    private static func sign(_ descriptor: Int32) {
        let text = "\(getpid())\n"
        _ = ftruncate(descriptor, 0)
        // The bytes live through the call, which reads as many as it is told.
        _ = unsafe text.utf8Span.span.bytes.withUnsafeBytes { bytes in
            unsafe pwrite(descriptor, bytes.baseAddress, bytes.count, 0)
        }
    }

    private static func process(_ descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        // The buffer has as many bytes as the call is told.
        let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).first.flatMap { Int32($0) }
    }
}
