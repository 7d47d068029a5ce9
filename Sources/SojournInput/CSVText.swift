import SojournModel

/// Parts of rows of CSV.
enum CSVText {
    /// A record as it stands, or without the fields at some places.
    static func append(
        _ record: Span<UInt8>, leavingOut places: Set<Int>, to output: inout [UInt8]
    ) {
        guard !places.isEmpty else {
            output.append(record)
            return
        }
        var isFirst = true
        for (place, field) in CSVRecordScanner.fields(of: record).enumerated()
        where !places.contains(place) {
            if !isFirst { output.append(ASCII.comma) }
            output.append(record.extracting(field.outer))
            isFirst = false
        }
    }

    /// The new columns, each behind a comma, and the line end.
    static func append(_ session: SessionColumns, to output: inout [UInt8]) {
        output.append(ASCII.comma)
        if let id = session.session { append(text: id.utf8.span, to: &output) }
        output.append(ASCII.comma)
        if let position = session.position { output.append(decimal: Int64(position)) }
        output.append(ASCII.comma)
        append(text: session.outcome.utf8.span, to: &output)
        output.append(ASCII.comma)
        if let ordinal = session.visitorSession { output.append(decimal: Int64(ordinal)) }
        output.append(ASCII.newline)
    }

    /// A column as Sojourn understood it.
    static func append(
        _ column: InputColumn, of event: borrowing InputEvent, to output: inout [UInt8]
    ) {
        switch column {
        case .timeMilliseconds, .time: output.append(decimal: event.timeMilliseconds)
        case .kind: output.append(event.kind.name)
        case .value:
            if let value = event.value { DecimalNumber.append(microUnits: value, to: &output) }
        case .eventID: if let id = event.eventID { output.append(decimal: id) }
        case .bot: if event.isKnownBot { output.append("true") }
        default: append(text: event.bytes(of: column), to: &output)
        }
    }

    /// A text, in quotes where it needs them.
    static func append(text: Span<UInt8>, to output: inout [UInt8]) {
        guard needsQuotes(text) else {
            output.append(text)
            return
        }
        output.append(ASCII.quote)
        for index in text.indices {
            if text[index] == ASCII.quote { output.append(ASCII.quote) }
            output.append(text[index])
        }
        output.append(ASCII.quote)
    }

    private static func needsQuotes(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            switch text[index] {
            case ASCII.comma, ASCII.quote, ASCII.newline, ASCII.carriageReturn: return true
            default: continue
            }
        }
        return false
    }
}
