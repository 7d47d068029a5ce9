import Glibc
package import SojournJournal
import SojournModel

/// A directory in memory that does all that POSIX allows a disk to do, as a seed decides.
///
/// It has two states: what a process sees, and what is on disk. `kill` leaves the first, as when a
/// process ends; `crash` leaves the second, with any part of what was not synced, as when the power
/// fails. The storage that either was called on is dead, and so are its files.
package final class FaultyStorage: Storage {
    /// How often things fail: one in so many, 0 for never.
    package struct Faults: Sendable {
        package var write = 0
        /// A sync that fails: what it should have written is lost, though later ones succeed.
        package var sync = 0
        /// Making, renaming and removing names, and the sync of the directory.
        package var directory = 0
        package var read = 0

        package init() {}

        package static let none = Faults()
        package static func all(oneIn times: Int) -> Faults {
            var faults = Faults()
            (faults.write, faults.sync, faults.directory) = (times, times, times)
            return faults
        }
    }

    package var faults = Faults.none
    /// Bytes that all files together may have; nil for no end.
    package var capacity: Int?
    package var isReadOnly = false
    /// Whether room can be taken before it is needed.
    package var canPreallocate = true
    /// A disk that lies: a sync says that it worked, and does nothing.
    package var ignoresSync = false
    /// How many operations that change something are still done. Those behind them fail and change
    /// nothing, so that a crash then is one in the middle of whatever was going on. nil for no end.
    package var operationsLeft: Int?
    /// Failures that were made so far.
    package private(set) var failureCount = 0

    /// Whether names were changed, and the disk lost that in a failed sync: they may be as before
    /// when the next process comes, in any mixture.
    package private(set) var hasLostNames = false

    private var random: SplitMix64
    private var isDead = false
    private var seen: [String: Inode] = [:]
    private var onDisk: [String: Inode] = [:]
    /// Changes of names that a sync of the directory makes durable.
    private var changes: [NameChange] = []

    private enum NameChange {
        case put(String, Inode)
        case rename(String, String, Inode)
        case remove(String)
    }

    package init(seed: UInt64) { random = SplitMix64(seed: seed) }

    // MARK: - Ends

    /// The power fails: the directory as the next process finds it.
    package func crash() -> FaultyStorage {
        let after = successor()
        let share = share()
        for change in changes where random.number(1...8) <= share {
            Self.apply(change, to: &onDisk)
        }
        // In order of their names, for the seed to mean the same in every process.
        for name in onDisk.keys.sorted() {
            guard let inode = onDisk[name] else { continue }
            let survivor = inode.afterCrash(share: self.share(), &random)
            after.seen[name] = survivor
            after.onDisk[name] = survivor
        }
        return after
    }

    /// The process ends: the directory as the next one finds it.
    package func kill() -> FaultyStorage {
        let after = successor()
        (after.seen, after.onDisk, after.changes) = (seen, onDisk, changes)
        return after
    }

    /// How many in eight of the changes that are not synced survive: none, some, or all.
    private func share() -> Int { random.pick([0, 1, 4, 7, 8]) }

    private func successor() -> FaultyStorage {
        live()
        isDead = true
        let after = FaultyStorage(seed: random.next())
        after.faults = faults
        after.capacity = capacity
        after.isReadOnly = isReadOnly
        after.canPreallocate = canPreallocate
        after.ignoresSync = ignoresSync
        after.failureCount = failureCount
        after.hasLostNames = hasLostNames
        return after
    }

    // MARK: - For tests

    /// What a process sees of a file.
    package func bytes(of name: String) -> [UInt8]? { seen[name]?.seen }

    /// Changes a file behind everybody's back, on disk too.
    package func overwrite(_ name: String, with bytes: [UInt8]) {
        let inode = Inode()
        (inode.seen, inode.onDisk) = (bytes, bytes)
        seen[name] = inode
        onDisk[name] = inode
    }

    /// Bytes of all files.
    package var usedBytes: Int { seen.values.reduce(0) { $0 + $1.seen.count } }

    // MARK: - Storage

    package func path(of name: String) -> String { "faulty/\(name)" }

    package func names() throws(StorageError) -> [String] {
        live()
        return seen.keys.sorted()
    }

    package func create(_ name: String, byteCount: Int) throws(StorageError) -> FaultyFile {
        try change("create", name, failing: faults.directory)
        let inode = seen[name] ?? Inode()
        if seen[name] == nil { changes.append(.put(name, inode)) }
        seen[name] = inode
        inode.truncate(to: 0)
        if canPreallocate && byteCount > 0 {
            guard byteCount <= room else {
                seen[name] = nil
                changes.append(.remove(name))
                throw fail(ENOSPC, "create", name)
            }
            inode.seen = Array(repeating: 0, count: byteCount)
        }
        return FaultyFile(self, inode, name)
    }

    package func open(_ name: String) throws(StorageError) -> FaultyFile {
        live()
        if isReadOnly { throw StorageError(EROFS, during: "open", path: path(of: name)) }
        return FaultyFile(self, try inode(name), name)
    }

    package func read(_ name: String) throws(StorageError) -> FileContents {
        live()
        let inode = try inode(name)
        if happens(faults.read) { throw fail(EIO, "read", name) }
        guard let contents = unsafe FileContents(copying: inode.seen.span.bytes) else {
            throw StorageError(ENOMEM, during: "read", path: path(of: name))
        }
        return contents
    }

    package func size(of name: String) throws(StorageError) -> Int {
        live()
        return try inode(name).seen.count
    }

    package func rename(_ name: String, to newName: String) throws(StorageError) {
        try change("rename", name, failing: faults.directory)
        let inode = try inode(name)
        seen[name] = nil
        seen[newName] = inode
        changes.append(.rename(name, newName, inode))
    }

    package func remove(_ name: String) throws(StorageError) {
        try change("remove", name, failing: faults.directory)
        _ = try inode(name)
        seen[name] = nil
        changes.append(.remove(name))
    }

    package func syncDirectory() throws(StorageError) {
        try change("sync", "")
        if happens(faults.directory) {
            // What was to be written is lost, or will be written by the next.
            if random.once(in: 2) {
                hasLostNames = hasLostNames || !changes.isEmpty
                changes.removeAll()
            }
            throw fail(EIO, "sync", "")
        }
        if ignoresSync { return }
        for change in changes { Self.apply(change, to: &onDisk) }
        changes.removeAll()
    }

    private func inode(_ name: String) throws(StorageError) -> Inode {
        guard let inode = seen[name] else {
            throw StorageError(ENOENT, during: "open", path: path(of: name))
        }
        return inode
    }

    private static func apply(_ change: NameChange, to names: inout [String: Inode]) {
        switch change {
        case .put(let name, let inode): names[name] = inode
        case .remove(let name): names[name] = nil
        case .rename(let name, let newName, let inode):
            names[name] = nil
            names[newName] = inode
        }
    }

    // MARK: - Faults

    fileprivate func live() { precondition(!isDead, "this process has ended") }

    /// Begins an operation that changes something, and fails in one of so many.
    private func change(
        _ operation: String, _ name: String, failing times: Int = 0
    ) throws(StorageError) {
        live()
        if let left = operationsLeft {
            if left == 0 { throw fail(EIO, operation, name) }
            operationsLeft = left - 1
        }
        if isReadOnly { throw fail(EROFS, operation, name) }
        if happens(times) { throw fail(EIO, operation, name) }
    }

    private func happens(_ times: Int) -> Bool { times > 0 && random.once(in: times) }

    private func fail(_ code: Int32, _ operation: String, _ name: String) -> StorageError {
        failureCount += 1
        return StorageError(code, during: operation, path: path(of: name))
    }

    fileprivate var room: Int { capacity.map { max(0, $0 - usedBytes) } ?? .max }

    fileprivate func write(
        _ bytes: [UInt8], at offset: Int, _ inode: Inode, _ name: String
    ) throws(StorageError) {
        try change("write", name)
        let growth = max(0, offset + bytes.count - inode.seen.count)
        let fits = max(0, bytes.count - max(0, growth - room))
        if happens(faults.write) {
            // Some of it may have been taken.
            inode.write(bytes.prefix(random.number(0...fits)), at: offset)
            throw fail(EIO, "write", name)
        }
        inode.write(bytes.prefix(fits), at: offset)
        if fits < bytes.count { throw fail(ENOSPC, "write", name) }
    }

    fileprivate func sync(_ inode: Inode, _ name: String) throws(StorageError) {
        try change("sync", name)
        if happens(faults.sync) {
            inode.loseChanges(share: random.pick([0, 0, 4]), &random)
            throw fail(EIO, "sync", name)
        }
        if !ignoresSync { inode.sync() }
    }

    fileprivate func truncate(
        _ inode: Inode, _ name: String, to byteCount: Int
    ) throws(StorageError) {
        try change("truncate", name, failing: faults.write)
        inode.truncate(to: byteCount)
    }
}

