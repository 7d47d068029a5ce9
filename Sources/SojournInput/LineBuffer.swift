/// The window on the input that has been read and not yet used.
///
/// It grows to one record's limit and a chunk and no further, so that memory is bounded whatever is
/// in the file:
///
///     bytes   [ used ......|start.. pending ..end|...... free ]
struct LineBuffer: ~Copyable {
    private var source: InputSource
    private var bytes: [UInt8]
    private var start = 0
    private var end = 0
    private let chunkBytes: Int
    /// How many pending bytes are known to hold no newline.
    private var searched = 0

    /// Nothing more will come behind the pending bytes.
    private(set) var isAtEnd = false
    /// The number of the line that the pending bytes begin with, from 1.
    private(set) var lineNumber = 1
    /// Bytes used so far.
    private(set) var consumedBytes = 0

    init(source: consuming InputSource, chunkBytes: Int) {
        self.source = source
        self.chunkBytes = chunkBytes
        bytes = [UInt8](repeating: 0, count: 2 * chunkBytes)
    }

    var name: String { source.name }
    var totalBytes: Int? { source.totalBytes }

    var pending: Span<UInt8> {
        @_lifetime(borrow self) get { bytes.span.extracting(start..<end) }
    }

    /// Reads one more chunk behind the pending bytes, or finds that there is none.
    mutating func fill() throws(InputError) {
        if end + chunkBytes > bytes.count {
            let count = end - start
            for index in 0..<count { bytes[index] = bytes[start + index] }
            start = 0
            end = count
            if end + chunkBytes > bytes.count {
                let wanted = max(end + chunkBytes, 2 * bytes.count)
                bytes.append(contentsOf: repeatElement(0, count: wanted - bytes.count))
            }
        }
        let got = try source.read(chunkBytes, into: &bytes, at: end)
        end += got
        if got == 0 { isAtEnd = true }
    }

    /// Steps over bytes that hold this many line ends.
    mutating func consume(_ count: Int, lines: Int) {
        precondition(count <= end - start)
        start += count
        consumedBytes += count
        lineNumber += lines
        searched = 0
    }

    /// Steps over a byte order mark at the beginning of the file.
    mutating func skipByteOrderMark() throws(InputError) {
        while end - start < 3, !isAtEnd { try fill() }
        if pending.starts(with: [0xEF, 0xBB, 0xBF]) { consume(3, lines: 0) }
    }

    /// A line among the pending bytes.
    struct Line {
        /// Bytes without the line end.
        var count: Int
        /// Bytes with it.
        var consumed: Int
        /// Longer than the limit: `count` is the limit, and the line's end may not have been read
        /// yet, so step over it with `skipLine`.
        var isTooLong: Bool

        init(count: Int, consumed: Int, bytesMax: Int) {
            self.count = min(count, bytesMax)
            self.consumed = consumed
            isTooLong = count > bytesMax
        }
    }

    /// Finds the end of the next line, reading as far as it takes; nil at the end of the input.
    mutating func findLine(bytesMax: Int) throws(InputError) -> Line? {
        while true {
            if let newline = pending.firstIndex(of: ASCII.newline, from: searched) {
                searched = newline
                let count = contentCount(before: newline)
                return Line(count: count, consumed: newline + 1, bytesMax: bytesMax)
            }
            searched = end - start
            // The last of these bytes may be the return of a line end, hence one more.
            if searched > bytesMax + 1 {
                return Line(count: searched, consumed: searched, bytesMax: bytesMax)
            }
            if isAtEnd {
                if searched == 0 { return nil }
                let count = contentCount(before: searched)
                return Line(count: count, consumed: searched, bytesMax: bytesMax)
            }
            try fill()
        }
    }

    /// Steps over the rest of the present line, however long it is.
    mutating func skipLine() throws(InputError) {
        while true {
            if let newline = pending.firstIndex(of: ASCII.newline) {
                consume(newline + 1, lines: 1)
                return
            }
            consume(end - start, lines: 0)
            if isAtEnd { return }
            try fill()
        }
    }

    /// The beginning of the present line, as a person should see it.
    mutating func lineExcerpt() throws(InputError) -> String {
        // One byte more than an excerpt shows tells whether it was cut; a return may be a line end's.
        while end - start <= Span<UInt8>.excerptBytesMax + 1, !isAtEnd,
            pending.firstIndex(of: ASCII.newline) == nil
        {
            try fill()
        }
        let lineEnd = pending.firstIndex(of: ASCII.newline) ?? end - start
        return pending.extracting(first: contentCount(before: lineEnd)).excerpt
    }

    private func contentCount(before newline: Int) -> Int {
        newline > 0 && pending[newline - 1] == ASCII.carriageReturn ? newline - 1 : newline
    }
}
