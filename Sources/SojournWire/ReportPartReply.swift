package import SojournModel

/// The body of a reply to a part of a REPORT (sojourn-1, "Parts of reports").
///
///      0 | groups            | 4 |
///      4 | columns           | 2 |
///      6 | reserved          | 2 |
///      8 | clock             | 8 |
///     16 | start             | 8 |
///     24 | end               | 8 |
///     32 | live sessions     | 8 |
///     40 | automated         | 8 |
///     48 | time zone         | 4 |
///     52 | rows              | 4 |
///     56 | directory         |   |
package enum ReportPartReply {
    /// Times that a reply may have, of all groups: so many that no server could have come to them in time.
    fileprivate static let timesMax = 1 << 26

    /// Writes the whole frame, which may be larger than any message may be.
    package static func encode(
        _ part: ReportPart, header: MessageHeader, into writer: inout ByteWriter
    ) {
        var texts = ByteTable()
        let zone = texts.reference(part.timeZone)
        var groups = ByteWriter()
        for group in part.groups { groups.append(group, &texts) }
        let days = part.days == .utc ? [] : part.days.records
        writer.beginFrame()
        writer.append(UInt32(part.groups.count))
        writer.append(days.isEmpty ? 2 : 3 as UInt32)
        writer.append(part.clock ?? .min)
        writer.append(part.start ?? .min)
        writer.append(part.end ?? .max)
        writer.append(UInt64(part.liveSessions))
        writer.append(UInt64(part.automatedSessions))
        writer.append(zone)
        writer.append(UInt32(part.rowsDefault))
        var cursor = writer.beginDirectory(columns: days.isEmpty ? 2 : 3)
        texts.write(.texts, to: &writer, &cursor)
        writer.appendColumn(.groups, bytes: groups.bytes, &cursor)
        if !days.isEmpty {
            var at = writer.beginColumn(
                .days, width: 0, parameter: DayRecord.byteCount, count: days.count,
                length: days.count * DayRecord.byteCount, &cursor)
            for day in days {
                writer.set(day.start, at: at)
                writer.set(day.offset, at: at + 8)
                at += DayRecord.byteCount
            }
        }
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) -> ReportPart {
        let schema = BodySchema.reportPartReply
        let directory = try ColumnDirectory.open(body, fixedBytes: schema.fixedBytes)
        try body.reserved(6..<8)
        try directory.validate(schema)
        try directory.checkLengths(.texts, most: Limits.textBytesMax, .badTextLength)
        try directory.checkUTF8(directory.dictionary(.texts))
        let texts = directory.strings(.texts)
        let groups = try directory.groups(body.integer(at: 0, as: UInt32.self), texts)
        let days = try directory.localDays()
        try directory.checkText(at: 48, texts.count, .groups, row: 0)
        let zone = Int(body.integer(at: 48, as: UInt32.self))
        let (clock, start, end) = (
            body.integer(at: 8, as: Int64.self), body.integer(at: 16, as: Int64.self),
            body.integer(at: 24, as: Int64.self)
        )
        return ReportPart(
            start: start == .min ? nil : start, end: end == .max ? nil : end,
            clock: clock == .min ? nil : clock, timeZone: zone == 0 ? "" : texts[zone - 1],
            days: days, liveSessions: Int(clamping: body.integer(at: 32, as: UInt64.self)),
            automatedSessions: Int(clamping: body.integer(at: 40, as: UInt64.self)),
            rowsDefault: Int(body.integer(at: 52, as: UInt32.self)), groups: groups)
    }
}

/// One record of the column `days`: from a time on, local time is so far ahead of UTC.
private enum DayRecord {
    static let byteCount = 16
}

extension LocalDays {
    /// The first one has no beginning.
    fileprivate var records: [Transition] {
        [Transition(start: .min, offset: firstOffset)] + transitions
    }
}

/// The numbers that a group may have, by the bit that says so.
private enum GroupField: Int, CaseIterable {
    /// Without a number.
    case previous = 0
    case part = 1
    /// Indexes plus one.
    case text = 2
    case next = 3
    case parent = 4
    /// Signed.
    case time = 5
    case sessions = 6
    case visitors = 7
    case newVisitors = 8
    case views = 9
    case actions = 10
    case conversions = 11
    case converted = 12
    case engaged = 13
    /// Signed.
    case value = 14
    case duration = 15
    /// How many different ones, and then the numbers themselves.
    case times = 16

