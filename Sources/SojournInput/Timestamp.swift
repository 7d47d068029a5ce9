/// Why a text is not a time.
enum TimestampProblem: Error, CustomStringConvertible {
    case form
    case noSuchDay
    case noSuchTime
    case noSuchOffset

    var description: String {
        switch self {
        case .form: "is not a time such as 2026-03-02T09:30:00Z"
        case .noSuchDay: "names a day that is not in the calendar"
        case .noSuchTime: "names a time of day outside 00:00:00 to 23:59:59"
        case .noSuchOffset: "has an offset from UTC beyond ±23:59"
        }
    }
}

/// Times as text, read into milliseconds since the epoch.
///
/// No time zone database and no locale: the text carries its offset, and a time without one is UTC.
enum Timestamp {
    /// `2026-03-02T09:30:00.250+01:00` and its shorter forms: a space or `t` for the `T`, seconds
    /// and their fraction optional (beyond a millisecond it is cut, not rounded), `Z`, `+01`,
    /// `+0100` or `+01:00` for the offset. **Without an offset the time is UTC.** Years are 0001 to
    /// 9999. A leap second (`:60`) is refused: the epoch's clock has no place for it.
    static func milliseconds(iso8601 text: Span<UInt8>) throws(TimestampProblem) -> Int64 {
        var cursor = Cursor(text: text)
        let year = try cursor.number(digits: 4)
        try cursor.expect(UInt8(ascii: "-"))
        let month = try cursor.number(digits: 2)
        try cursor.expect(UInt8(ascii: "-"))
        let day = try cursor.number(digits: 2)
        guard cursor.skip("T") || cursor.skip("t") || cursor.skip(" ") else { throw .form }
        let hour = try cursor.number(digits: 2)
        try cursor.expect(UInt8(ascii: ":"))
        let minute = try cursor.number(digits: 2)
        var second: Int64 = 0
        var millisecond: Int64 = 0
        if cursor.skip(":") {
            second = try cursor.number(digits: 2)
            if cursor.skip(".") || cursor.skip(",") { millisecond = try cursor.fraction() }
        }
        let offsetMinutes = try cursor.offset()
        guard cursor.isAtEnd else { throw .form }
        return try assemble(year, month, day, hour, minute, second, millisecond, offsetMinutes)
    }

    /// `17/May/2015:10:05:03 +0000`, as web servers write it.
    static func milliseconds(accessLog text: Span<UInt8>) throws(TimestampProblem) -> Int64 {
        var cursor = Cursor(text: text)
        let day = try cursor.number(digits: 2)
        try cursor.expect(UInt8(ascii: "/"))
        let month = try cursor.monthName()
        try cursor.expect(UInt8(ascii: "/"))
        let year = try cursor.number(digits: 4)
        try cursor.expect(UInt8(ascii: ":"))
        let hour = try cursor.number(digits: 2)
        try cursor.expect(UInt8(ascii: ":"))
        let minute = try cursor.number(digits: 2)
        try cursor.expect(UInt8(ascii: ":"))
        let second = try cursor.number(digits: 2)
        try cursor.expect(ASCII.space)
        let offsetMinutes = try cursor.offset()
        guard cursor.isAtEnd else { throw .form }
        return try assemble(year, month, day, hour, minute, second, 0, offsetMinutes)
    }

    /// Days from 1970-01-01 to a day of the Gregorian calendar, also before its time.
    ///
    /// The year is taken to begin in March, so that the leap day is its last and the months have
    /// the lengths of the five-month pattern 31 30 31 30 31, which `(153 m + 2) / 5` adds up.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let marchMonth = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func daysInMonth(year: Int64, month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func assemble(
        _ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64, _ minute: Int64,
        _ second: Int64, _ millisecond: Int64, _ offsetMinutes: Int64
    ) throws(TimestampProblem) -> Int64 {
        guard year >= 1, month >= 1, month <= 12, day >= 1,
            day <= daysInMonth(year: year, month: month)
        else { throw .noSuchDay }
        guard hour < 24, minute < 60, second < 60 else { throw .noSuchTime }
        let minutes = (days(year: year, month: month, day: day) * 24 + hour) * 60 + minute
        return ((minutes - offsetMinutes) * 60 + second) * 1000 + millisecond
    }
}

/// Walks over the text of a time.
private struct Cursor: ~Escapable {
    let text: Span<UInt8>
    var index = 0

    @_lifetime(copy text)
    init(text: Span<UInt8>) { self.text = text }

    var isAtEnd: Bool { index == text.count }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard index < text.count, text[index] == UInt8(ascii: scalar) else { return false }
        index += 1
        return true
    }

    mutating func expect(_ byte: UInt8) throws(TimestampProblem) {
        guard index < text.count, text[index] == byte else { throw .form }
        index += 1
    }

    mutating func number(digits: Int) throws(TimestampProblem) -> Int64 {
        guard index + digits <= text.count else { throw .form }
        var number: Int64 = 0
        for _ in 0..<digits {
            guard ASCII.isDigit(text[index]) else { throw .form }
            number = number &* 10 &+ Int64(text[index] &- ASCII.zero)
            index += 1
        }
        return number
    }

    /// The first three digits of a fraction, as milliseconds.
    mutating func fraction() throws(TimestampProblem) -> Int64 {
        var milliseconds: Int64 = 0
        var digits = 0
        while index < text.count, ASCII.isDigit(text[index]) {
            if digits < 3 { milliseconds = milliseconds * 10 + Int64(text[index] - ASCII.zero) }
            digits += 1
            index += 1
        }
        if digits == 0 { throw .form }
        for _ in min(digits, 3)..<3 { milliseconds *= 10 }
        return milliseconds
    }

    /// Minutes that the text's clock is ahead of UTC; zero where it does not say.
    mutating func offset() throws(TimestampProblem) -> Int64 {
        if isAtEnd || skip("Z") || skip("z") { return 0 }
        let isAhead = skip("+")
        guard isAhead || skip("-") else { throw .form }
        let hours = try number(digits: 2)
        let minutes = skip(":") || !isAtEnd ? try number(digits: 2) : 0
        guard hours < 24, minutes < 60 else { throw .noSuchOffset }
        return isAhead ? hours * 60 + minutes : -(hours * 60 + minutes)
    }

    mutating func monthName() throws(TimestampProblem) -> Int64 {
        guard index + 3 <= text.count else { throw .form }
        let name = text.extracting(index..<(index + 3))
        for (position, month) in Self.months.enumerated() where name.equals(month) {
            index += 3
            return Int64(position) + 1
        }
        throw .form
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ].map { Array($0.utf8) }
}
