import SojournModel

/// What happened to sessions since the parcel before, of all properties. It is complete up to its place.
struct FeedParcel: Sendable {
    /// Sessions that were opened, as they stood after their batch.
    var opened: PackedGroup?
    /// Those that were finished, and revisions.
    var finished: [PackedGroup]

    init(opened: PackedGroup?, finished: [PackedGroup]) {
        self.opened = opened
        self.finished = finished
    }

    var isEmpty: Bool { opened == nil && finished.isEmpty }

    /// Of the last journal record that brought any of it about.
    var position: UInt64 {
        max(opened?.list.lastPosition ?? 0, finished.map { $0.list.lastPosition }.max() ?? 0)
    }

    /// All that records up to that one brought about is in this parcel, or in one before.
    var place: FeedPlace { FeedPlace(position: position, index: .max) }

    var byteCount: Int {
        (opened?.list.byteCount ?? 0) + finished.reduce(0) { $0 + $1.list.byteCount }
    }
}