    static let end: UInt64 = 1 << 17
}

extension ByteWriter {
    /// Seven bits a byte, the low ones first; the highest bit says that there is more.
    fileprivate mutating func append(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    fileprivate mutating func append(_ group: ReportGroup, _ texts: inout ByteTable) {
        let (row, figures) = (group.row, group.row.figures)
        var mask: UInt64 = 0
        var numbers: [UInt64] = []
        func add(_ field: GroupField, _ number: UInt64) {
            if number == 0 { return }
            mask |= 1 << UInt64(field.rawValue)
            numbers.append(number)
        }
        if row.isPrevious { mask |= 1 << UInt64(GroupField.previous.rawValue) }
        if row.kind != .total { mask |= 1 << UInt64(GroupField.part.rawValue) }
        add(.text, UInt64(texts.reference(row.text)))
        add(.next, UInt64(texts.reference(row.nextText)))
        add(.parent, UInt64(row.parent.map { $0 + 1 } ?? 0))
        if let time = row.time {
            mask |= 1 << UInt64(GroupField.time.rawValue)
            numbers.append(time.zigzag)
        }
        add(.sessions, UInt64(figures.sessions))
        add(.visitors, UInt64(figures.visitors))
        add(.newVisitors, UInt64(figures.newVisitors))
        add(.views, UInt64(figures.views))
        add(.actions, UInt64(figures.actions))
        add(.conversions, UInt64(figures.conversions))
        add(.converted, UInt64(figures.convertedSessions))
        add(.engaged, UInt64(figures.engagedSessions))
        add(.value, figures.value.zigzag)
        add(.duration, UInt64(max(0, figures.durationMilliseconds)))
        if !group.times.isEmpty { mask |= 1 << UInt64(GroupField.times.rawValue) }
        append(number: mask)
        for number in numbers { append(number: number) }
        if !group.times.isEmpty { append(ascending: group.times) }
    }

    /// How far each different number is from the one before, and how often it is there.
    private mutating func append(ascending numbers: [Int64]) {
        var runs: [(gap: UInt64, count: UInt64)] = []
        var last: Int64 = 0
        for number in numbers {
            let gap = UInt64(max(0, number) - last)
            if gap == 0, !runs.isEmpty {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((gap, 1))
                last = max(0, number)
            }
        }
        append(number: UInt64(runs.count))
        for run in runs {
            append(number: run.gap << 1 | (run.count > 1 ? 1 : 0))
            if run.count > 1 { append(number: run.count - 2) }
        }
    }
}

extension Int64 {
    /// Small numbers of either sign become small ones.
    fileprivate var zigzag: UInt64 { UInt64(bitPattern: self << 1 ^ self >> 63) }

    fileprivate init(zigzag: UInt64) {
        self = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
    }
}

/// Reads the numbers of the column `groups`.
private struct GroupCursor: ~Escapable {
    let bytes: RawSpan
    private(set) var at = 0

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { self.bytes = bytes }

    /// - Returns: nil when there is no whole number.
    mutating func next() -> UInt64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.byteCount, shift < 64 {
            let byte = bytes.integer(at: at, as: UInt8.self)
            at += 1
            let bits = UInt64(byte & 0x7F)
            if shift == 63, bits > 1 { return nil }
            number |= bits << shift
            if byte < 0x80 { return number }
            shift += 7
        }
        return nil
    }
}

extension ColumnDirectory {
    fileprivate func localDays() throws(WireError) -> LocalDays {
        let records = find(.days)
        guard let records, records.count > 0 else { return .utc }
        var transitions: [LocalDays.Transition] = []
        for row in 0..<records.count {
            let at = start(of: row, records)
            let (time, offset) = (
                body.integer(at: at, as: Int64.self), body.integer(at: at + 8, as: Int64.self)
            )
            let isInOrder = transitions.last.map { $0.start < time } ?? (time == .min)
            // A clock is at most a day ahead or behind.
            guard isInOrder, abs(Double(offset)) <= 86_400_000 else {
                throw WireError(
                    .timeOutOfRange, inBodyAt: isInOrder ? at + 8 : at,
                    column: Column.days.rawValue, row: row)
            }
            transitions.append(.init(start: time, offset: offset))
        }
        return LocalDays(
            firstOffset: transitions[0].offset, transitions: Array(transitions.dropFirst()))
    }

