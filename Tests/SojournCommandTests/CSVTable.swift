/// The CSV that the command writes, as a test reads it (RFC 4180).
struct CSVTable {
    let header: [String]
    let rows: [[String]]

    init(_ text: String) {
        var records: [[String]] = []
        var record: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var bytes = text.utf8.makeIterator()
        var next = bytes.next()
        func end() {
            record.append(String(decoding: field, as: UTF8.self))
            field.removeAll()
        }
        while let byte = next {
            next = bytes.next()
            switch byte {
            case UInt8(ascii: "\"") where isQuoted && next == byte:
                field.append(byte)
                next = bytes.next()
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted: end()
            case UInt8(ascii: "\n") where !isQuoted:
                end()
                records.append(record)
                record = []
            default: field.append(byte)
            }
        }
        header = records.first ?? []
        rows = Array(records.dropFirst())
    }

    /// One column; empty when there is none of that name.
    subscript(name: String) -> [String] {
        guard let place = header.firstIndex(of: name) else { return [] }
        return rows.map { $0[place] }
    }
}

/// Sessions as sets of rows: what two results must have in common, whatever the ids are.
struct SessionPartition: Equatable {
    /// For each row the first row of its session.
    let firstRows: [Int]

    var count: Int { Set(firstRows).count }

    /// Of ids, one a row.
    init(ids: [String]) {
        var first: [String: Int] = [:]
        firstRows = ids.enumerated().map { row, id in
            if let row = first[id] { return row }
            first[id] = row
            return row
        }
    }

    /// The reference: sort each visitor's events by time, and cut at every gap of the timeout.
    init(times: [Int], visitors: [String], timeout: Int) {
        let order = times.indices.sorted {
            (visitors[$0], times[$0], $0) < (visitors[$1], times[$1], $1)
        }
        var sessions = Array(repeating: "", count: times.count)
        var session = 0
        for (previous, row) in zip([nil] + order.map(Optional.some), order) {
            if let previous, visitors[previous] == visitors[row],
                times[row] - times[previous] < timeout
            {
                sessions[row] = sessions[previous]
            } else {
                session += 1
                sessions[row] = "\(session)"
            }
        }
        self.init(ids: sessions)
    }
}
