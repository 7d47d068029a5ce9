package import SojournEngine
package import SojournJournal

/// Why a service could not have its state back.
package enum RecoveryError: Error, CustomStringConvertible {
    case journal(JournalError)
    case replay(ReplayError)
    /// A snapshot that is whole, and makes no sense.
    case state(StateFault, JournalPosition)

    /// Does something with a journal.
    package static func wrapping<Result: ~Copyable>(
        _ body: () throws(JournalError) -> Result
    ) throws(RecoveryError) -> Result {
        do throws(JournalError) { return try body() } catch { throw .journal(error) }
    }

    package var description: String {
        switch self {
        case .journal(let error): "\(error)"
        case .replay(let error): "\(error)"
        case .state(let fault, let position):
            "the snapshot at record \(position) makes no sense: \(fault)"
        }
    }
}

/// Where the state came from.
package struct Recovery: Sendable {
    /// The snapshot's position; 0 for none.
    package var snapshot = JournalPosition.start
    package var records: UInt64 = 0
    /// Bytes of their payloads.
    package var bytes = 0
}

extension ServiceCore {
    /// Makes the state anew that a journal holds: the newest whole snapshot, then the records behind it
    /// (journal, "Recovery"). Then makes the configured policies valid.
    ///
    /// - Precondition: it is a journaled service without state.
    package mutating func recover(
        from journal: inout some Journal & ~Copyable
    ) throws(RecoveryError) -> Recovery {
        var recovery = Recovery()
        if let snapshot = try RecoveryError.wrapping({ () throws(JournalError) in
            try journal.loadSnapshot()
        }) {
            recovery.snapshot = snapshot.position
            do throws(StateFault) { try restore(from: snapshot) } catch {
                throw .state(error, snapshot.position)
            }
        }
        var reader = try RecoveryError.wrapping { () throws(JournalError) in
            try journal.records(after: self.journal.last)
        }
        while try replayNext(&reader, &recovery) {}
        adopt()
        return recovery
    }

    private mutating func replayNext(
        _ reader: inout JournalReader, _ recovery: inout Recovery
    ) throws(RecoveryError) -> Bool {
        let record: JournalRecord?
        do throws(JournalError) { record = try reader.next() } catch { throw .journal(error) }
        guard let record else { return false }
        recovery.records += 1
        recovery.bytes += record.payload.byteCount
        do throws(ReplayError) { try replay(record) } catch { throw .replay(error) }
        return true
    }

}
