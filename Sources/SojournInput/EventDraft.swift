import SojournModel

/// What is wrong with a record, before the reader adds the line number.
struct FieldProblem: Error {
    var column: String?
    var problem: String
    var excerpt: String
}

/// A record whose columns have been found but not yet understood: the step that CSV and JSON Lines
/// share.
struct EventDraft {
    /// The record, then decoded text.
    var bytes: [UInt8]
    let recordCount: Int
    /// Where each column's text lies; empty where the record has none.
    var ranges = InlineArray<16, TextRange>(repeating: .empty)

    init(record: Span<UInt8>) {
        bytes = []
        bytes.reserveCapacity(record.count)
        bytes.append(record)
        recordCount = record.count
    }

    mutating func set(_ column: InputColumn, _ range: Range<Int>) {
        ranges[column.index] = TextRange(range)
    }

    /// Adds decoded text behind the record and makes it a column's.
    mutating func set(_ column: InputColumn, decoded text: Span<UInt8>) {
        let start = bytes.count
        bytes.append(text)
        set(column, start..<bytes.count)
    }

    /// Understands the columns, in the order in which a person would look at them: time, visitor,
    /// kind, then the rest.
    consuming func event(lineNumber: Int) throws(FieldProblem) -> InputEvent {
        let time = try timeMilliseconds()
        if ranges[InputColumn.visitor.index].isEmpty { throw problem(.visitor, "is empty") }
        let kind = try eventKind()
        let value = try valueMicroUnits()
        let eventID = try eventIdentifier()
        let isKnownBot = try knownBot()
        try checkTexts()
        return InputEvent(
            draft: self, timeMilliseconds: time, kind: kind, value: value, eventID: eventID,
            isKnownBot: isKnownBot, lineNumber: lineNumber)
    }

    /// Every text is UTF-8 and short enough for the protocol; the record too, because output
    /// repeats it.
    func checkTexts() throws(FieldProblem) {
        let all = bytes.span
        if !all.extracting(first: recordCount).isUTF8 {
            throw FieldProblem(
                problem: "the record is not UTF-8",
                excerpt: all.extracting(first: recordCount).excerpt)
        }
        for index in 1..<InputColumn.textCount {
            if Int(ranges[index].count) > Limits.textBytesMax,
                let column = InputColumn(rawValue: UInt8(index))
            {
                throw problem(
                    column,
                    "has \(ranges[index].count) bytes; at most \(Limits.textBytesMax) are allowed")
            }
        }
    }

    func problem(_ column: InputColumn, _ text: String) -> FieldProblem {
        let excerpt = bytes.span.extracting(ranges[column.index].range).excerpt
        return FieldProblem(column: column.name, problem: text, excerpt: excerpt)
    }

    private func timeMilliseconds() throws(FieldProblem) -> Int64 {
        let number = bytes.span.extracting(ranges[InputColumn.timeMilliseconds.index].range)
        let column: InputColumn
        let time: Int64
        if number.isEmpty {
            column = .time
            let text = bytes.span.extracting(ranges[InputColumn.time.index].range)
            if text.isEmpty {
                throw FieldProblem(
                    column: "time_ms", problem: "is empty, and so is \"time\"",
                    excerpt: bytes.span.extracting(first: recordCount).excerpt)
            }
            do throws(TimestampProblem) {
                time = try Timestamp.milliseconds(iso8601: text)
            } catch {
                throw problem(.time, error.description)
            }
        } else {
            column = .timeMilliseconds
            guard let parsed = DecimalNumber.integer(number) else {
                throw problem(column, "is not a whole number of milliseconds since 1970")
            }
            time = parsed
        }
        if time < 0 { throw problem(column, "lies before 1970") }
        if time >= Limits.eventTimeEnd { throw problem(column, "lies after the year 10889") }
        return time
    }

    private func eventKind() throws(FieldProblem) -> EventKind {
        let text = bytes.span.extracting(ranges[InputColumn.kind.index].range)
        for entry in Self.kinds where text.equals(entry.name) { return entry.kind }
        if text.isEmpty { throw problem(.kind, "is empty") }
        let known = EventKind.allCases.map(\.name).joined(separator: ", ")
        throw problem(.kind, "is not one of \(known)")
    }

    private static let kinds = EventKind.allCases.map { (name: Array($0.name.utf8), kind: $0) }

    private func valueMicroUnits() throws(FieldProblem) -> Int64? {
        let text = bytes.span.extracting(ranges[InputColumn.value.index].range)
        if text.isEmpty { return nil }
        do throws(DecimalProblem) {
            return try DecimalNumber.microUnits(text)
        } catch {
            throw problem(.value, error.description)
        }
    }

    private func eventIdentifier() throws(FieldProblem) -> UInt64? {
        let text = bytes.span.extracting(ranges[InputColumn.eventID.index].range)
        if text.isEmpty { return nil }
        guard let id = DecimalNumber.unsigned(text) else {
            throw problem(
                .eventID,
                "is not a whole number from 0 to 18446744073709551615, or 0x and hex digits"
            )
        }
        return id == 0 ? nil : id
    }

    private func knownBot() throws(FieldProblem) -> Bool {
        let text = bytes.span.extracting(ranges[InputColumn.bot.index].range)
        if text.isEmpty {
            return bytes.span.extracting(ranges[InputColumn.device.index].range)
                .equals(UserAgent.Device.bot.bytes)
        }
        if Self.yes.contains(where: { text.equals($0) }) { return true }
        if Self.no.contains(where: { text.equals($0) }) { return false }
        throw problem(.bot, "is not one of true, false, yes, no, 1, 0")
    }

    private static let yes = ["1", "true", "yes"].map { Array($0.utf8) }
    private static let no = ["0", "false", "no"].map { Array($0.utf8) }
}
