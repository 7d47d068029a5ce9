import SojournInput
import SojournModel
import SojournWire

/// Writes events with what was assigned to them: at once, or as it stands when the input has ended.
struct AssignmentOutput: ~Copyable {
    private var writer: EventWriter
    /// Nil writes at once.
    private var kept: Kept?
    private var names = ColumnNames()

    /// What is kept of each event until the end: its record, and twelve bytes.
    private struct Kept {
        var records: RecordStore
        /// Row of the ledger plus one, or 0.
        var sessions: [UInt32] = []
        var positions: [UInt32] = []
        var outcomes: [Outcome] = []
    }

    /// - Parameter writesAtOnce: with the ids as they are assigned, and no revision applied.
    init(writer: consuming EventWriter, layout: InputLayout, writesAtOnce: Bool) {
        self.writer = writer
        kept = writesAtOnce ? nil : Kept(records: RecordStore(layout: layout))
    }

    /// False once whoever reads the output has gone.
    var isOpen: Bool { writer.isOpen }

    /// - Parameters:
    ///   - session: row of the ledger; nil for an event that joined none.
    ///   - position: 0 for none.
    mutating func add(
        _ event: borrowing InputEvent, session: Int?, position: Int, outcome: Outcome,
        _ ledger: borrowing SessionLedger
    ) throws(InputError) {
        guard kept != nil else {
            let columns = names.columns(session, position: position, outcome, ledger)
            try writer.write(event, columns)
            return
        }
        kept?.records.append(event.record)
        kept?.sessions.append(UInt32((session ?? -1) + 1))
        kept?.positions.append(UInt32(position))
        kept?.outcomes.append(outcome)
    }

    /// What was written at once must be out before anything is waited for.
    mutating func flush() throws(InputError) {
        if kept == nil { try writer.finish() }
    }

    /// Writes what was kept, with every revision applied.
    mutating func finish(_ ledger: inout SessionLedger) throws {
        if let kept = kept.take() {
            let survivors = ledger.survivors()
            var index = 0
            try kept.records.readAgain { event in
                let session = Int(kept.sessions[index]) - 1
                let columns = names.columns(
                    session < 0 ? nil : survivors[session], position: Int(kept.positions[index]),
                    kept.outcomes[index], ledger)
                try writer.write(event, columns)
                index += 1
                return writer.isOpen
            }
        }
        try writer.finish()
    }
}

/// What is written of sessions and outcomes, made once for each rather than for each event.
private struct ColumnNames {
    private var sessions: [String] = []
    private let outcomes = Dictionary(
        uniqueKeysWithValues: Outcome.allCases.map { ($0, $0.name) })

    mutating func columns(
        _ session: Int?, position: Int, _ outcome: Outcome, _ ledger: borrowing SessionLedger
    ) -> SessionColumns {
        while sessions.count < ledger.count { sessions.append("\(ledger[sessions.count].id)") }
        return SessionColumns(
            session: session.map { sessions[$0] }, position: position == 0 ? nil : position,
            outcome: outcomes[outcome] ?? outcome.name,
            visitorSession: session.map { Int(ledger[$0].ordinal) })
    }
}
