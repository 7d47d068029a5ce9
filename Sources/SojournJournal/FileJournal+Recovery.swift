/// What had to be done to open a journal.
package struct JournalRecovery: Equatable, Sendable {
    /// The end of the last segment that was never known to be on disk, and was cut off.
    package struct TornTail: Equatable, Sendable {
        /// The path.
        package var file: String
        /// Byte at which the file was cut.
        package var offset: Int
        /// The first record that is not there.
        package var position: JournalPosition

        package init(file: String, offset: Int, position: JournalPosition) {
            self.file = file
            self.offset = offset
            self.position = position
        }
    }

    package var tornTail: TornTail?
    /// Records at the end that were written anew, because nothing says that they are on disk.
    package var rewrittenRecords = 0
    /// Names of files that were never finished, and were removed.
    package var removedFiles: [String] = []
}

extension FileJournal {
    /// Finds the end, cuts off what is torn, and sees to it that the disk has what is left.
    ///
    /// The last segment is read as a whole; those before it when their records are.
    mutating func recover() throws(JournalError) {
        try listFiles()
        guard let first = segments.last else {
            return try checkSnapshots(against: .start)
        }
        let segment = try SegmentContents.read(storage, first, options.deployment)
        let scan = SegmentScan(segment.bytes, segment.salt, first: first, successor: nil)
        let name = FileName.segmentName(first)
        let path = storage.path(of: name)
        switch scan.verdict {
        case .whole: break
        case .torn:
            recovery.tornTail = .init(file: path, offset: scan.end, position: scan.last.next)
        case .damaged(.unknownKind(let kind)):
            throw .newerVersion(file: path, found: "record \(scan.last.next) has kind \(kind)")
        case .damaged(let fault):
            throw .damaged(
                Damage(
                    file: path, offset: scan.end, position: scan.last.next, fault: .record(fault)))
        }
        try checkSnapshots(against: scan.last)
        // Room that it was made with goes too: the next group begins another segment.
        if scan.end < segment.bytes.byteCount {
            try cut(name, to: scan.end)
        }
        last = scan.last
        durable = scan.durable
        if durable < last {
            // What was read may be in the system's memory only, even after a sync that says
            // otherwise, if the one before it failed.
            recovery.rewrittenRecords = Int(last.rawValue - durable.rawValue)
            try beginSegment(room: 0)
        }
    }

    private mutating func listFiles() throws(JournalError) {
        let storage = storage
        try JournalError.wrapping { () throws(StorageError) in
            for name in try storage.names() {
                switch FileName(name) {
                case .segment(let first): segments.append(first)
                case .snapshot(let position): snapshots.append(position)
                case .spare(let first): spares.append(first)
                case .temporary:
                    try storage.remove(name)
                    recovery.removedFiles.append(name)
                case .directory, .damaged, .other: break
                }
            }
            // An earlier process may have ended before it could.
            try storage.syncDirectory()
        }
        segments.sort()
        snapshots.sort()
    }

    /// A snapshot is put into place when the journal is on disk up to it, so it is never ahead.
    private func checkSnapshots(against last: JournalPosition) throws(JournalError) {
        guard let newest = snapshots.last, newest > last else { return }
        throw .damaged(
            Damage(
                file: storage.path(of: FileName.segmentName(last.next)), offset: 0,
                position: last.next, fault: .missingRecords(before: newest.next)))
    }

    private func cut(_ name: String, to byteCount: Int) throws(JournalError) {
        let storage = storage
        try JournalError.wrapping { () throws(StorageError) in
            let file = try storage.open(name)
            try file.truncate(to: byteCount)
            try file.sync()
        }
    }
}
