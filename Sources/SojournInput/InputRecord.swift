/// What a reader finds next.
package enum InputRecord: Sendable, Equatable {
    case event(InputEvent)
    /// A line that is no event. Reading goes on behind it; whether that is good enough is for the
    /// caller to say.
    case bad(BadLine)
}

/// A line that could not be read as an event.
package struct BadLine: Sendable, Equatable, CustomStringConvertible {
    /// The line on which the record begins, from 1.
    package var lineNumber: Int
    /// The column that is wrong, where one is to blame.
    package var column: String?
    /// What is wrong, as the end of a sentence that the column begins.
    package var problem: String
    /// The text that is wrong, or the beginning of the line: at most 60 bytes, on one line.
    package var excerpt: String

    /// `line 12: time_ms is not a whole number of milliseconds since 1970: "yesterday"`
    package var description: String {
        "line \(lineNumber): " + (column.map { $0 + " " } ?? "") + problem
            + (excerpt.isEmpty ? "" : ": \"\(excerpt)\"")
    }

    init(lineNumber: Int, column: String? = nil, problem: String, excerpt: String) {
        self.lineNumber = lineNumber
        self.column = column
        self.problem = problem
        self.excerpt = excerpt
    }

    init(_ problem: FieldProblem, lineNumber: Int) {
        self.init(
            lineNumber: lineNumber, column: problem.column, problem: problem.problem,
            excerpt: problem.excerpt)
    }
}

/// How much a reader takes at once.
package struct ReaderLimits: Sendable {
    /// Bytes of one record; a longer one is a bad line.
    package var recordBytesMax: Int
    /// Bytes asked of the system in one read.
    package var chunkBytes: Int

    package init(recordBytesMax: Int = 1 << 20, chunkBytes: Int = 1 << 20) {
        precondition(recordBytesMax > 0)
        precondition(recordBytesMax < 1 << 30)
        precondition(chunkBytes > 0)
        self.recordBytesMax = recordBytesMax
        self.chunkBytes = chunkBytes
    }
}
