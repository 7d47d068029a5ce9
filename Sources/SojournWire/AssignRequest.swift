package import SojournModel

/// The body of a request to ASSIGN (sojourn-1, "ASSIGN").
///
///      0 | events           | 4 |
///      4 | columns          | 2 |
///      6 | reserved         | 2 |
///      8 | base time        | 8 |
///     16 | directory        |   |
package enum AssignRequest {
    static var fixedBytes: Int { 16 }

    /// Checks a body once, wholly, and gives its columns to be read in place.
    ///
    /// When it has several faults, the one with the lowest code is thrown, and of that the one with
    /// the lowest offset: directory (codes 30 to 44) first, then what the columns hold (45 to 52),
    /// one code after the other.
    @_lifetime(copy body, &scratch)
    package static func decode(
        body: RawSpan, limits: BatchLimits = .full, scratch: inout DecodeScratch
    ) throws(WireError) -> EventBatch {
        let directory = try ColumnDirectory.open(body, fixedBytes: fixedBytes)
        let events = Int(body.integer(at: 0, as: UInt32.self))
        let own = directory.find(.texts)?.count ?? 0
        try directory.validate(.assignRequest(events: events, texts: own, limits: limits))

        let keys = directory.find(.visitorKeys)?.count ?? 0
        let prefixes = directory.bytes(of: directory.find(.textPrefixes))
        let hasPrefixes = directory.find(.textPrefixes) != nil
        let contexts = directory.contextTable
        var written = own

        try directory.checkLengths(
            .visitorKeys, most: limits.visitorKeyBytes, .badKeyLength)
        if hasPrefixes {
            let byteCount = try directory.checkLengths(prefixes: prefixes, limits: limits)
            written = scratch.writeOut(
                directory.dictionary(.texts), prefixes: prefixes, byteCount: byteCount)
            try directory.checkUTF8(scratch.texts)
        } else {
            try directory.checkLengths(.texts, most: limits.textBytes, .badTextLength)
            try directory.checkUTF8(directory.dictionary(.texts))
        }
        try directory.checkKinds(.kind, last: EventKind.end.rawValue)
        try directory.checkIndexes(.visitor, count: keys, plusOne: false)
        try directory.checkIndexes(.name, count: own, plusOne: true)
        if written < own {
            try directory.refusePrefix(
                written, after: written == 0 ? 0 : scratch.texts[written - 1].byteCount)
        }
        try directory.checkIndexes(.context, count: contexts.count, plusOne: true)
        try directory.checkContexts(textCount: own)
        let baseTime = body.integer(at: 8, as: Int64.self)
        try directory.checkTimes(base: baseTime)
        try directory.checkScale()

        if hasPrefixes { return directory.batch(events, baseTime, scratch.texts) }
        return directory.batch(events, baseTime, directory.dictionary(.texts))
    }

    static func powerOfTen(_ exponent: Int) -> Int64 {
        var result: Int64 = 1
        for _ in 0..<exponent { result *= 10 }
        return result
    }
}

extension ColumnDirectory {
    fileprivate var contextTable: ContextTable {
        @_lifetime(copy self) get {
            let stride = find(.contexts)?.parameter ?? ContextTable.cellsPerRow
            return ContextTable(
                count: (find(.contexts)?.count ?? 0) / stride, stride: stride,
                cells: indexColumn(.contexts))
        }
    }

    /// The columns of a body that was found to be good.
    @_lifetime(copy self, copy texts)
    fileprivate func batch(
        _ events: Int, _ baseTime: Int64, _ texts: ByteDictionary
    ) -> EventBatch {
        let time = find(.time)
        let value = find(.value)
        return EventBatch(
            count: events, baseTime: baseTime, times: bytes(of: time), timeWidth: time?.width ?? 4,
            kinds: bytes(of: find(.kind)), visitors: indexColumn(.visitor),
            visitorKeys: dictionary(.visitorKeys), names: indexColumn(.name), texts: texts,
            contextIndexes: indexColumn(.context), contexts: contextTable,
            values: bytes(of: value), valueWidth: value?.width ?? 0,
            valueScale: AssignRequest.powerOfTen(value?.parameter ?? 0),
            eventIDs: bytes(of: find(.eventID)))
    }

    /// Code 50 for a prefix that is longer than the text before.
    fileprivate func refusePrefix(_ row: Int, after length: Int) throws(WireError) {
        guard let descriptor = find(.textPrefixes) else { return }
        throw WireError(
            .indexOutOfRange, inBodyAt: descriptor.offset + row, column: descriptor.column,
            row: row, found: Int(bytes(of: descriptor).integer(at: row, as: UInt8.self)),
            bound: length)
    }

    /// Code 51: every event is at 0 or later and before `Limits.eventTimeEnd`.
    fileprivate func checkTimes(base: Int64) throws(WireError) {
        guard let descriptor = find(.time) else { return }
        let times = bytes(of: descriptor)
        if (0..<Limits.eventTimeEnd).contains(base) {
            // The bounds cannot overflow, for the base is small.
            if descriptor.width == 4 {
                if base + Int64(UInt32.max) < Limits.eventTimeEnd { return }
                if let last = ColumnScan.range(times, of: UInt32.self)?.upperBound,
                    base + Int64(last) < Limits.eventTimeEnd
                {
                    return
                }
            } else if let range = ColumnScan.range(times, of: Int64.self),
                range.lowerBound >= -base, range.upperBound < Limits.eventTimeEnd - base
            {
                return
            }
        }
        for row in 0..<descriptor.count {
            let delta =
                descriptor.width == 4
                ? Int64(times.integer(at: row * 4, as: UInt32.self))
                : times.integer(at: row * 8, as: Int64.self)
            let (sum, isOverflown) = base.addingReportingOverflow(delta)
            if isOverflown || !(0..<Limits.eventTimeEnd).contains(sum) {
                throw WireError(
                    .timeOutOfRange, inBodyAt: descriptor.offset + row * descriptor.width,
                    column: descriptor.column, row: row,
                    found: Int(isOverflown ? (delta < 0 ? .min : .max) : sum),
                    bound: Int(Limits.eventTimeEnd - 1))
            }
        }
    }

    /// Code 52.
    fileprivate func checkScale() throws(WireError) {
        guard let index = index(of: .value) else { return }
        let most = self[index].width == 8 ? 0 : Limits.valueScaleMax
        guard self[index].parameter <= most else {
            throw WireError(
                .badScale, inBodyAt: position(index) + 2, column: Column.value.rawValue,
                found: self[index].parameter, bound: most)
        }
    }
}
