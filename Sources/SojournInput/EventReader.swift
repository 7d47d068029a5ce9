/// Reads the events of a file, one after the other.
///
///     var reader = try EventReader(path: "shop.csv")
///     while let record = try reader.next() {
///         switch record {
///         case .event(let event): ...
///         case .bad(let line): print(line)
///         }
///     }
///
/// Memory is bounded by the limits, not by the file. Blank lines are passed over.
package struct EventReader: ~Copyable {
    private enum Decoder {
        case csv(CSVReader)
        case jsonLines(JSONLinesReader)
        case accessLog

        /// The event in a line of a format whose records are lines.
        mutating func decode(_ line: Span<UInt8>, lineNumber: Int) -> InputRecord {
            do throws(FieldProblem) {
                switch self {
                case .csv: preconditionFailure("CSV is read by record, not by line")
                case .jsonLines(var reader):
                    // Taken out while it changes, so that its arrays are not copied.
                    self = .accessLog
                    defer { self = .jsonLines(reader) }
                    return .event(try reader.decode(line, lineNumber: lineNumber))
                case .accessLog:
                    return .event(try AccessLog.decode(line, lineNumber: lineNumber))
                }
            } catch {
                return .bad(BadLine(error, lineNumber: lineNumber))
            }
        }
    }

    private var buffer: LineBuffer
    private var decoder: Decoder
    private let limits: ReaderLimits

    /// What is known before the first event: the format and a CSV file's header.
    package let layout: InputLayout

    /// Opens a file (`-` is standard input), and reads as far as its format and header.
    package init(
        path: String, format: InputFormat = .auto, limits: ReaderLimits = ReaderLimits()
    ) throws(InputError) {
        try self.init(InputSource(path: path), format, limits)
    }

    /// Reads from memory, under a name for messages.
    package init(
        bytes: [UInt8], name: String = "the input", format: InputFormat = .auto,
        limits: ReaderLimits = ReaderLimits()
    ) throws(InputError) {
        try self.init(InputSource(bytes: bytes, name: name), format, limits)
    }

    private init(
        _ source: consuming InputSource, _ format: InputFormat, _ limits: ReaderLimits
    ) throws(InputError) {
        var buffer = LineBuffer(source: source, chunkBytes: limits.chunkBytes)
        try buffer.skipByteOrderMark()
        var format = format
        if format == .auto {
            var count = 0
            while let line = try buffer.findLine(bytesMax: limits.recordBytesMax) {
                count = line.count
                let isBlank = buffer.pending.extracting(first: count).trimmingBlanks().isEmpty
                if !isBlank || line.isTooLong { break }
                buffer.consume(line.consumed, lines: 1)
                count = 0
            }
            format = try .recognise(
                firstLine: buffer.pending.extracting(first: count), path: buffer.name)
        }
        switch format {
        case .auto: preconditionFailure("the format has been recognised above")
        case .csv:
            let reader = try CSVReader(&buffer, limits: limits)
            layout = InputLayout(format: .csv, columns: reader.names, header: reader.header)
            decoder = .csv(reader)
        case .jsonLines:
            layout = InputLayout(format: .jsonLines)
            decoder = .jsonLines(JSONLinesReader())
        case .accessLog:
            layout = InputLayout(format: .accessLog)
            decoder = .accessLog
        }
        self.buffer = buffer
        self.limits = limits
    }

    /// How messages call the input.
    package var name: String { buffer.name }
    /// Bytes used so far, and in all where that is known: what a progress bar shows.
    package var consumedBytes: Int { buffer.consumedBytes }
    package var totalBytes: Int? { buffer.totalBytes }

    /// The columns or keys that Sojourn has no use for. Of a CSV file they are known from the start,
    /// of JSON Lines as they are met; an access log has none.
    package var keptAside: [String] {
        switch decoder {
        case .csv(let reader): reader.keptAside
        case .jsonLines(let reader): reader.keptAside
        case .accessLog: []
        }
    }

    /// The one warning about `keptAside`, or nil where there is nothing to warn of.
    package var warning: String? {
        let names = keptAside
        guard !names.isEmpty else { return nil }
        let kind = layout.format == .csv ? "columns" : "keys"
        return "\(name): \(kind) that Sojourn has no use for are kept aside: "
            + names.joined(separator: ", ")
    }

    /// The next event or bad line; nil at the end of the input.
    package mutating func next() throws(InputError) -> InputRecord? {
        if case .csv = decoder { return try nextOfCSV() }
        while let line = try buffer.findLine(bytesMax: limits.recordBytesMax) {
            let lineNumber = buffer.lineNumber
            if line.isTooLong {
                let excerpt = try buffer.lineExcerpt()
                try buffer.skipLine()
                return .bad(
                    BadLine(
                        lineNumber: lineNumber,
                        problem: "the line is longer than \(limits.recordBytesMax) bytes",
                        excerpt: excerpt))
            }
            if buffer.pending.extracting(first: line.count).trimmingBlanks().isEmpty {
                buffer.consume(line.consumed, lines: 1)
                continue
            }
            let record = decoder.decode(
                buffer.pending.extracting(first: line.count), lineNumber: lineNumber)
            buffer.consume(line.consumed, lines: 1)
            return record
        }
        return nil
    }

    private mutating func nextOfCSV() throws(InputError) -> InputRecord? {
        guard case .csv(var reader) = decoder else { return nil }
        // Taken out while it changes, so that its arrays are not copied.
        decoder = .accessLog
        defer { decoder = .csv(reader) }
        return try reader.next(&buffer, limits: limits)
    }
}
