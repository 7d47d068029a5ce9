/// A day of the calendar.
struct CivilDate: Equatable, Comparable {
    static let millisecondsPerDay: Int64 = 86_400_000

    /// Days since 1970-01-01.
    var day: Int

    init(day: Int) { self.day = day }

    /// The day of a reading of a local clock, in milliseconds as if it were UTC.
    init(localMilliseconds: Int64) {
        let day = Self.millisecondsPerDay
        self.day = Int(
            localMilliseconds >= 0 ? localMilliseconds / day : (localMilliseconds - day + 1) / day)
    }

    /// Reads `2026-03-09`; nil for anything else, and for days that there are not.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
            parts[2].utf8.count == 2, let year = Int(parts[0]), let month = Int(parts[1]),
            let dayOfMonth = Int(parts[2]), year >= 1970, (1...12).contains(month), dayOfMonth >= 1
        else { return nil }
        day = Self.day(year, month, dayOfMonth)
        guard description == text else { return nil }
    }

    /// Midnight, in milliseconds as if it were UTC.
    var localMilliseconds: Int64 { Int64(day) * Self.millisecondsPerDay }

    /// Proleptic Gregorian; years begin in March, so that the day that not every year has is the last.
    private static func day(_ year: Int, _ month: Int, _ dayOfMonth: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + dayOfMonth - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    var parts: (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        )
    }

    static func < (left: CivilDate, right: CivilDate) -> Bool { left.day < right.day }

    static func + (date: CivilDate, days: Int) -> CivilDate { CivilDate(day: date.day + days) }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    /// `9 Mar`
    var short: String { "\(parts.day) \(Self.months[parts.month - 1])" }

    /// `9 Mar 2026`
    var long: String { "\(short) \(parts.year)" }

    /// `Mon`
    var weekday: String { Self.weekdays[((day % 7) + 7) % 7] }
}

extension CivilDate: CustomStringConvertible {
    /// `2026-03-09`
    var description: String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = "\(number)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(parts.year, 4))-\(padded(parts.month, 2))-\(padded(parts.day, 2))"
    }
}
