import Foundation
import Synchronization

/// Standard error, as messages and a progress bar share it. Safe from any thread.
final class Console: Sendable {
    static let standardError = Console()

    /// A person is looking.
    let isTerminal = isatty(STDERR_FILENO) == 1
    /// What the last line shows that has no line end: the progress bar.
    private let progress = Mutex("")

    /// Writes a line, above the progress bar. What a terminal would obey is shown instead.
    func say(_ line: String) {
        progress.withLock { progress in
            let clear = progress.isEmpty ? "" : "\r\u{1B}[K"
            Self.write(clear + line.printable + "\n" + progress)
        }
    }

    /// Replaces the progress bar; an empty text takes it away. Does nothing but on a terminal.
    func show(progress text: String) {
        guard isTerminal else { return }
        progress.withLock { progress in
            if progress == text { return }
            progress = text
            Self.write("\r\u{1B}[K" + text)
        }
    }

    private static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}

extension String {
    /// Without anything that a terminal would obey, or that would make a text look like another:
    /// control characters and those that change the direction of writing are written as `\u{1b}`.
    var printable: String {
        let isHarmless = unicodeScalars.allSatisfy { !$0.isTreacherous }
        if isHarmless { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.isTreacherous {
                text += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    fileprivate var isTreacherous: Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F: true
        // Line and paragraph separators, and what changes the direction of writing.
        case 0x2028...0x202E, 0x2066...0x2069, 0x200E, 0x200F, 0x061C: true
        default: false
        }
    }
}
