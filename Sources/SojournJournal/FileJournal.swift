import SojournModel
import SojournWire

/// The journal in segment files (proto-spec, journal).
///
/// **The one rule that all the others rest on**: a segment is made only when every record before
/// its first is on disk, and is itself on disk, name and header, before a record is written into
/// it. So a segment that exists proves that nothing before it was lost, and reading stops in a
/// segment where the next one begins.
///
/// After a failed write or sync a segment is never written again. The records that it holds and
/// that are not known to be on disk are written anew, to a new segment.
///
/// Segments that are not needed any more become new ones: blocks and pages that were written before
/// are written again in half the time.
package struct FileJournal<Disk: Storage>: ~Copyable, Journal {
    package let storage: Disk
    package let options: JournalOptions
    package internal(set) var last = JournalPosition.start
    package internal(set) var durable = JournalPosition.start
    /// What had to be done when it was opened.
    package internal(set) var recovery = JournalRecovery()
    package internal(set) var damagedSnapshots: [Damage] = []

    /// First positions of the segments, ascending.
    var segments: [JournalPosition] = []
    /// Positions of the snapshots, ascending, damaged ones left out once they are known.
    var snapshots: [JournalPosition] = []
    /// Files that were segments and are free to be one, by the first positions that they had.
    var spares: [JournalPosition] = []
    private var salts: SplitMix64
    private var active: ActiveSegment?

    /// The segment that groups are written to.
    struct ActiveSegment {
        let file: Disk.File
        let salt: SegmentSalt
        /// Bytes that it was made with.
        let byteCount: Int
        /// Where the next group goes.
        var end: Int

        var room: Int { byteCount - end }
    }

    package init(_ storage: Disk, _ options: JournalOptions) throws(JournalError) {
        self.storage = storage
        self.options = options
        salts = SplitMix64(seed: options.saltSeed)
        try recover()
    }

    package mutating func append(_ group: inout RecordGroup) throws(JournalError) {
        precondition(!group.isEmpty)
        precondition(group.first == last.next, "records have numbers without gaps")
        if let active, active.room < group.byteCount {
            try sync()
            self.active = nil
        }
        if active == nil { try beginSegment(room: group.byteCount) }
        try write(&group)
        active?.end += group.byteCount
        last = group.last
        if options.durability == .disk { durable = last }
    }

    private mutating func write(_ group: inout RecordGroup) throws(JournalError) {
        guard let active else { preconditionFailure("a segment was begun") }
        group.seal(active.salt)
        do throws(StorageError) {
            try active.file.write(group.bytes(room: active.room), at: active.end)
            if options.durability == .disk { try active.file.sync() }
        } catch {
            // Nobody knows what is on disk now, and a later sync would not tell.
            self.active = nil
            throw .storage(error)
        }
    }

    package mutating func sync() throws(JournalError) {
        guard durable < last else { return }
        guard let active else { return try beginSegment(room: 0) }
        do throws(StorageError) { try active.file.sync() } catch {
            self.active = nil
            throw .storage(error)
        }
        durable = last
    }

    package consuming func close() throws(JournalError) { try sync() }

    package func records(
        after position: JournalPosition
    ) throws(JournalError) -> JournalReader {
        try JournalReader(
            storage, options.deployment, segments: segments, after: position, through: last)
    }

    /// Makes the segment that begins behind `durable`: writes the records anew that are not known
    /// to be on disk, makes them and its name durable, and has room for so many bytes more.
    mutating func beginSegment(room: Int) throws(JournalError) {
        let first = durable.next
        let salt = SegmentSalt(bits: UInt32(truncatingIfNeeded: salts.next()))
        var front = ByteWriter(capacity: FileHeader.byteCount)
        FileHeader.writeSegment(of: options.deployment, first: first, salt, to: &front)
        try carry(into: &front)
        let end = front.count
        salt.seal(&front, from: FileHeader.byteCount, to: end)
        front.appendZeros(RecordHeader.byteCount)
        // In place of one with that name, of which nothing is known to be on disk.
        let (file, byteCount) = try replace(
            FileName.segmentName(first), with: front.bytes, room: room)
        if segments.last != first { segments.append(first) }
        durable = last
        if options.durability == .disk { file.beginAppending(at: end) }
        active = ActiveSegment(file: file, salt: salt, byteCount: byteCount, end: end)
    }

    /// Appends the records behind `durable`, read from the last segment.
    private func carry(into writer: inout ByteWriter) throws(JournalError) {
        guard durable < last, let first = segments.last else { return }
        let segment = try SegmentContents.read(storage, first, options.deployment)
        let bytes = segment.bytes
        var (position, offset, start) = (first.previous, FileHeader.byteCount, 0)
        while position < last {
            if position == durable { start = offset }
            guard
                case .record(_, let end) = RecordRead.read(
                    bytes, at: offset, segment.salt, expecting: position.next)
            else {
                throw .damaged(
                    Damage(
                        file: storage.path(of: FileName.segmentName(first)), offset: offset,
                        position: position.next, fault: .record(.checksum)))
            }
            position = position.next
            offset = end
        }
        writer.append(contentsOf: bytes.extracting(start..<offset))
    }

    /// Makes a segment of the usual size, of a spare one if there is, or of as much as there is room
    /// for.
    private mutating func replace(
        _ name: String, with bytes: RawSpan, room: Int
    ) throws(JournalError) -> (Disk.File, byteCount: Int) {
        let needed = bytes.byteCount + room
        let storage = storage
        if needed <= options.segmentBytes, let spare = spares.popLast() {
            let file = try JournalError.wrapping { () throws(StorageError) in
                try storage.replace(name, with: bytes, reusing: FileName.spareName(spare))
            }
            return (file, options.segmentBytes)
        }
        var byteCount = max(options.segmentBytes, needed)
        while true {
            do throws(StorageError) {
                return (try storage.replace(name, with: bytes, byteCount: byteCount), byteCount)
            } catch {
                guard error.isFull, byteCount > needed else { throw .storage(error) }
                byteCount = max(byteCount / 2, needed)
            }
        }
    }
}

extension FileJournal: Sendable where Disk: Sendable, Disk.File: Sendable {}
extension FileJournal.ActiveSegment: Sendable where Disk.File: Sendable {}