    fileprivate func groups(
        _ count: UInt32, _ texts: [String]
    ) throws(WireError) -> [ReportGroup] {
        guard let column = find(.groups) else { return [] }
        var cursor = GroupCursor(
            body.extracting(column.offset..<column.offset + column.length))
        var groups: [ReportGroup] = []
        // Each has a byte at least.
        groups.reserveCapacity(min(Int(count), column.length))
        var room = ReportPartReply.timesMax
        for row in 0..<Int(count) {
            let at = column.offset + cursor.at
            guard let group = try Self.group(&cursor, at, row, texts, &room) else {
                throw WireError(
                    .badElementCount, inBodyAt: column.offset, column: column.column, row: row)
            }
            groups.append(group)
        }
        guard cursor.at == column.length else {
            throw WireError(
                .badElementCount, inBodyAt: column.offset, column: column.column,
                row: Int(count))
        }
        return groups
    }

    /// - Parameter at: where it begins in the body.
    /// - Returns: nil when it goes on behind the column.
    private static func group(
        _ cursor: inout GroupCursor, _ at: Int, _ number: Int, _ texts: [String],
        _ room: inout Int
    ) throws(WireError) -> ReportGroup? {
        guard let mask = cursor.next() else { return nil }
        guard mask < GroupField.end else {
            throw WireError(
                .badKind, inBodyAt: at, column: Column.groups.rawValue, row: number,
                found: Int(clamping: mask))
        }
        func has(_ field: GroupField) -> Bool { mask >> UInt64(field.rawValue) & 1 == 1 }
        var row = ReportRow(has(.part) ? .part : .total)
        row.isPrevious = has(.previous)
        for field in GroupField.allCases.dropFirst(2) where field != .times && has(field) {
            guard let value = cursor.next() else { return nil }
            let bound = field == .parent ? number : texts.count
            switch field {
            case .text, .next, .parent:
                guard value >= 1, value <= bound else {
                    throw WireError(
                        .indexOutOfRange, inBodyAt: at, column: Column.groups.rawValue,
                        row: number, found: Int(clamping: value) - 1, bound: bound)
                }
                let index = Int(value) - 1
                if field == .text { row.text = texts[index] }
                if field == .next { row.nextText = texts[index] }
                if field == .parent { row.parent = index }
            default: row.set(field, value)
            }
        }
        guard has(.times) else { return ReportGroup(row) }
        guard let times = times(&cursor, atMost: min(row.figures.sessions, room)) else {
            return nil
        }
        room -= times.count
        return ReportGroup(row, times: times)
    }

    /// - Parameter count: nobody has more numbers than sessions.
    private static func times(_ cursor: inout GroupCursor, atMost count: Int) -> [Int64]? {
        guard let runs = cursor.next(), runs <= cursor.bytes.byteCount - cursor.at else {
            return nil
        }
        var times: [Int64] = []
        var last: Int64 = 0
        for _ in 0..<runs {
            guard let token = cursor.next() else { return nil }
            let (next, overflow) = last.addingReportingOverflow(Int64(token >> 1))
            if overflow { return nil }
            last = next
            var repeats: UInt64 = 1
            if token & 1 == 1 {
                guard let more = cursor.next() else { return nil }
                repeats = more <= .max - 2 ? more + 2 : .max
            }
            guard repeats <= count - times.count else { return nil }
            times.append(contentsOf: repeatElement(last, count: Int(repeats)))
        }
        return times
    }
}

extension ReportRow {
    fileprivate mutating func set(_ field: GroupField, _ number: UInt64) {
        let count = Int(clamping: number)
        switch field {
        case .time: time = Int64(zigzag: number)
        case .sessions: figures.sessions = count
        case .visitors: figures.visitors = count
        case .newVisitors: figures.newVisitors = count
        case .views: figures.views = count
        case .actions: figures.actions = count
        case .conversions: figures.conversions = count
        case .converted: figures.convertedSessions = count
        case .engaged: figures.engagedSessions = count
        case .value: figures.value = Int64(zigzag: number)
        case .duration: figures.durationMilliseconds = Int64(clamping: number)
        case .previous, .part, .text, .next, .parent, .times: break
        }
    }
}
