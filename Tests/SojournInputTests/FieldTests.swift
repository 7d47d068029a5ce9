import SojournInput
import SojournModel
import Testing

/// What the texts of single columns mean, whatever the format.
@Suite struct FieldTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-03-02T09:30:00Z", 1_772_443_800_000),
            ("2026-03-02t09:30:00z", 1_772_443_800_000),
            ("2026-03-02 09:30:00", 1_772_443_800_000),
            ("2026-03-02T09:30Z", 1_772_443_800_000),
            ("2026-03-02T09:30:00.25Z", 1_772_443_800_250),
            ("2026-03-02T09:30:00.0019999Z", 1_772_443_800_001),
            ("2026-03-02T09:30:00+00:00", 1_772_443_800_000),
            ("2026-03-02T10:30:00+01:00", 1_772_443_800_000),
            ("2026-03-02T15:00:00+0530", 1_772_443_800_000),
            ("2026-03-02T01:30:00-08", 1_772_443_800_000),
            ("2026-03-01T23:30:00-10:00", 1_772_443_800_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)])
    func `an ISO 8601 time is read to the millisecond, and is UTC without an offset`(
        text: String, milliseconds: Int64
    ) throws {
        let found = try Found("time,visitor,kind\n\(text),ada,view\n")
        #expect(found.bad.map(\.description) == [])
        #expect(found.events.map(\.timeMilliseconds) == [milliseconds])
    }

    @Test(
        arguments: [
            ("2025-02-29T00:00:00Z", "names a day that is not in the calendar"),
            ("2100-02-29T00:00:00Z", "names a day that is not in the calendar"),
            ("2026-04-31T00:00:00Z", "names a day that is not in the calendar"),
            ("2026-00-10T00:00:00Z", "names a day that is not in the calendar"),
            ("2026-13-01T00:00:00Z", "names a day that is not in the calendar"),
            ("2026-01-00T00:00:00Z", "names a day that is not in the calendar"),
            ("0000-01-01T00:00:00Z", "names a day that is not in the calendar"),
            ("2026-01-01T24:00:00Z", "names a time of day outside 00:00:00 to 23:59:59"),
            ("2026-01-01T00:60:00Z", "names a time of day outside 00:00:00 to 23:59:59"),
            ("2026-12-31T23:59:60Z", "names a time of day outside 00:00:00 to 23:59:59"),
            ("2026-01-01T00:00:00+24:00", "has an offset from UTC beyond ±23:59"),
            ("2026-01-01T00:00:00+01:60", "has an offset from UTC beyond ±23:59"),
            ("0001-01-01T00:00:00Z", "lies before 1970"),
            ("1969-12-31T23:59:59.999Z", "lies before 1970"),
            ("1970-01-01T00:30:00+01:00", "lies before 1970"),
            ("2026-01-01", "is not a time such as 2026-03-02T09:30:00Z"),
            ("2026-1-1T00:00:00Z", "is not a time such as 2026-03-02T09:30:00Z"),
            ("2026-01-01T00:00:00.Z", "is not a time such as 2026-03-02T09:30:00Z"),
            ("2026-01-01T00:00:00Z ", "is not a time such as 2026-03-02T09:30:00Z"),
            ("2026-01-01T00:00:00+1", "is not a time such as 2026-03-02T09:30:00Z"),
            ("12026-01-01T00:00:00Z", "is not a time such as 2026-03-02T09:30:00Z"),
            ("yesterday", "is not a time such as 2026-03-02T09:30:00Z"),
        ])
    func `a time that is none is a bad line that says why`(text: String, problem: String) throws {
        let found = try Found("time,visitor,kind\n\(text),ada,view\n")
        #expect(found.events.isEmpty)
        #expect(found.bad.map(\.lineNumber) == [2])
        #expect(found.bad.map(\.description) == ["line 2: time \(problem): \"\(text)\""])
    }

    @Test func `every day of a leap cycle has its place`() throws {
        // Counting days one by one is the reference for the arithmetic.
        var text = "time,visitor,kind\n"
        var expected: [Int64] = []
        var day: Int64 = 0
        for year in 1970..<2401 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            for (month, length) in lengths.enumerated() {
                let monthText = month < 9 ? "0\(month + 1)" : "\(month + 1)"
                text += "\(year)-\(monthText)-01T00:00:00Z,ada,view\n"
                text += "\(year)-\(monthText)-\(length)T00:00:00Z,ada,view\n"
                expected.append(day * 86_400_000)
                expected.append((day + Int64(length) - 1) * 86_400_000)
                day += Int64(length)
            }
        }
        #expect(try Found(text).events.map(\.timeMilliseconds) == expected)
    }

    @Test(
        arguments: [
            ("0", 0), ("1704368738000", 1_704_368_738_000),
            ("281474976710655", 281_474_976_710_655), ("007", 7),
        ] as [(String, Int64)])
    func `time_ms is a whole number of milliseconds`(text: String, milliseconds: Int64) throws {
        let found = try Found("time_ms,visitor,kind\n\(text),ada,view\n")
        #expect(found.events.map(\.timeMilliseconds) == [milliseconds])
    }

    @Test(
        arguments: [
            ("-1", "lies before 1970"),
            ("281474976710656", "lies after the year 10889"),
            ("9223372036854775808", "is not a whole number of milliseconds since 1970"),
            ("99999999999999999999999", "is not a whole number of milliseconds since 1970"),
            ("1704368738.5", "is not a whole number of milliseconds since 1970"),
            ("1e12", "is not a whole number of milliseconds since 1970"),
            (" 5", "is not a whole number of milliseconds since 1970"),
            ("-", "is not a whole number of milliseconds since 1970"),
            ("+5", "is not a whole number of milliseconds since 1970"),
        ])
    func `a time_ms that is none is a bad line`(text: String, problem: String) throws {
        let found = try Found("time_ms,visitor,kind\n\(text),ada,view\n")
        #expect(found.bad.map(\.description) == ["line 2: time_ms \(problem): \"\(text)\""])
    }

    @Test func `time stands in where time_ms is empty, and both empty is a bad line`() throws {
        let found = try Found(
            "time,time_ms,visitor,kind\n1970-01-01T00:00:01Z,,a,view\nx,2000,a,view\n,,a,view\n")
        #expect(found.events.map(\.timeMilliseconds) == [1000, 2000])
        #expect(
            found.bad.map(\.description)
                == ["line 4: time_ms is empty, and so is \"time\": \",,a,view\""])
    }

    @Test(
        arguments: [
            ("", nil), ("0", 0), ("12.50", 12_500_000), ("12.5", 12_500_000), ("3", 3_000_000),
            (".25", 250_000), ("7.", 7_000_000), ("-1.000001", -1_000_001), ("+2", 2_000_000),
            ("0.0000010", 1), ("9223372036854.775807", Int64.max),
            ("-9223372036854.775808", Int64.min), ("000000000000000000001.5", 1_500_000),
        ] as [(String, Int64?)])
    func `a value is read exactly into micro-units`(text: String, value: Int64?) throws {
        let found = try Found("time_ms,visitor,kind,value\n1,ada,conversion,\(text)\n")
        #expect(found.bad.map(\.description) == [])
        #expect(found.events.map(\.value) == [value])
    }

    @Test(
        arguments: [
            ("9223372036854.775808", "is beyond ±9223372036854.775807"),
            ("-9223372036854.775809", "is beyond ±9223372036854.775807"),
            ("99999999999999999999999999", "is beyond ±9223372036854.775807"),
            ("0.0000001", "has more than six decimals"),
            ("1.2.3", "is not a decimal number such as 12.50"),
            ("12 EUR", "is not a decimal number such as 12.50"),
            ("1e3", "is not a decimal number such as 12.50"),
            (".", "is not a decimal number such as 12.50"),
            ("-", "is not a decimal number such as 12.50"),
            ("nan", "is not a decimal number such as 12.50"),
            ("0x10", "is not a decimal number such as 12.50"),
        ])
    func `a value that cannot be exact is a bad line`(text: String, problem: String) throws {
        let found = try Found("time_ms,visitor,kind,value\n1,ada,conversion,\(text)\n")
        #expect(found.bad.map(\.description) == ["line 2: value \(problem): \"\(text)\""])
    }

    @Test(
        arguments: [
            ("", nil), ("0", nil), ("1", 1), ("18446744073709551615", UInt64.max),
            ("0xff", 255), ("0XFFFFFFFFFFFFFFFF", UInt64.max),
        ] as [(String, UInt64?)])
    func `an event id is a number of 64 bits, and zero is none`(text: String, id: UInt64?) throws {
        let found = try Found("time_ms,visitor,kind,event_id\n1,ada,view,\(text)\n")
        #expect(found.events.map(\.eventID) == [id])
    }

    @Test(arguments: ["18446744073709551616", "-1", "0x", "0xg", "0x11111111111111111", "abc"])
    func `an event id that is no such number is a bad line`(text: String) throws {
        let found = try Found("time_ms,visitor,kind,event_id\n1,ada,view,\(text)\n")
        #expect(found.bad.map(\.column) == ["event_id"])
    }

    @Test(arguments: EventKind.allCases)
    func `a kind is read by its name`(kind: EventKind) throws {
        let found = try Found("time_ms,visitor,kind\n1,ada,\(kind.name)\n")
        #expect(found.events.map(\.kind) == [kind])
    }

    @Test(arguments: [
        ("click", "kind is not one of view, action, conversion, heartbeat, start, end: \"click\""),
        ("View", "kind is not one of view, action, conversion, heartbeat, start, end: \"View\""),
        ("", "kind is empty"),
    ])
    func `an unknown kind is a bad line that lists the known ones`(
        text: String, problem: String
    ) throws {
        let found = try Found("time_ms,visitor,kind\n1,ada,\(text)\n")
        #expect(found.bad.map(\.description) == ["line 2: \(problem)"])
    }

    @Test(
        arguments: [
            ("true", "", true), ("1", "", true), ("yes", "", true), ("false", "", false),
            ("0", "", false), ("no", "", false), ("", "", false), ("", "bot", true),
            ("", "mobile", false), ("false", "bot", false),
        ])
    func `the bot column marks robots, and without it the device does`(
        bot: String, device: String, isKnownBot: Bool
    ) throws {
        let found = try Found("time_ms,visitor,kind,bot,device\n1,ada,view,\(bot),\(device)\n")
        #expect(found.events.map(\.isKnownBot) == [isKnownBot])
    }

    @Test func `a visitor is never empty and a text never longer than the protocol takes`() throws {
        let page = String(repeating: "p", count: Limits.textBytesMax)
        let found = try Found(
            "time_ms,visitor,kind,page\n1,,view,/\n2,ada,view,\(page)\n3,ada,view,\(page)x\n")
        #expect(found.events.map(\.page) == [page])
        #expect(
            found.bad.map(\.description) == [
                "line 2: visitor is empty",
                "line 4: page has 2049 bytes; at most 2048 are allowed: \""
                    + String(repeating: "p", count: 60) + "…\"",
            ])
    }

    @Test func `a long visitor becomes a key that fits and differs from its neighbours`() throws {
        let long = String(repeating: "v", count: 200)
        let found = try Found(
            "time_ms,visitor,kind\n1,\(long)a,view\n2,\(long)b,view\n3,ada,view\n")
        let keys = found.events.map { event in
            String(decoding: VisitorKey.bytes(for: event.bytes(of: .visitor)), as: UTF8.self)
        }
        #expect(keys.map(\.utf8.count) == [128, 128, 3])
        #expect(keys[0] != keys[1])
        #expect(keys[0].hasPrefix(String(repeating: "v", count: 95) + "~"))
        #expect(keys[2] == "ada")
    }
}
