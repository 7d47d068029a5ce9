package import SojournModel

/// The body of a reply to REPORT (sojourn-1, "REPORT").
///
///      0 | rows              | 4 |
///      4 | columns           | 2 |
///      6 | reserved          | 2 |
///      8 | clock             | 8 |
///     16 | start             | 8 |
///     24 | end               | 8 |
///     32 | live sessions     | 8 |
///     40 | automated         | 8 |
///     48 | time zone         | 4 |
///     52 | reserved          | 4 |
///     56 | directory         |   |
package enum ReportReply {
    /// Writes the whole frame.
    package static func encode(
        _ answer: ReportAnswer, header: MessageHeader, into writer: inout ByteWriter
    ) {
        var texts = ByteTable()
        let zone = texts.reference(answer.timeZone)
        // The texts stand first in the body, so they are gathered first.
        for row in answer.rows {
            _ = texts.reference(row.text)
            _ = texts.reference(row.nextText)
        }
        writer.beginFrame()
        writer.append(UInt32(answer.rows.count))
        writer.append(2 as UInt32)
        writer.append(answer.clock ?? .min)
        writer.append(answer.start ?? .min)
        writer.append(answer.end ?? .max)
        writer.append(UInt64(answer.liveSessions))
        writer.append(UInt64(answer.automatedSessions))
        writer.append(zone)
        writer.append(0 as UInt32)
        var cursor = writer.beginDirectory(columns: 2)
        texts.write(.texts, to: &writer, &cursor)
        let rows = writer.beginColumn(
            .reportRows, width: 0, parameter: ReportRowRecord.byteCount, count: answer.rows.count,
            length: answer.rows.count * ReportRowRecord.byteCount, &cursor)
        for (row, content) in answer.rows.enumerated() {
            ReportRowRecord.write(
                content, &texts, to: &writer, at: rows + row * ReportRowRecord.byteCount)
        }
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) -> ReportAnswer {
        let schema = { BodySchema.reportReply(rows: $0) }
        let directory = try ColumnDirectory.open(body, fixedBytes: schema(0).fixedBytes)
        try body.reserved(6..<8)
        try body.reserved(52..<56)
        let count = Int(body.integer(at: 0, as: UInt32.self))
        try directory.validate(schema(count))
        try directory.checkLengths(.texts, most: Limits.textBytesMax, .badTextLength)
        try directory.checkUTF8(directory.dictionary(.texts))
        let texts = directory.strings(.texts)
        let records = directory.find(.reportRows)
        for row in 0..<count {
            let at = directory.start(of: row, records)
            let kind = body.integer(at: at, as: UInt8.self)
            guard ReportRow.Kind(rawValue: kind) != nil else {
                throw WireError(
                    .badKind, inBodyAt: at, column: Column.reportRows.rawValue, row: row,
                    found: Int(kind))
            }
        }
        try directory.checkText(at: 48, texts.count, .reportRows, row: 0)
        for row in 0..<count {
            let at = directory.start(of: row, records)
            try directory.checkText(at: at + 4, texts.count, .reportRows, row: row)
            try directory.checkText(at: at + 8, texts.count, .reportRows, row: row)
            // A step stands behind the one before it, so that following them comes to an end.
            let parent = Int(body.integer(at: at + 12, as: UInt32.self))
            guard parent <= row else {
                throw WireError(
                    .indexOutOfRange, inBodyAt: at + 12, column: Column.reportRows.rawValue,
                    row: row, found: parent - 1, bound: row)
            }
        }

        let text = { (reference: UInt32) in reference == 0 ? "" : texts[Int(reference) - 1] }
        let (start, end) = (
            body.integer(at: 16, as: Int64.self), body.integer(at: 24, as: Int64.self)
        )
        let clock = body.integer(at: 8, as: Int64.self)
        return ReportAnswer(
            start: start == .min ? nil : start, end: end == .max ? nil : end,
            clock: clock == .min ? nil : clock, timeZone: text(body.integer(at: 48)),
            liveSessions: Int(clamping: body.integer(at: 32, as: UInt64.self)),
            automatedSessions: Int(clamping: body.integer(at: 40, as: UInt64.self)),
            rows: (0..<count).map {
                ReportRowRecord.read(body, at: directory.start(of: $0, records), text: text)
            })
    }
}

/// One record of the column `reportRows`, as the specification draws it.
enum ReportRowRecord {
    static var byteCount: Int { 112 }

    static func write(
        _ row: ReportRow, _ texts: inout ByteTable, to writer: inout ByteWriter, at start: Int
    ) {
        writer.set(row.kind.rawValue, at: start)
        writer.set(row.isPrevious ? 1 : 0 as UInt8, at: start + 1)
        writer.set(0 as UInt16, at: start + 2)
        writer.set(texts.reference(row.text), at: start + 4)
        writer.set(texts.reference(row.nextText), at: start + 8)
        writer.set(UInt32(row.parent.map { $0 + 1 } ?? 0), at: start + 12)
        writer.set(row.time ?? .min, at: start + 16)
        let figures = row.figures
        let counts = [
            figures.sessions, figures.visitors, figures.newVisitors, figures.views,
            figures.actions, figures.conversions, figures.convertedSessions,
            figures.engagedSessions,
        ]
        for (index, count) in counts.enumerated() {
            writer.set(UInt64(count), at: start + 24 + 8 * index)
        }
        writer.set(figures.value, at: start + 88)
        writer.set(figures.durationMilliseconds, at: start + 96)
        writer.set(figures.medianMilliseconds, at: start + 104)
    }

    static func read(_ body: RawSpan, at start: Int, text: (UInt32) -> String) -> ReportRow {
        func count(_ index: Int) -> Int {
            Int(clamping: body.integer(at: start + 24 + 8 * index, as: UInt64.self))
        }
        var row = ReportRow(ReportRow.Kind(rawValue: body.integer(at: start)) ?? .total)
        row.isPrevious = body.integer(at: start + 1, as: UInt8.self) & 1 != 0
        row.text = text(body.integer(at: start + 4))
        row.nextText = text(body.integer(at: start + 8))
        let parent = Int(body.integer(at: start + 12, as: UInt32.self))
        row.parent = parent == 0 ? nil : parent - 1
        let time = body.integer(at: start + 16, as: Int64.self)
        row.time = time == .min ? nil : time
        row.figures.sessions = count(0)
        row.figures.visitors = count(1)
        row.figures.newVisitors = count(2)
        row.figures.views = count(3)
        row.figures.actions = count(4)
        row.figures.conversions = count(5)
        row.figures.convertedSessions = count(6)
        row.figures.engagedSessions = count(7)
        row.figures.value = body.integer(at: start + 88)
        row.figures.durationMilliseconds = body.integer(at: start + 96)
        row.figures.medianMilliseconds = body.integer(at: start + 104)
        return row
    }
}
