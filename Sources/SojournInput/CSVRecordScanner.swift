/// A field of a CSV record: where it stands, with its quotes.
struct CSVField {
    enum Style: UInt8 {
        case plain
        case quoted
        /// Quoted, with doubled quotes inside.
        case escaped
    }

    var offset: UInt32
    var count: UInt32
    var style: Style

    /// The field with its quotes.
    var outer: Range<Int> { Int(offset)..<(Int(offset) + Int(count)) }
    /// The field without them; in an escaped field the quotes inside are still doubled.
    var inner: Range<Int> {
        style == .plain ? outer : (Int(offset) + 1)..<(Int(offset) + Int(count) - 1)
    }

    /// The text of the field in its record, behind `output`.
    func appendText(from record: Span<UInt8>, to output: inout [UInt8]) {
        let text = record.extracting(inner)
        guard style == .escaped else {
            output.append(text)
            return
        }
        var index = 0
        while index < text.count {
            output.append(text[index])
            index += text[index] == ASCII.quote ? 2 : 1
        }
    }
}

/// Finds one CSV record and its fields in bytes that may end in the middle of it.
///
/// It follows RFC 4180, takes a bare `\n` as a line end too, and takes a quote inside a plain field
/// as a character like any other. When bytes run out it stops where it is and goes on there when
/// there are more, so a record is looked at once however it was cut.
struct CSVRecordScanner {
    enum Result {
        /// A record of `count` bytes is complete; with its line end it has `consumed`, and it
        /// spans this many line ends.
        case record(count: Int, consumed: Int, lines: Int)
        /// The bytes end within the record.
        case needsMore
        /// There is no further record.
        case end
        /// The record is longer than the limit.
        case tooLong
        case broken(Problem)
    }

    enum Problem {
        case textAfterQuote
        case openQuote
    }

    private enum State {
        case fieldStart
        case plain
        case quoted
        /// Behind a quote in a quoted field: its end, or the first of two.
        case quoteSeen
        /// Behind the end of a quoted field and a carriage return.
        case returnSeen
    }

    /// The fields found so far; all of them once the record is complete.
    private(set) var fields: [CSVField] = []
    private var state = State.fieldStart
    private var position = 0
    private var fieldStart = 0
    private var style = CSVField.Style.plain
    private var lines = 0

    /// Forgets the record, for the next one.
    mutating func reset() {
        fields.removeAll(keepingCapacity: true)
        state = .fieldStart
        position = 0
        fieldStart = 0
        lines = 0
    }

    /// Looks at a record from its first byte on, as far as there are bytes. `isFinal`: there will
    /// be no more.
    mutating func scan(_ bytes: Span<UInt8>, isFinal: Bool, bytesMax: Int) -> Result {
        let count = min(bytes.count, bytesMax + 2)
        var index = position
        scanning: while index < count {
            switch state {
            case .fieldStart:
                fieldStart = index
                if bytes[index] == ASCII.quote {
                    style = .quoted
                    state = .quoted
                    index += 1
                } else {
                    style = .plain
                    state = .plain
                }
            case .plain:
                while index < count, bytes[index] != ASCII.comma, bytes[index] != ASCII.newline {
                    index &+= 1
                }
                guard index < count else { break scanning }
                if bytes[index] == ASCII.newline {
                    let isReturn = index > fieldStart && bytes[index - 1] == ASCII.carriageReturn
                    return finish(at: isReturn ? index - 1 : index, newline: index, bytesMax)
                }
                endField(at: index)
                state = .fieldStart
                index &+= 1
            case .quoted:
                while index < count, bytes[index] != ASCII.quote {
                    if bytes[index] == ASCII.newline { lines += 1 }
                    index &+= 1
                }
                guard index < count else { break scanning }
                state = .quoteSeen
                index &+= 1
            case .quoteSeen:
                switch bytes[index] {
                case ASCII.quote:
                    style = .escaped
                    state = .quoted
                case ASCII.comma:
                    endField(at: index)
                    state = .fieldStart
                case ASCII.newline: return finish(at: index, newline: index, bytesMax)
                case ASCII.carriageReturn: state = .returnSeen
                default: return .broken(.textAfterQuote)
                }
                index &+= 1
            case .returnSeen:
                guard bytes[index] == ASCII.newline else { return .broken(.textAfterQuote) }
                return finish(at: index - 1, newline: index, bytesMax)
            }
        }
        position = index
        if index >= bytesMax + 2 { return state == .quoted ? .broken(.openQuote) : .tooLong }
        if !isFinal { return .needsMore }
        return finishWithoutLineEnd(bytes, at: index, bytesMax)
    }

    private mutating func finishWithoutLineEnd(
        _ bytes: Span<UInt8>, at index: Int, _ bytesMax: Int
    ) -> Result {
        var recordEnd = index
        switch state {
        case .quoted: return .broken(.openQuote)
        case .fieldStart:
            if index == 0 { return .end }
            fieldStart = index
            style = .plain
        case .plain:
            if bytes[index - 1] == ASCII.carriageReturn { recordEnd -= 1 }
        case .quoteSeen: break
        case .returnSeen: recordEnd -= 1
        }
        if recordEnd > bytesMax { return .tooLong }
        endField(at: recordEnd)
        return .record(count: recordEnd, consumed: index, lines: lines)
    }

    private mutating func finish(at recordEnd: Int, newline: Int, _ bytesMax: Int) -> Result {
        if recordEnd > bytesMax { return .tooLong }
        endField(at: recordEnd)
        return .record(count: recordEnd, consumed: newline + 1, lines: lines + 1)
    }

    private mutating func endField(at end: Int) {
        fields.append(
            CSVField(
                offset: UInt32(truncatingIfNeeded: fieldStart),
                count: UInt32(truncatingIfNeeded: end &- fieldStart), style: style))
    }
}

extension CSVRecordScanner {
    /// The fields of a whole record, without its line end.
    static func fields(of record: Span<UInt8>) -> [CSVField] {
        var scanner = CSVRecordScanner()
        guard case .record = scanner.scan(record, isFinal: true, bytesMax: record.count) else {
            // An empty record is one empty field.
            return [CSVField(offset: 0, count: UInt32(record.count), style: .plain)]
        }
        return scanner.fields
    }
}
