import SojournModel

/// Columns as the types of the model, once the directory has been validated.
extension ColumnDirectory {
    /// An index column; one that reads as zero everywhere when it is not there.
    @_lifetime(copy self)
    func indexColumn(_ column: Column) -> IndexColumn {
        let descriptor = find(column)
        return IndexColumn(bytes(of: descriptor), width: descriptor?.width ?? 0)
    }

    /// A dictionary; an empty one when it is not there.
    @_lifetime(copy self)
    func dictionary(_ column: Column) -> ByteDictionary {
        let bytes = bytes(of: find(column))
        guard let descriptor = find(column), descriptor.width > 0 else {
            return ByteDictionary(
                count: find(column)?.count ?? 0, size: find(column)?.parameter ?? 0, bytes: bytes)
        }
        let ends = descriptor.count * descriptor.width
        return ByteDictionary(
            count: descriptor.count,
            ends: IndexColumn(bytes.extracting(0..<ends), width: descriptor.width),
            bytes: bytes.extracting(ends...))
    }
}

/// What columns hold (codes 45 to 50). Each check looks at a whole column fast, and at its rows only
/// to find the one that offends.
extension ColumnDirectory {
    /// Codes 45 and 46: every entry has 1 to `most` bytes.
    func checkLengths(_ column: Column, most: Int, _ code: ErrorCode) throws(WireError) {
        guard let index = index(of: column) else { return }
        let descriptor = self[index]
        if descriptor.count == 0 { return }
        let bytes = bytes(of: descriptor)
        let isGood: Bool
        switch descriptor.width {
        case 0:
            guard descriptor.parameter >= 1, descriptor.parameter <= most else {
                throw WireError(
                    code, inBodyAt: position(index) + 2, column: descriptor.column,
                    found: descriptor.parameter, bound: most)
            }
            return
        case 2:
            isGood = ColumnScan.areSteps1(
                to: most, bytes.extracting(0..<(descriptor.count * 2)), of: UInt16.self)
        default:
            isGood = ColumnScan.areSteps1(
                to: most, bytes.extracting(0..<(descriptor.count * 4)), of: UInt32.self)
        }
        if isGood { return }
        let ends = IndexColumn(
            bytes.extracting(0..<(descriptor.count * descriptor.width)), width: descriptor.width)
        var start = 0
        for row in 0..<descriptor.count {
            let end = ends[row]
            guard end > start, end - start <= most else {
                throw WireError(
                    code, inBodyAt: descriptor.offset + row * descriptor.width,
                    column: descriptor.column, row: row, found: end - start, bound: most)
            }
            start = end
        }
    }

    /// Codes 46 and 47 for texts that share prefixes: the limits hold for them as written out.
    ///
    /// - Returns: bytes of all texts as written out.
    func checkLengths(prefixes: RawSpan, limits: BatchLimits) throws(WireError) -> Int {
        guard let index = index(of: .texts) else { return 0 }
        let descriptor = self[index]
        let isOneSize = descriptor.width == 0
        let ends = IndexColumn(
            bytes(of: descriptor).extracting(0..<(descriptor.count * descriptor.width)),
            width: descriptor.width)
        var start = 0
        var total = 0
        for row in 0..<descriptor.count {
            let end = isOneSize ? start + descriptor.parameter : ends[row]
            let length = Int(prefixes.integer(at: row, as: UInt8.self)) + end - start
            guard end >= start, length >= 1, length <= limits.textBytes else {
                throw WireError(
                    .badTextLength,
                    inBodyAt: isOneSize
                        ? position(index) + 2 : descriptor.offset + row * descriptor.width,
                    column: descriptor.column, row: row, found: length, bound: limits.textBytes)
            }
            total += length
            start = end
        }
        guard total <= Limits.batchTextBytesMax else {
            throw WireError(
                .textsTooLarge, column: .texts, found: total, bound: Limits.batchTextBytesMax)
        }
        return total
    }

    /// Code 48.
    ///
    /// - Parameter texts: the entries of column `texts`, as written out; fewer of them when a
    ///   prefix was out of range.
    func checkUTF8(_ texts: ByteDictionary) throws(WireError) {
        guard let descriptor = find(.texts) else { return }
        let ends = descriptor.count * descriptor.width
        // A prefix that is cut within a character makes no difference when there is none beyond
        // ASCII.
        if ColumnScan.isASCII(bytes(of: descriptor).extracting(ends...)) { return }
        let own = dictionary(.texts)
        var start = descriptor.offset + ends
        for row in 0..<texts.count {
            guard texts[row].isUTF8 else {
                throw WireError(
                    .badUTF8, inBodyAt: start, column: descriptor.column, row: row)
            }
            start += own[row].byteCount
        }
    }

    /// Code 49: every byte of a column is from 1 to `last`.
    func checkKinds(_ column: Column, last: UInt8) throws(WireError) {
        guard let descriptor = find(column) else { return }
        let kinds = bytes(of: descriptor)
        if ColumnScan.isWithin1(to: last, kinds) { return }
        for row in 0..<descriptor.count {
            let kind = kinds.integer(at: row, as: UInt8.self)
            if kind == 0 || kind > last {
                throw WireError(
                    .badKind, inBodyAt: descriptor.offset + row, column: descriptor.column,
                    row: row, found: Int(kind))
            }
        }
    }

    /// Code 50: every element of an index column points at one of `count` entries.
    ///
    /// - Parameter plusOne: zero means none, and the element is one more than the entry.
    func checkIndexes(_ column: Column, count: Int, plusOne: Bool) throws(WireError) {
        guard let descriptor = find(column), descriptor.count > 0 else { return }
        let end = plusOne ? count + 1 : count
        if ColumnScan.maximum(bytes(of: descriptor), width: descriptor.width) < end { return }
        let column = indexColumn(column)
        for row in 0..<descriptor.count where column[row] >= end {
            throw WireError(
                .indexOutOfRange, inBodyAt: descriptor.offset + row * descriptor.width,
                column: descriptor.column, row: row, found: column[row] - (plusOne ? 1 : 0),
                bound: count)
        }
    }

    /// Code 50 for the eight texts of every context.
    func checkContexts(textCount: Int) throws(WireError) {
        guard let descriptor = find(.contexts), descriptor.count > 0 else { return }
        // The cells of flags, and those that are unknown, rarely hold more than there are texts.
        if ColumnScan.maximum(bytes(of: descriptor), width: descriptor.width) <= textCount {
            return
        }
        let cells = indexColumn(.contexts)
        for row in 0..<(descriptor.count / descriptor.parameter) {
            for attribute in 0..<ContextTable.attributeCount {
                let cell = row * descriptor.parameter + attribute
                if cells[cell] > textCount {
                    throw WireError(
                        .indexOutOfRange, inBodyAt: descriptor.offset + cell * descriptor.width,
                        column: descriptor.column, row: row, found: cells[cell] - 1,
                        bound: textCount)
                }
            }
        }
    }
}
