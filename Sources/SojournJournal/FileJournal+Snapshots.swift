import Glibc
import SojournModel
import Synchronization

extension FileJournal {
    package mutating func saveSnapshot(
        _ draft: borrowing SnapshotDraft
    ) throws(JournalError) {
        try installSnapshot(try writeSnapshot(draft), at: draft.position)
    }

    /// Writes a snapshot under a name that does not count yet, and makes it durable. The journal
    /// need not have its position before it is installed.
    ///
    /// - Returns: the name.
    package func writeSnapshot(
        _ draft: borrowing SnapshotDraft
    ) throws(JournalError) -> String {
        // A child has the name of what is not finished.
        if let files = storage as? FileStorage, files.snapshotRunning.load(ordering: .acquiring) {
            throw .snapshotRunning
        }
        let temporary = FileName.snapshotName(draft.position) + FileName.temporaryEnding
        do throws(StorageError) {
            let file = try storage.create(temporary, byteCount: 0)
            try draft.write(to: file, deployment: options.deployment)
            try file.sync()
        } catch {
            // What failed is told; the next opening removes what this can't.
            try? storage.remove(temporary)
            throw .storage(error)
        }
        return temporary
    }

    /// Gives a snapshot that is on disk its name, and drops what it makes superfluous.
    ///
    /// - Precondition: the journal has its position.
    package mutating func installSnapshot(
        _ temporary: String, at position: JournalPosition
    ) throws(JournalError) {
        precondition(position <= last, "a snapshot is of what the journal has")
        // Else a power cut could leave a snapshot that knows more than the journal.
        if durable < position { try sync() }
        let name = FileName.snapshotName(position)
        do throws(StorageError) {
            try storage.rename(temporary, to: name)
            try storage.syncDirectory()
        } catch {
            try? storage.remove(temporary)
            throw .storage(error)
        }
        if !snapshots.contains(position) {
            snapshots.append(position)
            snapshots.sort()
        }
        try retire()
    }

    /// How many files that were segments are kept for segments to come.
    private static var sparesMax: Int { 8 }

    /// Keeps the two newest whole snapshots and the records behind the older one.
    private mutating func retire() throws(JournalError) {
        let storage = storage
        for damage in damagedSnapshots where !snapshots.contains(damage.position) {
            try remove(FileName.snapshotName(damage.position))
        }
        damagedSnapshots.removeAll()
        while snapshots.count > 2 {
            try remove(FileName.snapshotName(snapshots[0]))
            snapshots.removeFirst()
        }
        guard snapshots.count == 2 else { return }
        // One after the other, from the oldest on, so that a power cut leaves no gap between them.
        while segments.count > 1, segments[1] <= snapshots[0].next {
            let first = segments.removeFirst()
            let name = FileName.segmentName(first)
            var isSpare = spares.count < Self.sparesMax
            if isSpare { isSpare = try hasUsualSize(name) }
            if isSpare {
                try JournalError.wrapping { () throws(StorageError) in
                    try storage.rename(name, to: FileName.spareName(first))
                }
            } else {
                try remove(name)
            }
            try JournalError.wrapping { () throws(StorageError) in try storage.syncDirectory() }
            // Not before its old name is gone for good.
            if isSpare { spares.append(first) }
        }
    }

    private func hasUsualSize(_ name: String) throws(JournalError) -> Bool {
        do throws(StorageError) {
            return try storage.size(of: name) == options.segmentBytes
        } catch {
            if error.code == ENOENT { return false }
            throw .storage(error)
        }
    }

    /// Removes a file that may be gone already.
    private func remove(_ name: String) throws(JournalError) {
        do throws(StorageError) { try storage.remove(name) } catch {
            if error.code != ENOENT { throw .storage(error) }
        }
    }

    package mutating func loadSnapshot() throws(JournalError) -> Snapshot? {
        while let position = snapshots.last {
            do throws(JournalError) {
                return try readSnapshot(storage, position, options.deployment)
            } catch {
                guard case .damaged(let damage) = error else { throw error }
                damagedSnapshots.append(damage)
                snapshots.removeLast()
            }
        }
        return nil
    }
}

/// Reads and checks a snapshot.
func readSnapshot(
    _ storage: any Storage, _ position: JournalPosition, _ deployment: DeploymentID?
) throws(JournalError) -> Snapshot {
    let name = FileName.snapshotName(position)
    let path = storage.path(of: name)
    let contents: FileContents
    do throws(StorageError) { contents = try storage.read(name) } catch {
        // The one that the disk cannot give back is as good as damaged.
        guard error.code == EIO else { throw .storage(error) }
        throw .damaged(Damage(file: path, offset: 0, position: position, fault: .unreadable))
    }
    do throws(FileHeader.Fault) {
        return try Snapshot(contents, deployment: deployment, position: position)
    } catch {
        throw JournalError(error, file: path, position: position, expected: deployment)
    }
}
