import SojournInput
import SojournModel
import SojournWire

/// Writes events with what was assigned to them: at once, or as it stands when the input has ended.
struct AssignmentOutput: ~Copyable {
    private var writer: EventWriter
    /// Nil writes at once.
    private var kept: Kept?

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

    mutating func add(
        _ event: borrowing InputEvent, session: Int?, position: Int, outcome: Outcome,
        _ ledger: borrowing SessionLedger
    ) throws(InputError) {
        guard kept != nil else {
            let row = session.map { ledger[$0] }
            try writer.write(event, SessionColumns(row, position: position, outcome))
            return
        }
        kept?.records.append(event.record)
        kept?.sessions.append(UInt32((session ?? -1) + 1))
        kept?.positions.append(UInt32(position))
        kept?.outcomes.append(outcome)
    }

    /// What was written must be out before anything is waited for.
    mutating func flush() throws(InputError) {
        if kept == nil { try writer.finish() }
    }

    /// Writes what was kept, with every revision applied.
    mutating func finish(_ ledger: inout SessionLedger) throws {
        if let kept = kept.take() {
            var index = 0
            try kept.records.forEach { event in
                let row = kept.sessions[index]
                let session = row == 0 ? nil : ledger[ledger.survivor(of: Int(row) - 1)]
                try writer.write(
                    event,
                    SessionColumns(
                        session, position: Int(kept.positions[index]), kept.outcomes[index]))
                index += 1
            }
        }
        try writer.finish()
    }
}

extension SessionColumns {
    fileprivate init(_ session: SessionLedger.Session?, position: Int, _ outcome: Outcome) {
        self.init(
            session: session.map { "\($0.id)" }, position: position == 0 ? nil : position,
            outcome: outcome.name, visitorSession: session.map { Int($0.ordinal) })
    }
}