/// A file of a `FaultyStorage`.
package final class FaultyFile: StorageFile {
    private let storage: FaultyStorage
    private let inode: Inode
    private let name: String

    fileprivate init(_ storage: FaultyStorage, _ inode: Inode, _ name: String) {
        self.storage = storage
        self.inode = inode
        self.name = name
    }

    package func write(_ bytes: RawSpan, at offset: Int) throws(StorageError) {
        // The bytes are borrowed for the closure, which copies them.
        let copy = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
        try storage.write(copy, at: offset, inode, name)
    }

    package func sync() throws(StorageError) { try storage.sync(inode, name) }

    package func beginAppending(at offset: Int) {}

    package func truncate(to byteCount: Int) throws(StorageError) {
        try storage.truncate(inode, name, to: byteCount)
    }
}

/// The content of a file: as processes see it, and as it is on disk.
private final class Inode {
    static let sectorBytes = 512

    var seen: [UInt8] = []
    var onDisk: [UInt8] = []
    /// Sectors that were written since the last sync.
    private var changed: Set<Int> = []
    /// Whether a sync will write the size too.
    private var sizeChanged: Bool { seen.count != onDisk.count && !sizeLost }
    private var sizeLost = false

    func write(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        if seen.count < end {
            resize(&seen, to: end)
            sizeLost = false
        }
        seen.replaceSubrange(offset..<end, with: bytes)
        changed.formUnion(offset / Self.sectorBytes...(end - 1) / Self.sectorBytes)
    }

