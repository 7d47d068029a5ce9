package import SojournJournal
import SojournWire

/// What the core wants written to the journal, and how far the writing has come.
///
///     1 ........ durable ............ written ............ last
///     on disk    | with the system    | in `records`, or   | the state that replies
///                |                    | being written      | are made from
package struct JournalOutbox: ~Copyable {
    /// Whether there is a journal at all. Without one nothing is recorded.
    package let isOn: Bool
    /// Made since they were last taken.
    private var records = RecordGroup()
    /// The last record that was made.
    package private(set) var last = JournalPosition.start
    /// Every record up to here is on disk, as far as the shell has told.
    package private(set) var durable = JournalPosition.start
    /// Records can be written: new batches are taken. The shell says when that changes.
    package var isAvailable = true

    init(isOn: Bool) { self.isOn = isOn }

    /// Bytes that wait to be taken.
    package var waitingBytes: Int { records.byteCount }

    /// Makes the next record; `body` writes its payload behind what is there.
    mutating func append(_ kind: RecordKind, _ body: (inout ByteWriter) -> Void) {
        guard isOn else { return }
        last = last.next
        records.append(kind, at: last, durable: durable, body)
    }

    /// Exchanges the records that wait for an empty group.
    ///
    /// - Returns: false when there are none.
    package mutating func take(_ group: inout RecordGroup) -> Bool {
        if records.isEmpty { return false }
        precondition(group.isEmpty)
        swap(&records, &group)
        return true
    }

    /// Takes the shell's word that every record up to a position is on disk.
    package mutating func advance(durable position: JournalPosition) {
        precondition(position <= last)
        durable = max(durable, position)
    }

    /// Goes on behind a record that was replayed, or a snapshot.
    mutating func resume(behind position: JournalPosition) {
        precondition(records.isEmpty && position >= last)
        last = position
        durable = position
    }
}
