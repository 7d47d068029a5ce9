import SojournEngine
package import SojournModel

/// What the core wants archived, in order: sessions that are finished, revisions, visitors that are to be
/// forgotten; each with its place (sojourn-1, "FETCH").
///
/// A place is the position of the journal record that brought it about and a number within that record.
/// A replay comes to the same ones, so the archive tells by the place what it already has.
package struct FinishedOutbox: ~Copyable {
    /// Whether there is an archive at all. Without one nothing is kept.
    package let isOn: Bool
    private var list = PackedSessions()
    /// Of the next entry.
    private var next = FeedPlace.start
    /// The archive has everything up to here.
    private var archived = FeedPlace.start
    /// Bytes that may wait for the archive; beyond it new batches are refused.
    private let bytesMax: Int
    /// Bytes that the shell has taken and that are not archived yet. It says so.
    package var takenBytes = 0
    /// What the feed's readers want to know.
    package var feed = FeedOutbox()

    init(isOn: Bool, bytesMax: Int) {
        self.isOn = isOn
        self.bytesMax = bytesMax
    }

    /// Position of the first entry that waits to be taken; nil when there is none.
    package private(set) var firstWaiting: UInt64?
    /// Bytes that wait to be taken.
    package private(set) var waitingBytes = 0

    /// There is room for what a batch may finish.
    package var hasRoom: Bool { !isOn || waitingBytes + takenBytes < bytesMax }

    /// The place behind all that was made so far.
    package var last: FeedPlace { next }

    /// Leaves out, from now on, what the archive has. Before a replay.
    package mutating func skip(upTo place: FeedPlace) { archived = place }

    /// Goes on behind what the archive has; where there is no journal to tell the places.
    package mutating func resume(behind place: FeedPlace) { next = place }

    /// What comes now is brought about by this record.
    mutating func begin(_ position: UInt64) {
        next = FeedPlace(position: position, index: 0)
    }

    /// What comes now is brought about by something that is in no record, for there is no journal.
    mutating func beginNext() { begin(next.position + 1) }

    /// Exchanges what waits for an empty list.
    ///
    /// - Returns: nil when there is nothing.
    package mutating func take() -> PackedSessions? {
        guard waitingBytes > 0 else { return nil }
        var taken = PackedSessions(asLargeAs: list)
        swap(&taken, &list)
        waitingBytes = 0
        firstWaiting = nil
        return taken
    }

    mutating func forget(_ visitor: VisitorHash, of property: PropertyID) {
        var head = PackedHead(
            .forgotten, property: property, visitor: visitor,
            id: SessionID(Bits128(high: 0, low: 0)))
        finished(property) { $0.append(&head) }
    }
}

extension FinishedOutbox: SessionSink {
    mutating func finished(_ property: PropertyID, _ write: (inout PackedSessions) -> Void) {
        // Counted whether or not anybody wants it: places do not depend on who reads.
        next.index += 1
        guard isOn || feed.wants(property), next > archived else { return }
        list.place = next
        write(&list)
        if firstWaiting == nil { firstWaiting = next.position }
        waitingBytes = list.byteCount
    }

    mutating func opened(_ property: PropertyID, _ write: (inout PackedSessions) -> Void) {
        feed.opened(property, position: next.position, write)
    }

    mutating func revise(_ property: PropertyID, _ revision: Revision) {
        var head = PackedHead(
            .revised, property: property, visitor: VisitorHash(Bits128(high: 0, low: 0)),
            id: revision.from)
        head.other = revision.into
        head.value = Int64(bitPattern: revision.number)
        head.ordinal = UInt32(revision.partition)
        finished(property) { $0.append(&head) }
    }
}
