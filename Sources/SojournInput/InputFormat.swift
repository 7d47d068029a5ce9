/// The kinds of file that Sojourn reads. The raw values are the words of `--input`.
package enum InputFormat: String, Sendable, CaseIterable {
    /// One of the others, recognised by the first line.
    case auto
    /// Comma-separated values (RFC 4180) below a header that names the columns.
    case csv
    /// One JSON object a line; its keys are the column names.
    case jsonLines = "jsonl"
    /// The common or combined log format of Apache and nginx.
    case accessLog = "log"

    /// What a file is, by its first line that is not blank.
    static func recognise(firstLine line: Span<UInt8>, path: String) throws(InputError) -> Self {
        let text = line.trimmingBlanks()
        if text.isEmpty { throw .empty(path: path) }
        func unrecognised(_ hint: String) -> InputError {
            .unrecognised(path: path, hint: hint, firstLine: line.excerpt)
        }
        if text.starts(with: [0x1F, 0x8B]) {
            throw unrecognised("is compressed with gzip: pipe it through zcat")
        }
        if text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF]) {
            throw unrecognised("is UTF-16: convert it to UTF-8")
        }
        if text[0] == UInt8(ascii: "{") { return .jsonLines }
        if text[0] == UInt8(ascii: "[") {
            throw unrecognised("seems to be one JSON array: give one object a line")
        }
        if AccessLog.hasTime(text) { return .accessLog }
        if text.firstIndex(of: ASCII.comma) != nil { return .csv }
        throw unrecognised("is of no format that can be recognised")
    }
}

/// What a reader knows of its input before the first event, and a writer needs to extend it.
package struct InputLayout: Sendable {
    /// Never `auto`.
    package let format: InputFormat
    /// The names in a CSV header, in its order; empty for the other formats.
    package let columns: [String]
    /// The header as it stands in the file, without its line end.
    package let header: [UInt8]

    init(format: InputFormat, columns: [String] = [], header: [UInt8] = []) {
        self.format = format
        self.columns = columns
        self.header = header
    }
}
