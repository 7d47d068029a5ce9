import SojournModel

/// Rows of JSON Lines.
enum JSONObject {
    /// An object as it stands, with the new members before its brace. Members that have the new
    /// ones' names are left out.
    static func append(
        extending record: Span<UInt8>, _ session: SessionColumns,
        _ members: inout [JSONObjectScanner.Member], to output: inout [UInt8]
    ) {
        let brace: Int
        do throws(JSONProblem) {
            brace = try JSONObjectScanner.scan(record, into: &members)
        } catch {
            preconditionFailure("an event from JSON Lines has an object for its record")
        }
        let isOwn = members.map { isSessionColumn($0, in: record) }
        var isEmpty = true
        if !isOwn.contains(true) {
            output.append(record.extracting(first: brace))
            isEmpty = members.isEmpty
        } else {
            output.append(record.extracting(first: members[0].outer.lowerBound))
            for (place, member) in members.enumerated() where !isOwn[place] {
                // A member that stays keeps the comma and the blanks before it.
                let start = isEmpty ? member.outer.lowerBound : members[place - 1].outer.upperBound
                output.append(record.extracting(start..<member.outer.upperBound))
                isEmpty = false
            }
        }
        // The brace is put behind the last value, whatever blanks stood between them.
        while let last = output.last, last == ASCII.space || last == ASCII.tab {
            output.removeLast()
        }
        append(session, isFirst: isEmpty, to: &output)
    }

    /// An object of what is known of an event and not empty.
    static func append(
        _ event: borrowing InputEvent, _ session: SessionColumns,
        keptAside: [(place: Int, key: [UInt8])], to output: inout [UInt8]
    ) {
        output.append("{\"time_ms\":")
        output.append(decimal: event.timeMilliseconds)
        for column in EventWriter.allColumns where column != .timeMilliseconds {
            append(column, of: event, to: &output)
        }
        if !keptAside.isEmpty {
            let record = event.record
            let fields = CSVRecordScanner.fields(of: record)
            var text: [UInt8] = []
            for (place, key) in keptAside {
                text.removeAll(keepingCapacity: true)
                fields[place].appendText(from: record, to: &text)
                if text.isEmpty { continue }
                output.append(ASCII.comma)
                output.append(key.span)
                output.append(UInt8(ascii: ":"))
                JSONText.append(quoting: text.span, to: &output)
            }
        }
        append(session, isFirst: false, to: &output)
    }

    private static func append(
        _ column: InputColumn, of event: borrowing InputEvent, to output: inout [UInt8]
    ) {
        func key() {
            output.append(",\"")
            output.append(column.name)
            output.append("\":")
        }
        switch column {
        case .timeMilliseconds, .time: return
        case .kind:
            key()
            output.append("\"" + event.kind.name + "\"")
        case .value:
            guard let value = event.value else { return }
            key()
            DecimalNumber.append(microUnits: value, to: &output)
        case .eventID:
            guard let id = event.eventID else { return }
            key()
            // A text: most readers of JSON know numbers only up to 53 bits.
            output.append(ASCII.quote)
            output.append(decimal: id)
            output.append(ASCII.quote)
        case .bot:
            guard event.isKnownBot else { return }
            key()
            output.append("true")
        default:
            let text = event.bytes(of: column)
            if text.isEmpty { return }
            key()
            JSONText.append(quoting: text, to: &output)
        }
    }

    /// The new members, the brace and the line end.
    private static func append(
        _ session: SessionColumns, isFirst: Bool, to output: inout [UInt8]
    ) {
        output.append(isFirst ? "\"session\":" : ",\"session\":")
        append(text: session.session, to: &output)
        output.append(",\"position\":")
        append(number: session.position, to: &output)
        output.append(",\"outcome\":")
        append(text: session.outcome, to: &output)
        output.append(",\"visitor_session\":")
        append(number: session.visitorSession, to: &output)
        output.append("}\n")
    }

    private static func append(text: String?, to output: inout [UInt8]) {
        guard let text else {
            output.append("null")
            return
        }
        JSONText.append(quoting: text.utf8.span, to: &output)
    }

    private static func append(number: Int?, to output: inout [UInt8]) {
        guard let number else {
            output.append("null")
            return
        }
        output.append(decimal: Int64(number))
    }

    private static func isSessionColumn(
        _ member: JSONObjectScanner.Member, in record: Span<UInt8>
    ) -> Bool {
        // Sojourn writes its keys without escapes; a key that needs none and has some is not ours.
        guard !member.keyIsEscaped else { return false }
        let key = record.extracting(member.key)
        return names.contains { key.equals($0) }
    }

    private static let names = SessionColumns.names.map { Array($0.utf8) }
}
