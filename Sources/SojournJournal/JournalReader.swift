import SojournModel

/// Reads records one after another, through all segments, and checks each.
package struct JournalReader: ~Copyable {
    private let storage: any Storage
    private let deployment: DeploymentID
    private let segments: [JournalPosition]
    /// Where it ends.
    package let last: JournalPosition
    /// The record that was read last.
    package private(set) var position: JournalPosition
    /// The segment that `contents` is, by its index; nil before the first.
    private var segment: Int?
    private var contents = SegmentContents.none
    private var offset = 0

    /// - Precondition: there are segments if there are records behind `position`.
    init(
        _ storage: any Storage, _ deployment: DeploymentID, segments: [JournalPosition],
        after position: JournalPosition, through last: JournalPosition
    ) throws(JournalError) {
        self.storage = storage
        self.deployment = deployment
        self.segments = segments
        self.last = last
        self.position = position
        guard position <= last else {
            throw missing(behind: last, knownFrom: position)
        }
        guard position < last else { return }
        guard let start = segments.lastIndex(where: { $0 <= position.next }) else {
            throw missing(behind: position, knownFrom: segments.first ?? last)
        }
        try enter(start)
        // To the record behind the position, past those that are not asked for.
        while self.position < position { _ = try advance() }
    }

    private func missing(
        behind position: JournalPosition, knownFrom first: JournalPosition
    ) -> JournalError {
        .damaged(
            Damage(
                file: storage.path(of: FileName.segmentName(position.next)), offset: 0,
                position: position.next, fault: .missingRecords(before: first)))
    }

    /// The next record; nil at the end. It is good until the next call.
    @_lifetime(&self)
    package mutating func next() throws(JournalError) -> JournalRecord? {
        guard position < last else { return nil }
        if segment == nil || segmentEnds { try enter(segment.map { $0 + 1 } ?? 0) }
        let start = offset + RecordHeader.byteCount
        let header = try advance()
        return JournalRecord(
            kind: header.kind, position: position, durable: header.durable,
            payload: contents.bytes.extracting(start..<start + header.length))
    }

    /// Checks the record at `offset`, and goes behind it.
    private mutating func advance() throws(JournalError) -> (
        kind: RecordKind, durable: JournalPosition, length: Int
    ) {
        let newOffset: Int
        let header: (RecordKind, JournalPosition, Int)
        switch RecordRead.read(contents.bytes, at: offset, contents.salt, expecting: position.next)
        {
        case .record(let record, let end):
            newOffset = end
            header = (record.kind, record.durable, record.payload.byteCount)
        case .end: throw fault(.missing)
        case .fault(.unknownKind(let kind)):
            throw .newerVersion(file: path, found: "record \(position.next) has kind \(kind)")
        case .fault(let fault): throw self.fault(fault)
        }
        offset = newOffset
        position = position.next
        return header
    }

    /// Whether the next segment takes over behind `position`.
    private var segmentEnds: Bool {
        guard let segment, segment + 1 < segments.count else { return false }
        return segments[segment + 1] == position.next
    }

    private mutating func enter(_ index: Int) throws(JournalError) {
        let first = segments[index]
        contents = try SegmentContents.read(storage, first, deployment)
        segment = index
        offset = FileHeader.byteCount
        position = first.previous
    }

    private var path: String {
        storage.path(of: FileName.segmentName(segments[segment ?? 0]))
    }

    private func fault(_ fault: RecordFault) -> JournalError {
        .damaged(
            Damage(file: path, offset: offset, position: position.next, fault: .record(fault)))
    }
}
