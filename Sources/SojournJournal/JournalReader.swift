import Glibc
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
    private var contents = unsafe FileContents(mapped: nil, byteCount: 0)
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
        self.position = segments[start].previous
        while self.position < position { try advance() }
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
        let start = try advance()
        guard
            case .record(let record, _) = RecordRead.trusted(contents.bytes, at: start)
        else { return nil }
        return record
    }
}
