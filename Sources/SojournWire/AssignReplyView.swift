package import SojournModel

/// A reply to ASSIGN, checked and read in place.
package struct AssignReplyView: ~Escapable {
    package let eventCount: Int
    package let sessionCount: Int
    package let revisionCount: Int
    /// The property's clock when the batch was admitted, in milliseconds.
    package let clock: Int64

    private let ids: RawSpan
    private let idStride: Int
    private let shifts: RawSpan
    private let shiftWidth: Int
    private let ordinals: IndexColumn
    private let states: RawSpan
    private let sessionIndexes: IndexColumn
    private let positions: IndexColumn
    private let outcomes: RawSpan
    private let revisionNumbers: RawSpan
    private let revisionFrom: RawSpan
    private let revisionFromStride: Int
    private let revisionInto: RawSpan
    private let revisionIntoStride: Int
    private let revisionCauses: RawSpan
    private let revisionPartitions: RawSpan

    /// Checks a body once, wholly: the rows that it gives are all there and mean something.
    @_lifetime(copy body)
    package static func decode(body: RawSpan) throws(WireError) -> AssignReplyView {
        let directory = try ColumnDirectory.open(body, fixedBytes: AssignReply.fixedBytes)
        let events = Int(body.integer(at: 0, as: UInt32.self))
        let sessions = Int(body.integer(at: 8, as: UInt32.self))
        let revisions = Int(body.integer(at: 12, as: UInt32.self))
        try directory.validate(
            .assignReply(events: events, sessions: sessions, revisions: revisions))
        let view = AssignReplyView(
            directory, events: events, sessions: sessions, revisions: revisions)
        try directory.checkCodes(.sessionState, 0) { $0 & 7 <= Boundary.explicit.rawValue }
        try directory.checkCodes(.outcome, Outcome.duplicate.rawValue) {
            Outcome(rawValue: $0) != nil
        }
        try directory.checkCodes(.revisionCause, 0) { Revision.Cause(rawValue: $0) != nil }
        try directory.checkIndexes(.session, count: sessions, plusOne: true)
        try view.checkShifts(directory)
        return view
    }

    @_lifetime(copy directory)
    private init(_ directory: ColumnDirectory, events: Int, sessions: Int, revisions: Int) {
        eventCount = events
        sessionCount = sessions
        revisionCount = revisions
        clock = directory.body.integer(at: 16)
        ids = directory.bytes(of: directory.find(.sessionID))
        idStride = directory.find(.sessionID)?.parameter ?? 16
        shifts = directory.bytes(of: directory.find(.sessionShift))
        shiftWidth = directory.find(.sessionShift)?.width ?? 0
        ordinals = directory.indexColumn(.ordinal)
        states = directory.bytes(of: directory.find(.sessionState))
        sessionIndexes = directory.indexColumn(.session)
        positions = directory.indexColumn(.position)
        outcomes = directory.bytes(of: directory.find(.outcome))
        revisionNumbers = directory.bytes(of: directory.find(.revisionNumber))
        revisionFrom = directory.bytes(of: directory.find(.revisionFrom))
        revisionFromStride = directory.find(.revisionFrom)?.parameter ?? 16
        revisionInto = directory.bytes(of: directory.find(.revisionInto))
        revisionIntoStride = directory.find(.revisionInto)?.parameter ?? 16
        revisionCauses = directory.bytes(of: directory.find(.revisionCause))
        revisionPartitions = directory.bytes(of: directory.find(.revisionPartition))
    }

    /// One of the sessions that the batch touched, as it stood after the batch.
    package func session(_ row: Int) -> SessionRow {
        let id = SessionID(ids.bits128(at: row * idStride))
        return SessionRow(
            id: id, start: id.milliseconds - Int64(shift(row)),
            ordinal: UInt32(ordinals[row]),
            state: SessionState(rawValue: states.integer(at: row)))
    }

    /// Row of the session that an event joined; nil when it joined none.
    package func sessionIndex(event: Int) -> Int? {
        let index = sessionIndexes[event]
        return index == 0 ? nil : index - 1
    }

    /// Which event of its session it is, from 1, in order of arrival; 0 for none.
    package func position(event: Int) -> Int { positions[event] }

    package func outcome(event: Int) -> Outcome {
        guard let outcome = Outcome(rawValue: outcomes.integer(at: event)) else {
            preconditionFailure("a reply holds an outcome that was not checked")
        }
        return outcome
    }

    /// Per event: row of its session plus one, or 0.
    func forEachSession(_ body: (Int, UInt32) -> Void) {
        sessionIndexes.forEach(count: eventCount, body)
    }

    /// Per event: which of its session it is.
    func forEachPosition(_ body: (Int, UInt32) -> Void) {
        positions.forEach(count: eventCount, body)
    }

    /// Per event: the raw value of its outcome.
    func forEachOutcome(_ body: (Int, UInt8) -> Void) {
        for row in 0..<eventCount { body(row, outcomes.integer(at: row, as: UInt8.self)) }
    }

    package func revision(_ row: Int) -> Revision {
        guard let cause = Revision.Cause(rawValue: revisionCauses.integer(at: row)) else {
            preconditionFailure("a reply holds a cause that was not checked")
        }
        return Revision(
            number: revisionNumbers.integer(at: row * 8),
            from: SessionID(revisionFrom.bits128(at: row * revisionFromStride)),
            into: SessionID(revisionInto.bits128(at: row * revisionIntoStride)),
            cause: cause, partition: revisionPartitions.integer(at: row * 2))
    }

    private func shift(_ row: Int) -> UInt64 {
        switch shiftWidth {
        case 0: 0
        case 1: UInt64(shifts.integer(at: row, as: UInt8.self))
        case 2: UInt64(shifts.integer(at: row * 2, as: UInt16.self))
        case 4: UInt64(shifts.integer(at: row * 4, as: UInt32.self))
        default: shifts.integer(at: row * 8, as: UInt64.self)
        }
    }

    /// Code 51: no session begins before the epoch.
    private func checkShifts(_ directory: ColumnDirectory) throws(WireError) {
        guard let descriptor = directory.find(.sessionShift) else { return }
        for row in 0..<sessionCount {
            let milliseconds = ids.bits128(at: row * idStride).high >> 16
            if shift(row) > milliseconds {
                throw WireError(
                    .timeOutOfRange, inBodyAt: descriptor.offset + row * shiftWidth,
                    column: descriptor.column, row: row, found: -1,
                    bound: Int(Limits.eventTimeEnd - 1))
            }
        }
    }
}

extension ColumnDirectory {
    /// Code 49: every byte of a column means something.
    ///
    /// - Parameter known: bytes up to this one all do, and are not asked about.
    fileprivate func checkCodes(
        _ column: Column, _ known: UInt8, isKnown: (UInt8) -> Bool
    ) throws(WireError) {
        guard let descriptor = find(column) else { return }
        let codes = bytes(of: descriptor)
        if known > 0, ColumnScan.maximum(codes, of: UInt8.self) <= known { return }
        for row in 0..<descriptor.count {
            let code = codes.integer(at: row, as: UInt8.self)
            if !isKnown(code) {
                throw WireError(
                    .badKind, inBodyAt: descriptor.offset + row, column: descriptor.column,
                    row: row, found: Int(code))
            }
        }
    }
}
