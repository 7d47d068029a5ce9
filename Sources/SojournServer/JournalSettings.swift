package import SojournJournal

/// Where a service keeps its journal and snapshots, and how safely.
package struct JournalSettings: Sendable {
    /// The data directory.
    package var directory: String
    package var durability: Durability
    /// Room of a segment file.
    package var segmentBytes = 64 << 20
    /// A snapshot is due after so many bytes of journal, or four times the last one's if that is more:
    /// what has to be replayed at a start stays bounded, and what is written for it in proportion.
    package var snapshotBytes = 256 << 20

    package init(directory: String, durability: Durability = .disk) {
        self.directory = directory
        self.durability = durability
    }
}
