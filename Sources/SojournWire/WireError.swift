/// What is wrong with a message: the code, the place, and the facts from which a sentence is made
/// when somebody reads it.
package struct WireError: Error, Equatable, Sendable {
    package let code: ErrorCode
    /// Byte of the frame; nil for none.
    package let offset: Int?
    /// The column in question; 0 for none.
    package let column: UInt8
    /// The element, entry or descriptor in question, from 0.
    package let row: Int
    /// What stands there.
    package let found: Int
    /// What may stand there: a limit, a size or a count.
    package let bound: Int

    package init(
        _ code: ErrorCode, at offset: Int? = nil, column: UInt8 = 0, row: Int = 0, found: Int = 0,
        bound: Int = 0
    ) {
        self.code = code
        self.offset = offset
        self.column = column
        self.row = row
        self.found = found
        self.bound = bound
    }

    init(
        _ code: ErrorCode, at offset: Int? = nil, column: Column, row: Int = 0, found: Int = 0,
        bound: Int = 0
    ) {
        self.init(
            code, at: offset, column: column.rawValue, row: row, found: found, bound: bound)
    }

    /// A fault in a body: what happens to a frame offset in this module happens here.
    init(
        _ code: ErrorCode, inBodyAt offset: Int, column: UInt8 = 0, row: Int = 0, found: Int = 0,
        bound: Int = 0
    ) {
        self.init(
            code, at: MessageHeader.byteCount + offset, column: column, row: row, found: found,
            bound: bound)
    }
}

extension WireError: CustomStringConvertible {
    package var description: String {
        offset.map { "\(code.name) at byte \($0): \(message)" } ?? "\(code.name): \(message)"
    }

    /// One sentence for a person: what, where, and what to do about it.
    package var message: String {
        switch code {
        case .badFraming:
            "the message has another number of frames than one, or one behind an empty frame; "
                + "send header and body in one frame"
        case .truncatedHeader:
            "the frame has \(found) bytes, but its header alone takes \(bound)"
        case .badMagic:
            "the frame does not start with \"SOJN\"; is the sender speaking another protocol?"
        case .unsupportedVersion:
            "version \(found) is not spoken here; use one from "
                + "\(MessageHeader.versions.lowerBound) to \(MessageHeader.versions.upperBound)"
        case .badHeaderChecksum:
            "the header checksum is not the CRC-32C of bytes 0 to 59; the header was damaged or "
                + "changed after it was made"
        case .unexpectedReply:
            "the direction is wrong: servers take requests, clients take replies"
        case .unknownOperation:
            "operation \(found) is not known; use 1 to 4, or 6 to 8"
        case .unknownFlags:
            "the flags are \(found), but only bit 0 is defined; send the others as zero"
        case .reservedNotZero:
            "bytes 56 to 59 of the header are reserved; send them as zero"
        case .messageTooLarge:
            "the frame has \(found) bytes, at most \(bound) are taken; send smaller batches"
        case .badBodyLength:
            "the header says that the body has \(found) bytes, but \(bound) stand behind it"
        case .badBodyChecksum:
            "the body checksum is not the CRC-32C of the body; the body was damaged or changed "
                + "after it was made"
        case .truncatedBody:
            "the body has \(found) bytes, but its fixed part and what that announces take \(bound)"
        case .bodyReservedNotZero:
            column == 0
                ? "reserved bytes of the body are not zero; send them as zero"
                : "\(label) has the parameter \(found), but gives it no meaning; send zero"
        case .badEventCount:
            "the batch says that it has \(found) events; send 1 to \(bound)"
        case .badColumnCount:
            "the body says that it has \(found) columns, at most \(bound) are taken"
        case .badColumnOrder:
            "\(label) stands behind column \(found); send descriptors in ascending order, and no "
                + "column twice"
        case .columnMisaligned:
            "\(label) begins at byte \(found) of the body, which is no multiple of 8"
        case .columnOverlap:
            "\(label) begins at byte \(found) of the body, before what stands before it ends at "
                + "\(bound)"
        case .columnGap:
            "\(label) begins at byte \(found) of the body; it must begin at \(bound)"
        case .columnOutOfBounds:
            "\(label) ends at byte \(found) of the body, which has \(bound)"
        case .trailingBytes:
            "the body has \(found) bytes, but its content ends at \(bound)"
        case .paddingNotZero:
            "the bytes skipped before \(label) are not zero; send them as zero"
        case .missingColumn:
            "\(label) is missing; the message has no meaning without it"
        case .badColumnWidth:
            "\(label) has elements of \(found) bytes, which it does not allow"
        case .badElementCount:
            "\(label) has \(found) elements where \(bound) are expected or the most"
        case .badColumnLength:
            "\(label) says that it has \(found) bytes, but count and width make \(bound)"
        case .badKeyLength:
            column == 0
                ? "the key has \(found) bytes; send 1 to \(bound)"
                : "\(label): key \(row) has \(found) bytes; send 1 to \(bound)"
        case .badTextLength:
            "\(label): text \(row) has \(found) bytes; send 1 to \(bound)"
        case .textsTooLarge:
            "\(label): the texts have \(found) bytes when written out, at most \(bound) are taken"
        case .badUTF8:
            "\(label): text \(row) is not UTF-8"
        case .badKind:
            "\(label): row \(row) has the code \(found), which means nothing"
        case .indexOutOfRange:
            indexMessage
        case .timeOutOfRange:
            "\(label): event \(row) is at \(found) ms since the Unix epoch; send 0 to \(bound)"
        case .badScale:
            "\(label) is scaled by ten to the power of \(found); send 0 to \(bound)"
        case .badName:
            found < 0
                ? "the name of the client is not UTF-8"
                : found > bound
                    ? "the name of the client has \(found) bytes, at most \(bound) are taken"
                    : "the version range is upside down"
        case .badLookup:
            bound > 0
                ? "a session id has \(bound) bytes, not \(found)"
                : "a lookup by \(found) is not known; use 1 for a visitor, 2 for a session"
        case .badReport:
            reportMessage
        case .wrongDeployment:
            "this server belongs to another deployment; check the address"
        default:
            "the request was refused: \(code.name)"
        }
    }

    private var reportMessage: String {
        switch offset.map({ $0 - MessageHeader.byteCount }) {
        case 0: "question \(found) is not known; use 1 to 6"
        case 1: "grouping \(found) means nothing with this question"
        case 2: "the flags are \(found); some are not defined, or mean nothing with this question"
        case 16: "the period ends before it starts"
        case 24: "\(found) rows are more than \(bound)"
        default: "only paths begin at a page"
        }
    }

    private var indexMessage: String {
        let what =
            switch Column(rawValue: column) {
            case .visitor: "visitor key"
            case .context: "context"
            case .session: "session"
            case .path, .sessions, .name, .contexts, .filters, .steps, .reportRows: "text"
            default: "entry"
            }
        if column == Column.textPrefixes.rawValue {
            return "\(label): text \(row) shares \(found) bytes with the text before, which has "
                + "\(bound)"
        }
        return "\(label): row \(row) points at \(what) \(found), but there are \(bound)"
    }

    /// "column name (5)"
    private var label: String {
        Column(rawValue: column).map { "column \($0.name) (\(column))" } ?? "column \(column)"
    }
}
