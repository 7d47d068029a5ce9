/// Reads events from lines of JSON objects.
///
/// A text may be given as a number and a number as a text; `null` is the same as no member.
struct JSONLinesReader {
    /// Keys that Sojourn has no use for, in the order in which they were met.
    private(set) var keptAside: [String] = []
    /// The most keys that are remembered, so that a file of ever new keys costs no memory.
    static let keptAsideMax = 32

    private var members: [JSONObjectScanner.Member] = []
    private var scratch: [UInt8] = []
    private var unknown: [[UInt8]] = SessionColumns.names.map { Array($0.utf8) }

    mutating func decode(_ line: Span<UInt8>, lineNumber: Int) throws(FieldProblem) -> InputEvent {
        do throws(JSONProblem) {
            _ = try JSONObjectScanner.scan(line, into: &members)
        } catch {
            throw FieldProblem(
                problem: "is not a JSON object: expected \(error.expected) at byte "
                    + "\(error.offset + 1)",
                excerpt: line.excerpt)
        }
        var draft = EventDraft(record: line)
        var seen: UInt16 = 0
        for member in members {
            guard let column = try column(of: member, in: line) else { continue }
            if seen & 1 << UInt16(column.index) != 0 {
                throw FieldProblem(
                    column: column.name, problem: "is there twice", excerpt: line.excerpt)
            }
            seen |= 1 << UInt16(column.index)
            switch member.kind {
            case .null: continue
            case .string, .number, .boolean: draft.set(column, member.value)
            case .escapedString:
                scratch.removeAll(keepingCapacity: true)
                guard JSONText.append(decoding: line.extracting(member.value), to: &scratch) else {
                    throw FieldProblem(
                        column: column.name, problem: "has half of a surrogate pair",
                        excerpt: line.extracting(member.value).excerpt)
                }
                draft.set(column, decoded: scratch.span)
            case .container:
                throw FieldProblem(
                    column: column.name, problem: "is not a text or a number",
                    excerpt: line.extracting(member.value).excerpt)
            }
        }
        return try draft.event(lineNumber: lineNumber)
    }

    /// The column that a member is; an unknown key is remembered for the warning.
    private mutating func column(
        of member: JSONObjectScanner.Member, in line: Span<UInt8>
    ) throws(FieldProblem) -> InputColumn? {
        guard member.keyIsEscaped else {
            let key = line.extracting(member.key)
            if let column = InputColumn(name: key) { return column }
            remember(key)
            return nil
        }
        var key: [UInt8] = []
        guard JSONText.append(decoding: line.extracting(member.key), to: &key) else {
            throw FieldProblem(
                problem: "has half of a surrogate pair in a key", excerpt: line.excerpt)
        }
        if let column = InputColumn(name: key.span) { return column }
        remember(key.span)
        return nil
    }

    private mutating func remember(_ key: Span<UInt8>) {
        for known in unknown where key.equals(known) { return }
        guard keptAside.count < Self.keptAsideMax else { return }
        keptAside.append(key.text)
        var copy: [UInt8] = []
        copy.append(key)
        unknown.append(copy)
    }
}
