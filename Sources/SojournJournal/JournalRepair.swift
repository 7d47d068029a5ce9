package import SojournModel
import SojournWire

/// Makes a damaged directory one that a service starts with: keeps what is whole, and puts the rest
/// aside under names that begin with `damaged-`. Nothing is deleted.
///
/// What is kept is the newest whole snapshot, the records behind it up to the first that cannot be
/// read, and an older snapshot if the records between the two are whole.
///
/// Each step leaves a directory that can be repaired, so a repair that failed is done again.
package struct JournalRepair: Equatable, Sendable {
    /// Names of what was put aside, as they are now.
    package private(set) var putAside: [String] = []
    /// The last record that the directory stands for now.
    package private(set) var last: JournalPosition
    /// Records that were there once and are not kept. Only what has left a trace is known of.
    package private(set) var lost: ClosedRange<JournalPosition>?

    /// Repairs a directory, which no service may use meanwhile. One that is whole stays as it is.
    package init(
        _ storage: some Storage, deployment: DeploymentID
    ) throws(JournalError) {
        let check = try JournalCheck(storage, deployment: deployment)
        last = check.last
        guard case .damaged = check.verdict else { return }
        let traces = try Self.lastTrace(check, storage, deployment)
        let plan = Plan(check)
        if plan.last == .start, check.snapshot == nil {
            throw .nothingWhole(directory: storage.path(of: "."))
        }
        // From the newest on, so that what is left never seems to be more than it is.
        for name in plan.putAside.reversed() { try putAside(name, storage) }
        if let (name, offset) = plan.cut { try cut(name, at: offset, storage) }
        if let first = plan.newSegment {
            try JournalError.wrapping { () throws(StorageError) in
                var header = ByteWriter(capacity: FileHeader.byteCount)
                // Nothing is written into it: the next group begins another one.
                FileHeader.writeSegment(
                    of: deployment, first: first, SegmentSalt(bits: 0), to: &header)
                _ = try storage.replace(FileName.segmentName(first), with: header.bytes)
            }
        }
        last = plan.last
        if traces > last { lost = last.next...traces }
    }

    /// What is to be done.
    private struct Plan {
        var putAside: [String] = []
        /// A segment that is whole up to there.
        var cut: (name: String, offset: Int)?
        /// Where an empty segment is needed, that says where the journal goes on.
        var newSegment: JournalPosition?
        var last: JournalPosition

        init(_ check: JournalCheck) {
            let start = check.snapshot ?? .start
            let segments = check.files.filter(\.isSegment)
            // The one with the record behind the snapshot, and where the records can be read to.
            let begin = segments.lastIndex { $0.first! <= start.next }
            let broken = begin.flatMap { begin in
                segments[begin...].firstIndex { $0.damage != nil }
            }
            last = (broken ?? segments.indices.last).flatMap { segments[$0].last } ?? .start

            var isJournalKept = true
            if begin == nil || last < start {
                // Nothing leads on from the snapshot.
                isJournalKept = false
                putAside += segments.map(\.name)
                newSegment = start.next
                last = start
            } else if let broken, let damage = segments[broken].damage {
                putAside += segments[(broken + 1)...].map(\.name)
                if case .record = damage.fault {
                    cut = (segments[broken].name, damage.offset)
                } else {
                    putAside.insert(segments[broken].name, at: 0)
                    if broken == begin { newSegment = last.next }
                }
            }
            // An older snapshot is of use if the records between it and the newest are there.
            let older = segments[..<(begin ?? 0)].filter(\.isNeeded)
            let isOlderKept =
                isJournalKept && older.allSatisfy { $0.damage == nil }
                && !check.isMissingBeforeFirst
            putAside += check.files.filter { file in
                guard case .snapshot(let position) = file.kind else { return false }
                return file.damage != nil || position < start && !isOlderKept
            }.map(\.name)
        }
    }

    private mutating func putAside(
        _ name: String, _ storage: some Storage
    ) throws(JournalError) {
        let newName = try unused(name, storage)
        try JournalError.wrapping { () throws(StorageError) in
            try storage.rename(name, to: newName)
            try storage.syncDirectory()
        }
        putAside.append(newName)
    }

    /// Copies what is behind `offset` aside, then drops it.
    private mutating func cut(
        _ name: String, at offset: Int, _ storage: some Storage
    ) throws(JournalError) {
        let newName = try unused("\(name)-from-\(offset)", storage)
        try JournalError.wrapping { () throws(StorageError) in
            let contents = try storage.read(name)
            let end = contents.bytes.endOfContent(from: offset)
            _ = try storage.replace(newName, with: contents.bytes.extracting(offset..<end))
            let file = try storage.open(name)
            try file.truncate(to: offset)
            try file.sync()
        }
        putAside.append(newName)
    }

    private func unused(_ name: String, _ storage: some Storage) throws(JournalError) -> String {
        let names = try JournalError.wrapping { () throws(StorageError) in try storage.names() }
        let wanted = FileName.damagedBeginning + name
        if !names.contains(wanted) { return wanted }
        var number = 2
        while names.contains("\(wanted)-\(number)") { number += 1 }
        return "\(wanted)-\(number)"
    }

    /// The last record that anything tells of.
    private static func lastTrace(
        _ check: JournalCheck, _ storage: some Storage, _ deployment: DeploymentID
    ) throws(JournalError) -> JournalPosition {
        var last = JournalPosition.start
        for file in check.files {
            if let position = file.last { last = max(last, position) }
            guard file.isSegment, let damage = file.damage, case .record = damage.fault,
                let first = file.first
            else { continue }
            let segment = try SegmentContents.read(storage, first, deployment)
            last = max(
                last,
                SegmentScan.lastTrace(
                    segment.bytes, segment.salt, from: damage.offset, behind: file.last!))
        }
        return last
    }
}
