import SojournModel

/// The fault with the lowest code, and of that the lowest offset, of all that were noted.
struct FirstFault {
    private(set) var error: WireError?

    @inline(never) mutating func note(_ fault: WireError) {
        let rank = { (error: WireError) in (error.code.rawValue, error.offset ?? -1) }
        if let error, rank(error) <= rank(fault) { return }
        error = fault
    }

    func check() throws(WireError) {
        if let error { throw error }
    }
}

extension ColumnDirectory {
    /// Reads the first 8 bytes that all bodies with columns share, and checks that the directory is
    /// there.
    ///
    ///      0 | elements         | 4 |
    ///      4 | columns          | 2 |
    ///      6 | reserved         | 2 |
    @_lifetime(copy body)
    static func open(_ body: RawSpan, fixedBytes: Int) throws(WireError) -> ColumnDirectory {
        let columns = body.byteCount < fixedBytes ? 0 : Int(body.integer(at: 4, as: UInt16.self))
        let needed = fixedBytes + columns * ColumnDescriptor.byteCount
        guard body.byteCount >= needed else {
            throw WireError(
                .truncatedBody, inBodyAt: body.byteCount, found: body.byteCount, bound: needed)
        }
        return ColumnDirectory(body, fixedBytes: fixedBytes, count: columns)
    }

    /// Judges fixed part and directory (codes 31 to 44): one walk over the descriptors notes every
    /// fault, and the one that takes precedence is thrown.
    ///
    /// A check may rest on what a lower code proves, for then its own verdict does not matter.
    func validate(_ schema: BodySchema) throws(WireError) {
        var fault = FirstFault()
        if body.integer(at: 6, as: UInt16.self) != 0 {
            fault.note(WireError(.bodyReservedNotZero, inBodyAt: 6))
        }
        if case .assignRequest(let events, _, let limits) = schema,
            events < 1 || events > limits.events
        {
            fault.note(WireError(.badEventCount, inBodyAt: 0, found: events, bound: limits.events))
        }
        if count > Limits.columnsMax {
            fault.note(
                WireError(.badColumnCount, inBodyAt: 4, found: count, bound: Limits.columnsMax))
        }

        var end = position(count)
        var previous = -1
        var present: UInt128 = 0
        for index in 0..<count {
            let descriptor = self[index]
            judgePlace(descriptor, at: position(index), after: end, &fault)
            if Int(descriptor.column) <= previous {
                fault.note(
                    WireError(
                        .badColumnOrder, inBodyAt: position(index), column: descriptor.column,
                        found: previous))
            }
            if let rule = schema.rule(descriptor.column) {
                judge(descriptor, at: position(index), by: rule, &fault)
            }
            if descriptor.column < 128 { present |= 1 << UInt128(descriptor.column) }
            previous = Int(descriptor.column)
            end = descriptor.offset + descriptor.length
        }
        if end < body.byteCount {
            fault.note(
                WireError(.trailingBytes, inBodyAt: end, found: body.byteCount, bound: end))
        }
        var required = schema.required
        if case .assignRequest = schema, present & BodySchema.bit(.textPrefixes) != 0 {
            required |= BodySchema.bit(.texts)
        }
        let missing = required & ~present
        if missing != 0 {
            fault.note(
                WireError(.missingColumn, column: UInt8(missing.trailingZeroBitCount)))
        }
        try fault.check()
    }

    /// Codes 35 to 38 and 40: where the column stands.
    ///
    /// - Parameter end: where what stands before it claims to end.
    @inline(__always) private func judgePlace(
        _ descriptor: ColumnDescriptor, at position: Int, after end: Int, _ fault: inout FirstFault
    ) {
        let column = descriptor.column
        let offset = descriptor.offset
        let expected = (end + 7) & ~7
        if offset & 7 != 0 {
            fault.note(
                WireError(.columnMisaligned, inBodyAt: position + 8, column: column, found: offset))
        }
        if offset < end {
            fault.note(
                WireError(
                    .columnOverlap, inBodyAt: position + 8, column: column, found: offset,
                    bound: end))
        }
        if offset > expected {
            fault.note(
                WireError(
                    .columnGap, inBodyAt: position + 8, column: column, found: offset,
                    bound: expected))
        }
        if offset + descriptor.length > body.byteCount {
            fault.note(
                WireError(
                    .columnOutOfBounds, inBodyAt: position + 8, column: column,
                    found: offset + descriptor.length, bound: body.byteCount))
        } else if offset == expected {
            for byte in end..<offset where body.integer(at: byte, as: UInt8.self) != 0 {
                fault.note(WireError(.paddingNotZero, inBodyAt: byte, column: column))
                break
            }
        }
    }

    /// Codes 31 and 42 to 44: what the descriptor says of the elements.
    @inline(__always) private func judge(
        _ descriptor: ColumnDescriptor, at position: Int, by rule: ColumnRule,
        _ fault: inout FirstFault
    ) {
        let column = descriptor.column
        let (width, count, parameter) = (descriptor.width, descriptor.count, descriptor.parameter)
        let isOneSize = rule.form == .dictionary && width == 0
        if parameter != 0, rule.parameterMin == nil, !isOneSize {
            fault.note(
                WireError(
                    .bodyReservedNotZero, inBodyAt: position + 2, column: column, found: parameter))
        }
        let isWidthAllowed = width < 16 && rule.widths >> UInt16(width) & 1 != 0
        let isRecordTooSmall = rule.form == .records && parameter < rule.parameterMin ?? 0
        if !isWidthAllowed || isRecordTooSmall {
            fault.note(
                WireError(
                    .badColumnWidth, inBodyAt: position + 1, column: column,
                    found: isWidthAllowed ? parameter : width, bound: rule.parameterMin ?? 0))
        }
        judgeCount(descriptor, at: position, by: rule, &fault)

        let needed: Int
        if rule.form == .dictionary, width == 2 || width == 4 {
            // A directory whose columns lie in the body: only then does the last end exist, and
            // only then does this code matter.
            guard descriptor.offset + descriptor.length <= body.byteCount else { return }
            let ends = count * width
            if ends > descriptor.length || count == 0 {
                needed = ends
            } else {
                let ends = IndexColumn(
                    body.extracting(descriptor.offset..<(descriptor.offset + ends)), width: width)
                needed = count * width + ends[count - 1]
            }
        } else {
            needed = count * (rule.form == .records || isOneSize ? parameter : width)
        }
        if descriptor.length != needed {
            fault.note(
                WireError(
                    .badColumnLength, inBodyAt: position + 12, column: column,
                    found: descriptor.length, bound: needed))
        }
    }

    @inline(__always) private func judgeCount(
        _ descriptor: ColumnDescriptor, at position: Int, by rule: ColumnRule,
        _ fault: inout FirstFault
    ) {
        let isGood: Bool
        let bound: Int
        switch (rule.form, rule.count) {
        case (.contexts, .atMost(let rows)):
            let cells = descriptor.parameter
            bound = cells * rows
            isGood =
                cells >= ContextTable.cellsPerRow && descriptor.count % cells == 0
                && descriptor.count <= bound
        case (_, .exactly(let count)), (_, .atMost(let count)):
            bound = count
            if case .exactly = rule.count {
                isGood = descriptor.count == count
            } else {
                isGood = descriptor.count <= count
            }
        }
        if !isGood {
            fault.note(
                WireError(
                    .badElementCount, inBodyAt: position + 4, column: descriptor.column,
                    found: descriptor.count, bound: bound))
        }
    }
}
