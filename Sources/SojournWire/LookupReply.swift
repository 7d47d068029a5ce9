package import SojournModel

/// The body of a reply to LOOKUP (sojourn-1, "LOOKUP").
///
///      0 | sessions          | 4 |
///      4 | columns           | 2 |
///      6 | reserved          | 2 |
///      8 | clock             | 8 |
///     16 | directory         |   |
package struct LookupReply: Equatable, Sendable {
    /// In order of their first event.
    package var sessions: [SessionSnapshot]
    /// The property's clock, in milliseconds.
    package var clock: Int64

    package init(sessions: [SessionSnapshot], clock: Int64) {
        self.sessions = sessions
        self.clock = clock
    }

    /// Writes the whole frame: of many sessions only the first so many that it stays within
    /// `Limits.messageBytesMax` and `Limits.batchTextsMax`.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        let sessions = fitting
        var texts = ByteTable()
        writer.beginFrame()
        writer.append(UInt32(sessions.count))
        writer.append(3 as UInt32)
        writer.append(clock)
        texts.gather(sessions)
        var cursor = writer.beginDirectory(columns: 3)
        texts.write(.texts, to: &writer, &cursor)
        writer.appendSessions(sessions, &texts, &cursor)
        header.write(to: &writer)
    }

    /// The first sessions, so many that a message holds them.
    private var fitting: ArraySlice<SessionSnapshot> {
        let descriptors = 3 * (ColumnDescriptor.byteCount + 8)
        var bytes = MessageHeader.byteCount + BodySchema.lookupReply(sessions: 0).fixedBytes
        bytes += descriptors
        var texts = 0
        for (row, session) in sessions.enumerated() {
            let all = session.context + [session.landingPage, session.exitPage]
            bytes += SessionRecord.byteCount + all.reduce(0) { $0 + $1.utf8.count + 4 }
            for step in session.path {
                bytes += SessionRecord.pathStepByteCount + step.page.utf8.count + 4
            }
            texts += all.count + session.path.count
            if bytes > Limits.messageBytesMax || texts > Limits.batchTextsMax {
                return sessions[..<row]
            }
        }
        return sessions[...]
    }

    package static func decode(body: RawSpan) throws(WireError) -> LookupReply {
        let schema = { BodySchema.lookupReply(sessions: $0) }
        let directory = try ColumnDirectory.open(body, fixedBytes: schema(0).fixedBytes)
        let count = Int(body.integer(at: 0, as: UInt32.self))
        try directory.validate(schema(count))
        try directory.checkLengths(.texts, most: Limits.textBytesMax, .badTextLength)
        try directory.checkUTF8(directory.dictionary(.texts))
        let texts = directory.strings(.texts)
        return LookupReply(
            sessions: try directory.sessions(texts), clock: body.integer(at: 8))
    }
}

extension ColumnDirectory {
    /// The rows of the columns `sessions` and `path`, which were validated.
    func sessions(_ texts: [String]) throws(WireError) -> [SessionSnapshot] {
        try checkRecords(texts: texts.count)
        let text = { (reference: UInt32) in reference == 0 ? "" : texts[Int(reference) - 1] }
        var path: [SessionSnapshot.PathStep] = []
        if let steps = find(.path) {
            path.reserveCapacity(steps.count)
            for row in 0..<steps.count {
                let start = steps.offset + row * steps.parameter
                path.append(
                    SessionSnapshot.PathStep(
                        milliseconds: body.integer(at: start),
                        page: text(body.integer(at: start + 4))))
            }
        }
        var sessions: [SessionSnapshot] = []
        if let records = find(.sessions) {
            sessions.reserveCapacity(records.count)
            for row in 0..<records.count {
                let start = records.offset + row * records.parameter
                sessions.append(SessionRecord.read(body, at: start, path: path, text: text))
            }
        }
        return sessions
    }

    /// What the records of sessions and of their paths hold (codes 31, 49 and 50).
    fileprivate func checkRecords(texts: Int) throws(WireError) {
        let steps = find(.path)
        if let records = find(.sessions) { try checkSessions(records, steps, texts: texts) }
        // Also steps that no session has: they are read all the same.
        if let steps { try checkSteps(steps, texts: texts) }
    }

    private func checkSessions(
        _ records: ColumnDescriptor, _ steps: ColumnDescriptor?, texts: Int
    ) throws(WireError) {
        let starts = { records.offset + $0 * records.parameter }
        for row in 0..<records.count { try SessionRecord.checkReserved(body, at: starts(row)) }
        for row in 0..<records.count { try SessionRecord.checkCodes(body, at: starts(row), row) }
        // A step belongs to one session: else a small message could stand for a huge answer.
        var stepsLeft = steps?.count ?? 0
        for row in 0..<records.count {
            try SessionRecord.checkTexts(body, at: starts(row), row, count: texts)
            let range = SessionRecord.path(body, at: starts(row))
            stepsLeft -= range.count
            guard range.upperBound <= steps?.count ?? 0, stepsLeft >= 0 else {
                throw WireError(
                    .indexOutOfRange, inBodyAt: starts(row) + 112, column: records.column,
                    row: row, found: range.upperBound - 1, bound: steps?.count ?? 0)
            }
        }
    }

    private func checkSteps(_ steps: ColumnDescriptor, texts: Int) throws(WireError) {
        for row in 0..<steps.count {
            let start = steps.offset + row * steps.parameter + 4
            let reference = Int(body.integer(at: start, as: UInt32.self))
            guard reference <= texts else {
                throw WireError(
                    .indexOutOfRange, inBodyAt: start, column: steps.column, row: row,
                    found: reference - 1, bound: texts)
            }
        }
    }

    /// The entries of a dictionary of texts that were checked.
    func strings(_ column: Column) -> [String] {
        let dictionary = dictionary(column)
        var result: [String] = []
        result.reserveCapacity(dictionary.count)
        for row in 0..<dictionary.count { result.append(dictionary[row].text) }
        return result
    }
}