    func truncate(to byteCount: Int) {
        guard byteCount < seen.count else { return }
        seen.removeLast(seen.count - byteCount)
        sizeLost = false
    }

    func sync() {
        if sizeChanged { resize(&onDisk, to: seen.count) }
        for sector in changed { copy(sector, to: &onDisk) }
        changed.removeAll()
    }

    /// A sync that failed: some of the changes are on disk, and the others will never be.
    func loseChanges(share: Int, _ random: inout SplitMix64) {
        if random.number(1...8) <= share {
            resize(&onDisk, to: seen.count)
        } else {
            sizeLost = seen.count != onDisk.count
        }
        for sector in changed.sorted() where random.number(1...8) <= share {
            copy(sector, to: &onDisk)
        }
        changed.removeAll()
    }

    /// What a power cut leaves.
    func afterCrash(share: Int, _ random: inout SplitMix64) -> Inode {
        var bytes = onDisk
        if sizeChanged, random.number(1...8) <= share {
            // A file may grow by and by.
            let (low, high) = (min(seen.count, bytes.count), max(seen.count, bytes.count))
            resize(&bytes, to: random.once(in: 2) ? seen.count : random.number(low...high))
        }
        for sector in changed.sorted() where random.number(1...8) <= share {
            copy(sector, to: &bytes)
        }
        let after = Inode()
        (after.seen, after.onDisk) = (bytes, bytes)
        return after
    }

    private func resize(_ bytes: inout [UInt8], to count: Int) {
        if bytes.count < count {
            // Without optimization an array is filled far faster than a sequence is walked.
            bytes += [UInt8](repeating: 0, count: count - bytes.count)
        } else {
            bytes.removeLast(bytes.count - count)
        }
    }

    /// Copies what there is of a sector, as far as the file goes.
    private func copy(_ sector: Int, to bytes: inout [UInt8]) {
        let start = sector * Self.sectorBytes
        let end = min(start + Self.sectorBytes, seen.count, bytes.count)
        if start < end { bytes.replaceSubrange(start..<end, with: seen[start..<end]) }
    }
}
