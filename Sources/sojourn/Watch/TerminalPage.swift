import Foundation

/// Lines at the end of a terminal, which the next ones replace.
struct TerminalPage {
    /// Lines that the cursor stands below.
    private var drawn = 0

    /// Standard output is a terminal that can move its cursor.
    static var isThere: Bool {
        let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return isatty(STDOUT_FILENO) == 1 && !["", "dumb"].contains(terminal)
    }

    /// What to write to have these lines in the place of those before; what does not fit the terminal is
    /// left out, since a line that wraps or scrolls could not be replaced.
    mutating func replacing(with lines: [String]) -> String {
        let size = Self.size
        return replacing(with: lines, rows: size.rows, columns: size.columns)
    }

    mutating func replacing(with lines: [String], rows: Int, columns: Int) -> String {
        // One row is the cursor's.
        let shown = lines.prefix(max(1, rows - 1)).map { $0.prefix(columns) }
        var text = drawn > 0 ? "\r\u{1B}[\(min(drawn, max(1, rows - 1)))A" : ""
        for line in shown { text += line + "\u{1B}[K\n" }
        drawn = shown.count
        return text + "\u{1B}[J"
    }

    private static var size: (rows: Int, columns: Int) {
        var size = winsize()
        // Safe: filled in when the call says so.
        let isKnown = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0
        guard isKnown, size.ws_row > 0, size.ws_col > 0 else { return (24, 80) }
        return (Int(size.ws_row), Int(size.ws_col))
    }
}
