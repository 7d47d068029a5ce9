import SojournModel
import Testing

@testable import sojourn

@Suite struct TextTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-1_000, "-1,000"),
    ]) func `counts have commas`(number: Int, text: String) {
        #expect(HumanText.count(number) == text)
    }

    @Test(arguments: [
        (0, "0 ms"), (999, "999 ms"), (1_000, "1.0 s"), (59_999, "59.9 s"), (60_000, "1m 00s"),
        (3_599_000, "59m 59s"), (3_600_000, "1h 00m"), (86_400_000, "1d 00h"),
        (90_000_000, "1d 01h"),
    ]) func `durations are short`(milliseconds: Int64, text: String) {
        #expect(HumanText.duration(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [(0.0, "0.00"), (3.14159, "3.14"), (2.999, "3.00"), (1_234.5, "1,234.50")])
    func `decimals have two places`(number: Double, text: String) {
        #expect(HumanText.decimal(number) == text)
    }

    @Test(arguments: [
        ("plain ünïcode 日本", "plain ünïcode 日本"), ("\u{1B}[31m", "\\u{1b}[31m"),
        ("a\nb", "a\\u{a}b"), ("\u{9B}", "\\u{9b}"), ("\u{202E}gpj.exe", "\\u{202e}gpj.exe"),
    ]) func `what a terminal would obey is written out`(text: String, shown: String) {
        #expect(text.printable == shown)
    }

    @Test func `a chain of revisions leads to the last session`() {
        var ledger = SessionLedger()
        let rows = (0..<4).map { number in
            ledger.row(
                of: SessionRow(
                    id: Self.id(number), start: 0, ordinal: UInt32(number + 1),
                    state: SessionState(boundary: .first)))
        }
        for (index, row) in rows.enumerated() {
            ledger.count(eventAt: Int64(index * 10), inRow: row)
        }
        ledger.apply(Self.revision(from: 3, into: 2))
        ledger.apply(Self.revision(from: 2, into: 1))
        ledger.apply(Self.revision(from: 1, into: 0))
        #expect(ledger.survivors() == [0, 0, 0, 0])
        #expect(ledger.durations() == [30])
        #expect(ledger.revisions == 3)
    }

    @Test func `a revision of a session that was never seen is harmless`() {
        var ledger = SessionLedger()
        ledger.apply(Self.revision(from: 8, into: 9))
        #expect(ledger.durations() == [])
    }

    private static func id(_ number: Int) -> SessionID {
        SessionID(milliseconds: 0, a: 0, b: UInt64(number))
    }

    private static func revision(from: Int, into: Int) -> Revision {
        Revision(number: 1, from: id(from), into: id(into), cause: .bridge, partition: 0)
    }
}
