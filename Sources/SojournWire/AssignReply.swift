package import SojournModel

/// The body of a reply to ASSIGN (sojourn-1, "ASSIGN", "Reply").
///
///      0 | events           | 4 |
///      4 | columns          | 2 |
///      6 | reserved         | 2 |
///      8 | sessions         | 4 |
///     12 | revisions        | 4 |
///     16 | clock            | 8 |
///     24 | directory        |   |
package enum AssignReply {
    static var fixedBytes: Int { 24 }

    /// Writes the whole frame.
    ///
    /// - Parameter header: of the reply; lengths and checksums are filled in.
    package static func encode(
        _ result: borrowing BatchResult, header: MessageHeader, into writer: inout ByteWriter
    ) {
        let sessions = result.sessions.span
        let revisions = result.revisions.span
        let (shift, ordinal) = largest(sessions)
        writer.beginFrame()
        writer.append(UInt32(result.eventCount))
        let columns = 6 + (shift > 0 ? 1 : 0) + (revisions.count > 0 ? 5 : 0)
        writer.append(UInt32(columns))
        writer.append(UInt32(sessions.count))
        writer.append(UInt32(revisions.count))
        writer.append(result.clock)
        assert(writer.count == MessageHeader.byteCount + fixedBytes)

        var cursor = writer.beginDirectory(columns: columns)
        append(sessions, shift: shift, ordinal: ordinal, to: &writer, &cursor)
        writer.appendColumn(
            .session, result.eventSessions.span, width: ByteWriter.indexWidth(sessions.count),
            &cursor)
        // Every bit pattern of an integer is a value of it.
        let position = ColumnScan.maximum(
            unsafe result.positions.span.bytes, of: UInt32.self)
        writer.appendColumn(
            .position, result.positions.span, width: ByteWriter.indexWidth(Int(position)), &cursor)
        writer.appendColumn(.outcome, bytes: unsafe result.outcomes.span.bytes, &cursor)
        if revisions.count > 0 { writer.appendRevisions(revisions, &cursor) }
        header.write(to: &writer)
    }

    /// The largest shift (see `SessionRow.shift`) and ordinal.
    private static func largest(_ sessions: Span<SessionRow>) -> (shift: UInt64, ordinal: UInt32) {
        var shift: Int64 = 0
        var ordinal: UInt32 = 0
        for row in sessions.indices {
            shift = max(shift, sessions[row].shift)
            ordinal = max(ordinal, sessions[row].ordinal)
        }
        return (UInt64(shift), ordinal)
    }

    private static func append(
        _ sessions: Span<SessionRow>, shift: UInt64, ordinal: UInt32,
        to writer: inout ByteWriter, _ cursor: inout DirectoryCursor
    ) {
        let count = sessions.count
        // `appendColumn` and `appendIDs` ask for rows below the count that they are given.
        unsafe sessions.withUnsafeBufferPointer { rows in
            writer.appendIDs(.sessionID, count: count, &cursor) { unsafe rows[$0].id.bits }
            if shift > 0 {
                switch shift {
                case ...UInt64(UInt8.max):
                    writer.appendColumn(.sessionShift, count: count, as: UInt8.self, &cursor) {
                        unsafe UInt8(truncatingIfNeeded: rows[$0].shift)
                    }
                case ...UInt64(UInt16.max):
                    writer.appendColumn(.sessionShift, count: count, as: UInt16.self, &cursor) {
                        unsafe UInt16(truncatingIfNeeded: rows[$0].shift)
                    }
                case ...UInt64(UInt32.max):
                    writer.appendColumn(.sessionShift, count: count, as: UInt32.self, &cursor) {
                        unsafe UInt32(truncatingIfNeeded: rows[$0].shift)
                    }
                default:
                    writer.appendColumn(.sessionShift, count: count, as: UInt64.self, &cursor) {
                        unsafe UInt64(truncatingIfNeeded: rows[$0].shift)
                    }
                }
            }
            switch ByteWriter.indexWidth(Int(ordinal)) {
            case 1:
                writer.appendColumn(.ordinal, count: count, as: UInt8.self, &cursor) {
                    unsafe UInt8(truncatingIfNeeded: rows[$0].ordinal)
                }
            case 2:
                writer.appendColumn(.ordinal, count: count, as: UInt16.self, &cursor) {
                    unsafe UInt16(truncatingIfNeeded: rows[$0].ordinal)
                }
            default:
                writer.appendColumn(.ordinal, count: count, as: UInt32.self, &cursor) {
                    unsafe rows[$0].ordinal
                }
            }
            writer.appendColumn(.sessionState, count: count, as: UInt8.self, &cursor) {
                unsafe rows[$0].state.rawValue
            }
        }
    }
}

extension SessionRow {
    /// By how much the first event is before the time in the id; never negative, for an id is made
    /// of the first event that arrived, and only earlier ones move the start.
    fileprivate var shift: Int64 { max(0, id.milliseconds &- start) }
}

extension RawSpan {
    /// The 16 bytes at `offset` as they stand on the wire.
    package func bits128(at offset: Int) -> Bits128 {
        Bits128(
            high: integer(at: offset, as: UInt64.self).byteSwapped,
            low: integer(at: offset + 8, as: UInt64.self).byteSwapped)
    }
}

extension ByteWriter {
    package mutating func append(_ bits: Bits128) {
        append(bits.high.byteSwapped)
        append(bits.low.byteSwapped)
    }
}
