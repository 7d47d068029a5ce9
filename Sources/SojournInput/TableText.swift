import SojournModel

/// Rows for people: what is too long is cut, and nothing in them can move the cursor.
package enum TableText {
    private static let visitorWidth = 20
    private static let kindWidth = 10
    private static let pageWidth = 40
    private static let sessionWidth = 12
    private static let outcomeWidth = 10

    static let header = row([
        ("time (UTC)", 19), ("visitor", visitorWidth), ("visit", 5), ("session", sessionWidth),
        ("event", 5), ("outcome", outcomeWidth), ("kind", kindWidth), ("page", pageWidth),
    ])

    package static func row(_ event: borrowing InputEvent, _ session: SessionColumns) -> String {
        row([
            (time(event.timeMilliseconds), 19),
            (event.text(of: .visitor), visitorWidth),
            (session.visitorSession.map { "\($0)" } ?? "-", 5),
            // The end of an id tells sessions apart; its beginning is the time.
            (session.session.map { String($0.suffix(sessionWidth)) } ?? "-", sessionWidth),
            (session.position.map { "\($0)" } ?? "-", 5),
            (session.outcome, outcomeWidth),
            (event.kind.name, kindWidth),
            (event.page, pageWidth),
        ])
    }

    private static func row(_ cells: [(text: String, width: Int)]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let shown = shown(cell.text, width: cell.width)
            line += shown
            if index < cells.count - 1 {
                line += String(repeating: " ", count: cell.width - shown.count + 2)
            }
        }
        return line + "\n"
    }

    private static func shown(_ text: String, width: Int) -> String {
        let safe = String(
            text.map { $0.isNewline || $0.unicodeScalars.contains(where: isControl) ? "?" : $0 })
        return safe.count <= width ? safe : safe.prefix(width - 1) + "~"
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control
            || scalar.properties.generalCategory == .format
    }

    /// `2026-03-02 01:02:16`
    package static func time(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1_000
        // Days are counted from 0000-03-01, so that a leap day ends a year.
        let day = seconds / 86_400 + 719_468
        let era = day / 146_097
        let dayOfEra = day % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1
        let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
        return "\(year)-\(two(month >= 10 ? month - 9 : month + 3))-\(two(dayOfMonth)) "
            + "\(two(seconds / 3_600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
