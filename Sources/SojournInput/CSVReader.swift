/// Reads events from CSV with a header.
///
/// A record whose quoting is broken costs one line: reading goes on at the next, so that a stray
/// quote doesn't swallow the rest of the file.
struct CSVReader {
    /// The names in the header.
    let names: [String]
    let header: [UInt8]
    /// What each field of a record is; nil for a column that is kept aside.
    private let columns: [InputColumn?]
    private var scanner = CSVRecordScanner()
    private var scratch: [UInt8] = []

    /// Reads the header: the first line that isn't blank.
    init(_ buffer: inout LineBuffer, limits: ReaderLimits) throws(InputError) {
        let path = buffer.name
        var scanner = CSVRecordScanner()
        reading: while true {
            let result = scanner.scan(
                buffer.pending, isFinal: buffer.isAtEnd, bytesMax: limits.recordBytesMax)
            switch result {
            case .needsMore: try buffer.fill()
            case .end: throw .empty(path: path)
            case .tooLong:
                throw .badHeader(
                    path: path, problem: "is longer than \(limits.recordBytesMax) bytes")
            case .broken(let problem):
                throw .badHeader(path: path, problem: Self.words(problem, limits))
            case .record(let count, let consumed, let lines):
                if count == 0 {
                    buffer.consume(consumed, lines: lines)
                    scanner.reset()
                    continue
                }
                var header: [UInt8] = []
                header.append(buffer.pending.extracting(first: count))
                self.header = header
                names = scanner.fields.map { field in
                    var text: [UInt8] = []
                    field.appendText(from: header.span, to: &text)
                    return text.span.trimmingBlanks().text
                }
                columns = try Self.columns(named: names, path: path)
                buffer.consume(consumed, lines: lines)
                break reading
            }
        }
    }

    /// The columns that Sojourn has no use for, without its own answers in a file that it wrote.
    var keptAside: [String] {
        zip(names, columns).filter { name, column in
            column == nil && !SessionColumns.names.contains(name)
        }.map(\.0)
    }

    /// The next event or bad line; nil at the end.
    mutating func next(
        _ buffer: inout LineBuffer, limits: ReaderLimits
    ) throws(InputError) -> InputRecord? {
        scanner.reset()
        while true {
            let result = scanner.scan(
                buffer.pending, isFinal: buffer.isAtEnd, bytesMax: limits.recordBytesMax)
            switch result {
            case .needsMore: try buffer.fill()
            case .end: return nil
            case .tooLong:
                return try badLine(
                    &buffer, "the record is longer than \(limits.recordBytesMax) bytes")
            case .broken(let problem):
                return try badLine(&buffer, "the record " + Self.words(problem, limits))
            case .record(let count, let consumed, let lines):
                if count == 0 {
                    buffer.consume(consumed, lines: lines)
                    scanner.reset()
                    continue
                }
                let record = decode(
                    buffer.pending.extracting(first: count), lineNumber: buffer.lineNumber)
                buffer.consume(consumed, lines: lines)
                return record
            }
        }
    }

    private mutating func decode(_ record: Span<UInt8>, lineNumber: Int) -> InputRecord {
        let fields = scanner.fields
        guard fields.count == columns.count else {
            return .bad(
                BadLine(
                    lineNumber: lineNumber,
                    problem: "the record has \(fields.count) fields, the header \(columns.count)",
                    excerpt: record.excerpt))
        }
        var draft = EventDraft(record: record)
        for index in fields.indices {
            guard let column = columns[index] else { continue }
            let field = fields[index]
            if field.style == .escaped {
                scratch.removeAll(keepingCapacity: true)
                field.appendText(from: record, to: &scratch)
                draft.set(column, decoded: scratch.span)
            } else {
                draft.set(column, field.inner)
            }
        }
        do throws(FieldProblem) {
            return .event(try draft.event(lineNumber: lineNumber))
        } catch {
            return .bad(BadLine(error, lineNumber: lineNumber))
        }
    }

    /// Reports the line that the pending bytes begin with, and steps over that line alone.
    private mutating func badLine(
        _ buffer: inout LineBuffer, _ problem: String
    ) throws(InputError) -> InputRecord {
        let lineNumber = buffer.lineNumber
        let excerpt = try buffer.lineExcerpt()
        try buffer.skipLine()
        return .bad(BadLine(lineNumber: lineNumber, problem: problem, excerpt: excerpt))
    }

    private static func words(
        _ problem: CSVRecordScanner.Problem, _ limits: ReaderLimits
    ) -> String {
        switch problem {
        case .textAfterQuote: "has text behind the closing quote of a field"
        case .openQuote:
            "opens a quote that is not closed within \(limits.recordBytesMax) bytes"
        }
    }

    private static func columns(
        named names: [String], path: String
    ) throws(InputError) -> [InputColumn?] {
        let columns = names.map { name in
            let bytes = Array(name.utf8)
            return InputColumn(name: bytes.span)
        }
        for column in InputColumn.allCases
        where columns.count(where: { $0 == column }) > 1 {
            throw .badHeader(path: path, problem: "names the column \(column.name) twice")
        }
        var missing: [String] = []
        if !columns.contains(.timeMilliseconds), !columns.contains(.time) {
            missing.append("time_ms (or time)")
        }
        if !columns.contains(.visitor) { missing.append("visitor") }
        if !columns.contains(.kind) { missing.append("kind") }
        if !missing.isEmpty { throw .missingColumns(path: path, missing: missing, found: names) }
        return columns
    }
}
