package import SojournModel

/// Splits the events of a batch over those who own the partitions of their visitors, column by column
/// and without decoding a string (sojourn-1, "Routers").
///
///     events     0 1 2 3 4 5        a batch, in the order in which it came
///     owner      A B A A B A        from the hash of each event's visitor key
///     order      0 2 3 5 | 1 4      rows of part A, then of part B; each keeps the batch's order
///
/// Made once and used for batch after batch: `plan` checks and looks, then `write` makes each part.
package struct BatchSplit: ~Copyable {
    /// Stands for a partition that nobody owns.
    package static let nobody = UInt16.max

    /// What is to be done with a batch.
    package enum Plan: Equatable {
        /// All of it goes to one owner.
        case whole(UInt16)
        /// It is to be split into so many `parts`, in the order of their owners.
        case parts(Int)
        /// Nobody owns a partition that it needs.
        case unowned(partition: Int)
    }

    /// The share of one owner.
    package struct Part {
        package let owner: UInt16
        /// Where its rows stand in `order`.
        package let rows: Range<Int>
        /// Its visitor keys, and the bytes of these.
        fileprivate let keys: Int
        fileprivate let keyBytes: Int
    }

    /// Rows of the batch, part behind part.
    package private(set) var order = GrowableBuffer<UInt16>()
    package private(set) var parts: [Part] = []

    private var scratch = DecodeScratch()
    /// Of each visitor key: its partition, then its owner.
    private var owners = GrowableBuffer<UInt32>()
    private var ownerOfRow = GrowableBuffer<UInt16>()
    /// Of each visitor key: its place among its owner's.
    private var places = GrowableBuffer<UInt32>()
    var tallies = GrowableBuffer<Tally>()

    /// What an owner gets.
    struct Tally: BitwiseCopyable {
        var events: UInt32 = 0
        var keys: UInt32 = 0
        var keyBytes: UInt32 = 0
        /// Where the owner's next row goes.
        var next: UInt32 = 0
    }

    package init() {}

    /// Checks a batch wholly, as a server would, and finds out whose its events are.
    ///
    /// - Parameters:
    ///   - table: the owner of each partition, or `nobody`; as many as there are partitions.
    ///   - order: the owners in the order in which their parts are to stand.
    package mutating func plan(
        body: RawSpan, limits: BatchLimits, table: Span<UInt16>, order: Span<UInt16>
    ) throws(WireError) -> Plan {
        _ = try AssignRequest.decode(body: body, limits: limits, scratch: &scratch)
        let columns = Int(body.integer(at: 4, as: UInt16.self))
        let directory = ColumnDirectory(
            body, fixedBytes: AssignRequest.fixedBytes, count: columns)
        let keys = directory.dictionary(.visitorKeys)
        PartitionHash.partitions(of: keys, count: table.count, into: &owners)
        let first = table[Int(owners[0])]
        var isWhole = true
        for key in 0..<keys.count {
            let owner = table[Int(owners[key])]
            if owner == Self.nobody { return .unowned(partition: Int(owners[key])) }
            owners[key] = UInt32(owner)
            if owner != first { isWhole = false }
        }
        if isWhole { return .whole(first) }

        tallies.removeAll()
        tallies.resize(to: Int(highest(order)) + 1, repeating: Tally())
        places.resize(to: keys.count, repeating: 0)
        for key in 0..<keys.count {
            let owner = Int(owners[key])
            var tally = tallies[owner]
            places[key] = tally.keys
            tally.keys += 1
            tally.keyBytes += UInt32(keys[key].byteCount)
            tallies[owner] = tally
        }
        sort(
            directory.indexColumn(.visitor), count: Int(body.integer(at: 0, as: UInt32.self)),
            owners: order)
        return .parts(parts.count)
    }

    private func highest(_ owners: Span<UInt16>) -> UInt16 {
        var highest: UInt16 = 0
        for row in owners.indices { highest = max(highest, owners[row]) }
        return highest
    }

    /// Puts the rows in the order of their owners.
    private mutating func sort(_ visitors: IndexColumn, count: Int, owners sequence: Span<UInt16>) {
        ownerOfRow.resize(to: count, repeating: 0)
        for row in 0..<count {
            let owner = owners[visitors[row]]
            ownerOfRow[row] = UInt16(truncatingIfNeeded: owner)
            tallies[Int(owner)].events += 1
        }
        parts.removeAll(keepingCapacity: true)
        var start = 0
        for place in sequence.indices {
            let owner = Int(sequence[place])
            let tally = tallies[owner]
            // Keys that no event names go nowhere.
            if tally.events == 0 { continue }
            tallies[owner].next = UInt32(start)
            let end = start + Int(tally.events)
            parts.append(
                Part(
                    owner: UInt16(owner), rows: start..<end, keys: Int(tally.keys),
                    keyBytes: Int(tally.keyBytes)))
            start = end
        }
        order.resize(to: count, repeating: 0)
        for row in 0..<count {
            let owner = Int(ownerOfRow[row])
            order[Int(tallies[owner].next)] = UInt16(row)
            tallies[owner].next += 1
        }
    }

    /// Writes the frame of one part: its rows of every column that this version knows, its own
    /// visitor keys, and all texts and contexts.
    ///
    /// - Parameters:
    ///   - body: the one that was planned last, into parts.
    ///   - header: of the part; lengths and checksums are filled in.
    package func write(
        _ part: Part, of body: RawSpan, header: MessageHeader, into writer: inout ByteWriter
    ) {
        let all = Int(body.integer(at: 4, as: UInt16.self))
        let directory = ColumnDirectory(body, fixedBytes: AssignRequest.fixedBytes, count: all)
        var columns = 0
        for index in 0..<all where Self.isKnown(directory[index].column) { columns += 1 }
        let rows = order.span.extracting(part.rows)
        writer.beginFrame()
        writer.append(UInt32(rows.count))
        writer.append(UInt32(columns))
        writer.append(body.integer(at: 8, as: Int64.self))
        var cursor = writer.beginDirectory(columns: columns)
        for index in 0..<all {
            let descriptor = directory[index]
            guard let column = Column(rawValue: descriptor.column), Self.isKnown(column.rawValue)
            else { continue }
            let bytes = directory.bytes(of: descriptor)
            switch column {
            case .visitor:
                append(
                    IndexColumn(bytes, width: descriptor.width), part, rows, to: &writer, &cursor)
            case .visitorKeys:
                append(directory.dictionary(.visitorKeys), part, to: &writer, &cursor)
            case .texts, .textPrefixes, .contexts:
                let start = writer.beginColumn(
                    column, width: descriptor.width, parameter: descriptor.parameter,
                    count: descriptor.count, length: descriptor.length, &cursor)
                writer.copy(bytes, to: start)
            default:
                writer.appendRows(rows, of: bytes, descriptor, column, &cursor)
            }
        }
        header.write(to: &writer)
    }

    /// The columns of a request that this version knows.
    private static func isKnown(_ column: UInt8) -> Bool {
        (Column.time.rawValue...Column.eventID.rawValue).contains(column)
    }

    /// The visitors of the rows, as indexes into the keys of the part.
    private func append(
        _ visitors: IndexColumn, _ part: Part, _ rows: Span<UInt16>, to writer: inout ByteWriter,
        _ cursor: inout DirectoryCursor
    ) {
        switch ByteWriter.indexWidth(part.keys - 1) {
        case 1:
            writer.appendColumn(.visitor, count: rows.count, as: UInt8.self, &cursor) {
                UInt8(truncatingIfNeeded: places[visitors[Int(rows[$0])]])
            }
        case 2:
            writer.appendColumn(.visitor, count: rows.count, as: UInt16.self, &cursor) {
                UInt16(truncatingIfNeeded: places[visitors[Int(rows[$0])]])
            }
        default:
            writer.appendColumn(.visitor, count: rows.count, as: UInt32.self, &cursor) {
                places[visitors[Int(rows[$0])]]
            }
        }
    }

    /// The keys of the owner.
    private func append(
        _ keys: ByteDictionary, _ part: Part, to writer: inout ByteWriter,
        _ cursor: inout DirectoryCursor
    ) {
        let owner = UInt32(part.owner)
        if let size = keys.sizeOfAll {
            var at = writer.beginColumn(
                .visitorKeys, width: 0, parameter: size, count: part.keys, length: part.keyBytes,
                &cursor)
            for key in 0..<keys.count where owners[key] == owner {
                if size == 16 {
                    // Most keys: two words cost less than a copy of so few bytes.
                    writer.set(keys[key].integer(at: 0, as: UInt64.self), at: at)
                    writer.set(keys[key].integer(at: 8, as: UInt64.self), at: at + 8)
                } else {
                    writer.copy(keys[key], to: at)
                }
                at += size
            }
            return
        }
        let width = ByteWriter.endWidth(part.keyBytes)
        let start = writer.beginColumn(
            .visitorKeys, width: width, count: part.keys,
            length: part.keys * width + part.keyBytes, &cursor)
        var entry = start
        var at = start + part.keys * width
        let first = at
        for key in 0..<keys.count where owners[key] == owner {
            writer.copy(keys[key], to: at)
            at += keys[key].byteCount
            if width == 2 {
                writer.set(UInt16(at - first), at: entry)
            } else {
                writer.set(UInt32(at - first), at: entry)
            }
            entry += width
        }
    }
}

extension ByteWriter {
    /// Writes some rows of a column whose elements have a width.
    fileprivate mutating func appendRows(
        _ rows: Span<UInt16>, of bytes: RawSpan, _ descriptor: ColumnDescriptor, _ column: Column,
        _ cursor: inout DirectoryCursor
    ) {
        switch descriptor.width {
        case 1: gather(rows, of: bytes, descriptor, column, as: UInt8.self, &cursor)
        case 2: gather(rows, of: bytes, descriptor, column, as: UInt16.self, &cursor)
        case 4: gather(rows, of: bytes, descriptor, column, as: UInt32.self, &cursor)
        default: gather(rows, of: bytes, descriptor, column, as: UInt64.self, &cursor)
        }
    }

    @inline(__always)
    private mutating func gather<T: FixedWidthInteger & BitwiseCopyable>(
        _ rows: Span<UInt16>, of bytes: RawSpan, _ descriptor: ColumnDescriptor, _ column: Column,
        as: T.Type, _ cursor: inout DirectoryCursor
    ) {
        appendColumn(
            column, parameter: descriptor.parameter, count: rows.count, as: T.self, &cursor
        ) { bytes.integer(at: Int(rows[$0]) &* MemoryLayout<T>.size, as: T.self) }
    }
}
