package import SojournModel

/// How far a record goes before its append returns (journal, "Durability").
package enum Durability: String, Sendable, CaseIterable {
    /// Nothing is promised.
    case none
    /// To the system: it survives the end of the process, not a power cut.
    case os
    /// To the disk: it survives a power cut.
    case disk
}

/// What a journal is opened with.
package struct JournalOptions: Sendable {
    package var deployment: DeploymentID
    package var durability: Durability
    /// Room that a segment is made with; a larger group gets a larger one.
    package var segmentBytes: Int
    /// Chance, another one each time and nobody else's to know, of which the segments' salts are made.
    package var saltSeed: UInt64

    package init(
        deployment: DeploymentID, durability: Durability = .disk, segmentBytes: Int = 64 << 20,
        saltSeed: UInt64
    ) {
        precondition(segmentBytes > FileHeader.byteCount)
        self.deployment = deployment
        self.durability = durability
        self.segmentBytes = segmentBytes
        self.saltSeed = saltSeed
    }
}

/// The durable order of records, and the snapshots that stand for its beginning.
///
/// Every call waits for the disk. One thread at a time has it.
package protocol Journal: ~Copyable {
    /// The last record.
    var last: JournalPosition { get }
    /// Every record up to here is on disk.
    var durable: JournalPosition { get }

    /// Sets the checksums of a group's records, appends them, and returns when they are as durable as the
    /// journal was opened to make them.
    ///
    /// When it fails nothing of the group counts as appended: append it again, or another one that
    /// begins at the same position.
    ///
    /// - Precondition: the group begins behind `last`.
    mutating func append(_ group: inout RecordGroup) throws(JournalError)

    /// Makes every record durable, whatever the level.
    mutating func sync() throws(JournalError)

    /// Reads the records behind a position, as they are now.
    func records(after position: JournalPosition) throws(JournalError) -> JournalReader

    /// Writes a snapshot, makes it and the journal before it durable, keeps the two newest and
    /// drops the records that the older of these stands for.
    ///
    /// - Precondition: the journal has the draft's position.
    mutating func saveSnapshot(_ draft: borrowing SnapshotDraft) throws(JournalError)

    /// The newest whole snapshot; nil without any. Damaged ones before it are passed over, and
    /// added to `damagedSnapshots`.
    mutating func loadSnapshot() throws(JournalError) -> Snapshot?

    var damagedSnapshots: [Damage] { get }

    /// Makes every record durable and ends.
    consuming func close() throws(JournalError)
}
