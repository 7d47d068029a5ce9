import Glibc
package import SojournModel

/// What is in a directory and whether it is whole. Nothing is changed.
package struct JournalCheck: Equatable, Sendable {
    /// One file.
    package struct File: Equatable, Sendable {
        package var name: String
        package var kind: FileName
        package var byteCount: Int
        /// Of a segment: its first record, and the last that can be read; the one before the first
        /// when none can. Of a snapshot: its position, twice.
        package var first: JournalPosition?
        package var last: JournalPosition?
        /// Of a segment: records that can be read. Of a snapshot: sections.
        package var count = 0
        /// False for a segment whose records snapshots stand for by now.
        package var isNeeded = true
        /// Where the end begins that was never known to be on disk.
        package var tornAt: Int?
        /// The first thing that is wrong.
        package var damage: Damage?
    }

    package enum Verdict: Equatable, Sendable {
        /// All that was written can be read.
        case whole
        /// So it is but for the end of a group that nobody was told of; opening cuts it off.
        case tornTail(JournalRecovery.TornTail)
        /// What was written cannot be read, in one place or more.
        case damaged([Damage])
    }

    /// All files, by name.
    package private(set) var files: [File] = []
    package private(set) var verdict = Verdict.whole
    /// The snapshot that a service would begin with.
    package private(set) var snapshot: JournalPosition?
    /// The last record that a service would have.
    package private(set) var last = JournalPosition.start
    /// Why a service would not start; nil when it would. Damage need not stop it: an older snapshot
    /// and the journal behind it can stand in for a newer one.
    package private(set) var obstacle: Damage?

    /// Whether records between the older snapshot and the first segment are missing.
    private(set) var isMissingBeforeFirst = false

    /// - Parameter deployment: whose directory it should be; nil for anybody's.
    package init(
        _ storage: some Storage, deployment: DeploymentID? = nil
    ) throws(JournalError) {
        let names = try JournalError.wrapping { () throws(StorageError) in try storage.names() }
        for name in names {
            let byteCount = try JournalError.wrapping { () throws(StorageError) in
                try storage.size(of: name)
            }
            files.append(File(name: name, kind: FileName(name), byteCount: byteCount))
        }
        for index in files.indices { try checkSnapshot(index, storage, deployment) }
        let whole = positions(of: .whole)
        snapshot = whole.last
        let needed = whole.suffix(2).first ?? .start

        let segments = files.indices.filter { files[$0].isSegment }
        for (rank, index) in segments.enumerated() {
            let successor =
                rank + 1 < segments.count ? files[segments[rank + 1]].first : nil
            files[index].isNeeded = successor.map { $0 > needed.next } ?? true
            if files[index].isNeeded {
                try checkSegment(index, successor: successor, storage, deployment)
            }
        }
        judge(segments.filter { files[$0].isNeeded }, needed: needed, storage)
    }

    private enum Which { case whole, all }

    private func positions(of which: Which) -> [JournalPosition] {
        files.compactMap { file in
            guard case .snapshot(let position) = file.kind else { return nil }
            return which == .all || file.damage == nil ? position : nil
        }
    }

    private mutating func checkSnapshot(
        _ index: Int, _ storage: any Storage, _ deployment: DeploymentID?
    ) throws(JournalError) {
        guard case .snapshot(let position) = files[index].kind else { return }
        (files[index].first, files[index].last) = (position, position)
        do throws(JournalError) {
            files[index].count = try readSnapshot(storage, position, deployment).sectionCount
        } catch {
            guard case .damaged(let damage) = error else { throw error }
            files[index].damage = damage
        }
    }

    private mutating func checkSegment(
        _ index: Int, successor: JournalPosition?, _ storage: any Storage,
        _ deployment: DeploymentID?
    ) throws(JournalError) {
        guard let first = files[index].first else { return }
        let path = storage.path(of: files[index].name)
        do throws(JournalError) {
            let segment = try SegmentContents.read(storage, first, deployment)
            let scan = SegmentScan(
                segment.bytes, segment.salt, first: first, successor: successor)
            files[index].last = scan.last
            files[index].count = scan.recordCount
            switch scan.verdict {
            case .whole: break
            case .torn:
                files[index].tornAt = scan.end
                verdict = .tornTail(
                    .init(file: path, offset: scan.end, position: scan.last.next))
            case .damaged(.unknownKind(let kind)):
                throw .newerVersion(
                    file: path, found: "record \(scan.last.next) has kind \(kind)")
            case .damaged(let fault):
                files[index].damage = Damage(
                    file: path, offset: scan.end, position: scan.last.next, fault: .record(fault))
            }
        } catch {
            switch error {
            case .damaged(let damage): files[index].damage = damage
            case .storage(let refusal) where refusal.code == EIO:
                files[index].damage = Damage(
                    file: path, offset: 0, position: first, fault: .unreadable)
            default: throw error
            }
        }
    }

    /// - Parameters:
    ///   - segments: those whose records are needed, by their indices.
    ///   - needed: every record behind it is.
    private mutating func judge(
        _ segments: [Int], needed: JournalPosition, _ storage: any Storage
    ) {
        var damages = files.compactMap(\.damage)
        let start = snapshot ?? .start
        func missing(_ position: JournalPosition, before next: JournalPosition) -> Damage {
            Damage(
                file: storage.path(of: FileName.segmentName(position)), offset: 0,
                position: position, fault: .missingRecords(before: next))
        }
        // What is missing before the first segment that is there.
        if let first = segments.first.flatMap({ files[$0].first }), first > needed.next {
            let damage = missing(needed.next, before: first)
            damages.append(damage)
            isMissingBeforeFirst = true
            if first > start.next { obstacle = damage }
        }
        last = segments.last.flatMap { files[$0].last } ?? .start
        // What is missing behind the last: a snapshot is never ahead of the journal.
        if let newest = positions(of: .all).last, newest > last {
            let damage = missing(last.next, before: newest.next)
            damages.append(damage)
            obstacle = obstacle ?? damage
        }
        // What a service would read: the segments from the snapshot on, and always the last.
        for (rank, index) in segments.enumerated() {
            let isRead =
                rank + 1 == segments.count
                || files[segments[rank + 1]].first.map { $0 > start.next } ?? true
            if isRead { obstacle = obstacle ?? files[index].damage }
        }
        if !damages.isEmpty { verdict = .damaged(damages) }
    }
}

extension JournalCheck.File {
    fileprivate init(name: String, kind: FileName, byteCount: Int) {
        self.name = name
        self.kind = kind
        self.byteCount = byteCount
        if case .segment(let first) = kind { (self.first, last) = (first, first.previous) }
    }

    var isSegment: Bool {
        if case .segment = kind { true } else { false }
    }
}
