package import SojournModel

/// What the core wants told by the feed besides what is finished: the sessions that batches have opened
/// (sojourn-1, "Feed"). It is no part of the state.
package struct FeedOutbox: ~Copyable {
    /// The properties that somebody reads, ascending. The shell says who does; at first nobody.
    package var properties: [PropertyID] = []
    private var list = PackedSessions()

    init() {}

    package func wants(_ property: PropertyID) -> Bool {
        if properties.isEmpty { return false }
        return properties.contains(property)
    }

    /// Exchanges what waits for an empty list.
    ///
    /// - Returns: nil when there is nothing.
    package mutating func take() -> PackedSessions? {
        if list.isEmpty { return nil }
        var taken = PackedSessions()
        swap(&taken, &list)
        return taken
    }

    mutating func opened(
        _ property: PropertyID, position: UInt64, _ write: (inout PackedSessions) -> Void
    ) {
        guard wants(property) else { return }
        // What is opened has no place of its own: it stands before all that its record brought about.
        list.place = FeedPlace(position: position, index: 0)
        write(&list)
    }
}
