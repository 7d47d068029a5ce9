/// The forms of output. The raw values are the words of `--output`.
package enum OutputFormat: String, Sendable, CaseIterable {
    case csv
    case jsonLines = "jsonl"
    case table
}

/// Writes events with what was assigned to them.
///
/// | input | output | a row is |
/// |---|---|---|
/// | CSV | CSV | the input's record as it stood, then the new columns |
/// | JSON Lines | JSON Lines | the input's object as it stood, with the new members before its brace |
/// | access log | CSV | the columns of `accessLogColumns`, then the new ones |
/// | JSON Lines | CSV | all columns that Sojourn knows, then the new ones; other keys are left out |
/// | CSV, log | JSON Lines | what is known and not empty, a CSV file's other columns as texts, the new members |
///
/// A table is for people: times, visitors, pages and the end of session ids, cut to fit, and not to be
/// read back.
///
/// Columns of an input that is itself an earlier output are replaced. Every row ends in `\n`,
/// whatever the input's line ends were.
package struct EventWriter: ~Copyable {
    /// The columns of an access log as CSV.
    package static let accessLogColumns: [InputColumn] = [
        .timeMilliseconds, .visitor, .kind, .page, .device, .channel, .country, .referrer,
        .campaign, .value,
    ]

    /// The columns of JSON Lines as CSV.
    package static let allColumns: [InputColumn] = [
        .timeMilliseconds, .visitor, .kind, .page, .device, .channel, .country, .region, .referrer,
        .campaign, .campaignSource, .campaignMedium, .value, .eventID, .bot,
    ]

    private enum Row {
        /// The record and the new columns; those with these places in the record are left out.
        case extendedRecord(leavingOut: Set<Int>)
        case extendedObject
        case normalisedRecord([InputColumn])
        /// Members, and the CSV columns with these places and (quoted) names as texts.
        case normalisedObject(keptAside: [(place: Int, key: [UInt8])])
        case table
    }

    private let row: Row
    private let format: OutputFormat
    private var sink: OutputSink
    private var members: [JSONObjectScanner.Member] = []

    /// Writes the header, where the format has one.
    package init(
        to sink: consuming OutputSink, format: OutputFormat, layout: InputLayout
    ) throws(InputError) {
        self.format = format
        switch (format, layout.format) {
        case (.table, _): row = .table
        case (.csv, .csv):
            let own = SessionColumns.names
            let places = layout.columns.indices.filter { own.contains(layout.columns[$0]) }
            row = .extendedRecord(leavingOut: Set(places))
        case (.csv, .accessLog): row = .normalisedRecord(Self.accessLogColumns)
        case (.csv, _): row = .normalisedRecord(Self.allColumns)
        case (.jsonLines, .jsonLines): row = .extendedObject
        case (.jsonLines, _):
            row = .normalisedObject(keptAside: Self.keptAside(layout.columns))
        }
        self.sink = sink
        try writeHeader(layout)
    }

    /// False once whoever reads the output has gone: there is no use in writing more.
    package var isOpen: Bool { sink.isOpen }

    /// What memory holds; of a file, what has not been written yet.
    package var written: [UInt8] { sink.written }

    /// Writes one row.
    package mutating func write(
        _ event: borrowing InputEvent, _ session: SessionColumns
    ) throws(InputError) {
        switch row {
        case .extendedRecord(let leavingOut):
            try sink.append { output in
                CSVText.append(event.record, leavingOut: leavingOut, to: &output)
                CSVText.append(session, to: &output)
            }
        case .normalisedRecord(let columns):
            try sink.append { output in
                for (place, column) in columns.enumerated() {
                    if place > 0 { output.append(ASCII.comma) }
                    CSVText.append(column, of: event, to: &output)
                }
                CSVText.append(session, to: &output)
            }
        case .extendedObject:
            var members = self.members
            self.members = []
            try sink.append { output in
                JSONObject.append(extending: event.record, session, &members, to: &output)
            }
            self.members = members
        case .table:
            let line = TableText.row(event, session)
            try sink.append { output in output.append(line) }
        case .normalisedObject(let keptAside):
            try sink.append { output in
                JSONObject.append(event, session, keptAside: keptAside, to: &output)
            }
        }
    }

    /// Writes what has been gathered. Without it the end of the output may be missing.
    package mutating func finish() throws(InputError) {
        try sink.flush()
    }

    private mutating func writeHeader(_ layout: InputLayout) throws(InputError) {
        switch row {
        case .extendedRecord(let leavingOut):
            try sink.append { output in
                CSVText.append(layout.header.span, leavingOut: leavingOut, to: &output)
                for name in SessionColumns.names { output.append("," + name) }
                output.append(ASCII.newline)
            }
        case .normalisedRecord(let columns):
            let names = columns.map(\.name) + SessionColumns.names
            try sink.append { output in
                output.append(names.joined(separator: ",") + "\n")
            }
        case .table: try sink.append { output in output.append(TableText.header) }
        case .extendedObject, .normalisedObject: break
        }
    }

    private static func keptAside(_ columns: [String]) -> [(place: Int, key: [UInt8])] {
        var known = Set(SessionColumns.names)
        // An object has a key once, so the first of several columns of one name stands for them.
        known.formUnion(InputColumn.allCases.map(\.name))
        return columns.enumerated().compactMap { place, name in
            guard known.insert(name).inserted else { return nil }
            let bytes = Array(name.utf8)
            var key: [UInt8] = []
            JSONText.append(quoting: bytes.span, to: &key)
            return (place, key)
        }
    }
}
