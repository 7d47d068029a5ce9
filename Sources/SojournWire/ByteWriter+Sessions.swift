import SojournModel

extension ByteTable {
    /// Takes in all texts of sessions: they stand in front of the columns that refer to them.
    mutating func gather(_ sessions: some Collection<SessionSnapshot>) {
        for session in sessions {
            for text in session.context.prefix(ContextTable.attributeCount) {
                _ = reference(text)
            }
            _ = reference(session.landingPage)
            _ = reference(session.exitPage)
            for step in session.path { _ = reference(step.page) }
        }
    }
}

extension ByteWriter {
    /// Appends the columns `sessions` and `path` (sojourn-1, "LOOKUP").
    ///
    /// - Parameter texts: has those of the sessions, and is written.
    mutating func appendSessions(
        _ sessions: some Collection<SessionSnapshot>, _ texts: inout ByteTable,
        _ cursor: inout DirectoryCursor
    ) {
        let records = beginColumn(
            .sessions, width: 0, parameter: SessionRecord.byteCount, count: sessions.count,
            length: sessions.count * SessionRecord.byteCount, &cursor)
        var pathStart = 0
        for (row, session) in sessions.enumerated() {
            SessionRecord.write(
                session, pathStart: pathStart, texts: &texts, to: &self,
                at: records + row * SessionRecord.byteCount)
            pathStart += session.path.count
        }
        var at = beginColumn(
            .path, width: 0, parameter: SessionRecord.pathStepByteCount, count: pathStart,
            length: pathStart * SessionRecord.pathStepByteCount, &cursor)
        for session in sessions {
            for step in session.path {
                set(step.milliseconds, at: at)
                set(texts.reference(step.page), at: at + 4)
                at += SessionRecord.pathStepByteCount
            }
        }
    }

    /// Appends the five columns of revisions (sojourn-1, "Revisions").
    mutating func appendRevisions(_ revisions: Span<Revision>, _ cursor: inout DirectoryCursor) {
        let count = revisions.count
        appendColumn(.revisionNumber, count: count, as: UInt64.self, &cursor) {
            revisions[$0].number
        }
        appendIDs(.revisionFrom, count: count, &cursor) { revisions[$0].from.bits }
        appendIDs(.revisionInto, count: count, &cursor) { revisions[$0].into.bits }
        appendColumn(.revisionCause, count: count, as: UInt8.self, &cursor) {
            revisions[$0].cause.rawValue
        }
        appendColumn(.revisionPartition, count: count, as: UInt16.self, &cursor) {
            revisions[$0].partition
        }
    }

    /// Appends records of 16 bytes, in the order in which an id is printed: big-endian.
    @inline(__always) mutating func appendIDs(
        _ column: Column, count: Int, _ cursor: inout DirectoryCursor, id: (Int) -> Bits128
    ) {
        let start = beginColumn(
            column, width: 0, parameter: 16, count: count, length: count * 16, &cursor)
        unsafe withUnsafeBytes(from: start, size: count * 16) { target in
            for row in 0..<count {
                let bits = id(row)
                // 16 bytes a row within the bytes that the line above lends out.
                unsafe target.storeBytes(
                    of: bits.high.bigEndian, toByteOffset: row &* 16, as: UInt64.self)
                unsafe target.storeBytes(
                    of: bits.low.bigEndian, toByteOffset: row &* 16 &+ 8, as: UInt64.self)
            }
        }
    }
}
