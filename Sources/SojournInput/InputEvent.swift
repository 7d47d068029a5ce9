package import SojournModel

/// Where a text lies in the bytes of an event.
struct TextRange: Equatable, Sendable {
    var offset: UInt32
    var count: UInt32

    static let empty = TextRange(offset: 0, count: 0)

    init(offset: UInt32, count: UInt32) {
        self.offset = offset
        self.count = count
    }

    init(_ range: Range<Int>) {
        offset = UInt32(range.lowerBound)
        count = UInt32(range.count)
    }

    var range: Range<Int> { Int(offset)..<(Int(offset) + Int(count)) }
    var isEmpty: Bool { count == 0 }
}

/// One event read from a file.
///
/// All of its texts lie in one array: first the record as it stood in the file, so that output can
/// repeat it unchanged, then whatever text had to be decoded (a doubled quote, a JSON escape). So an
/// event costs one allocation however many columns it has.
package struct InputEvent: Sendable {
    /// Milliseconds since the epoch.
    package var timeMilliseconds: Int64
    package var kind: EventKind
    /// Micro-units: `12.50` is 12,500,000. Nil where the file has none.
    package var value: Int64?
    /// What tells a repeated event from a second one. Nil where the file has none; never zero.
    package var eventID: UInt64?
    /// The sender says that this is a robot: `bot` is true or, where nothing is said, `device` is
    /// `bot`.
    package var isKnownBot: Bool
    /// The line of the file on which the record begins, from 1.
    package var lineNumber: Int

    private var bytes: [UInt8]
    private var recordCount: UInt32
    private var texts: InlineArray<10, TextRange>

    init(
        draft: consuming EventDraft, timeMilliseconds: Int64, kind: EventKind, value: Int64?,
        eventID: UInt64?, isKnownBot: Bool, lineNumber: Int
    ) {
        self.timeMilliseconds = timeMilliseconds
        self.kind = kind
        self.value = value
        self.eventID = eventID
        self.isKnownBot = isKnownBot
        self.lineNumber = lineNumber
        recordCount = UInt32(draft.recordCount)
        texts = InlineArray(repeating: .empty)
        for index in 0..<InputColumn.textCount { texts[index] = draft.ranges[index] }
        bytes = draft.bytes
    }

    /// The record as it stood in the file, without its line end.
    package var record: Span<UInt8> {
        @_lifetime(borrow self) get { bytes.span.extracting(first: Int(recordCount)) }
    }

    /// The bytes of a text column, empty where the file has none. Only for the columns up to
    /// `campaignMedium`; the others have properties of their own.
    @_lifetime(borrow self)
    package func bytes(of column: InputColumn) -> Span<UInt8> {
        precondition(column.isText, "this column is not a text")
        return bytes.span.extracting(texts[column.index].range)
    }

    /// Like `bytes(of:)`, as a string.
    package func text(of column: InputColumn) -> String {
        precondition(column.isText, "this column is not a text")
        return String(decoding: bytes[texts[column.index].range], as: UTF8.self)
    }

    /// The visitor as the file names it; may be longer than a visitor key (see `VisitorKey`).
    package var visitor: [UInt8] { Array(bytes[texts[InputColumn.visitor.index].range]) }
    /// The page of a view; the name of an action or a conversion.
    package var page: String { text(of: .page) }
    package var device: String { text(of: .device) }
    package var channel: String { text(of: .channel) }
    package var country: String { text(of: .country) }
    package var region: String { text(of: .region) }
    package var referrer: String { text(of: .referrer) }
    package var campaign: String { text(of: .campaign) }
    package var campaignSource: String { text(of: .campaignSource) }
    package var campaignMedium: String { text(of: .campaignMedium) }
}

extension InputEvent: Equatable {
    /// Equal in what they say and in how the file said it.
    package static func == (left: InputEvent, right: InputEvent) -> Bool {
        guard
            left.timeMilliseconds == right.timeMilliseconds,
            left.kind == right.kind,
            left.value == right.value,
            left.eventID == right.eventID,
            left.isKnownBot == right.isKnownBot,
            left.lineNumber == right.lineNumber,
            left.recordCount == right.recordCount,
            left.bytes == right.bytes
        else { return false }
        for index in 0..<InputColumn.textCount where left.texts[index] != right.texts[index] {
            return false
        }
        return true
    }
}
