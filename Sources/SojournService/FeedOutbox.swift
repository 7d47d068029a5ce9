package import SojournModel

/// What the core wants told by the feed besides what is finished: the sessions that batches have opened
/// (sojourn-1, "Feed"). It is no part of the state.
package struct FeedOutbox: ~Copyable {
    /// The properties that somebody reads, ascending. The shell says who does; at first nobody.
    package var properties: [PropertyID] = []
    private var list: PackedSessions? = PackedSessions()

    init() {}

    package func wants(_ property: PropertyID) -> Bool {
        if properties.isEmpty { return false }
        return properties.contains(property)
    }

    /// Exchanges what waits for an empty list.
    ///
    /// - Returns: nil when there is nothing.
    package mutating func take() -> PackedSessions? {
        guard let taken = list.take() else { return nil }
        list = PackedSessions()
        if taken.isEmpty {
            list = consume taken
            return nil
        }
        return taken
    }

    mutating func lend(_ property: PropertyID, position: UInt64) -> PackedSessions? {
        guard wants(property), var lent = list.take() else { return nil }
        // What is opened has no place of its own: it stands before all that its record brought about.
        lent.place = FeedPlace(position: position, index: 0)
        return lent
    }

    mutating func takeBack(_ lent: consuming PackedSessions) { list = consume lent }
}
