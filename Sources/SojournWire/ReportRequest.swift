package import SojournModel

/// The body of a request to REPORT (sojourn-1, "REPORT").
///
///      0 | question          | 1 |
///      1 | grouping          | 1 |
///      2 | flags             | 2 |
///      4 | columns           | 2 |
///      6 | reserved          | 2 |
///      8 | start             | 8 |
///     16 | end               | 8 |
///     24 | rows              | 4 |
///     28 | page              | 4 |
///     32 | directory         |   |
package enum ReportRequest {
    private static let automatedFlag: UInt16 = 1
    private static let compareFlag: UInt16 = 2
    private static let localFlag: UInt16 = 4

    /// Writes the whole frame.
    ///
    /// - Precondition: texts have at most `Limits.textBytesMax` bytes, and there are no more filters, steps
    ///   and rows than the limits allow.
    package static func encode(
        _ question: ReportQuestion, header: MessageHeader, into writer: inout ByteWriter
    ) {
        var texts = ByteTable()
        let (code, grouping, page, steps) = parts(of: question.kind)
        let start = texts.reference(page)
        let filters = question.filters.map { texts.reference($0.value) }
        let pages = steps.map { texts.reference($0.page) }
        let columns =
            (texts.count > 0 ? 1 : 0) + (filters.isEmpty ? 0 : 1) + (steps.isEmpty ? 0 : 1)
        var flags: UInt16 = question.includesAutomated ? automatedFlag : 0
        if question.comparesWithPrevious { flags |= compareFlag }
        if question.period.isLocal { flags |= localFlag }
        writer.beginFrame()
        writer.append(code)
        writer.append(grouping)
        writer.append(flags)
        writer.append(UInt32(columns))
        writer.append(question.period.start ?? .min)
        writer.append(question.period.end ?? .max)
        writer.append(UInt32(question.rowsMax ?? 0))
        writer.append(start)
        var cursor = writer.beginDirectory(columns: columns)
        if texts.count > 0 { texts.write(.texts, to: &writer, &cursor) }
        if !filters.isEmpty {
            var at = writer.beginColumn(
                .filters, width: 0, parameter: 8, count: filters.count, length: 8 * filters.count,
                &cursor)
            for (filter, text) in zip(question.filters, filters) {
                writer.set(filter.dimension.rawValue, at: at)
                writer.set(filter.isNegated ? 1 : 0 as UInt8, at: at + 1)
                writer.set(0 as UInt16, at: at + 2)
                writer.set(text, at: at + 4)
                at += 8
            }
        }
        if !steps.isEmpty {
            var at = writer.beginColumn(
                .steps, width: 0, parameter: 8, count: steps.count, length: 8 * steps.count,
                &cursor)
            for (step, text) in zip(steps, pages) {
                writer.set(step.isPrefix ? 2 : 1 as UInt32, at: at)
                writer.set(text, at: at + 4)
                at += 8
            }
        }
        header.write(to: &writer)
    }

    private static func parts(
        of kind: ReportQuestion.Kind
    ) -> (code: UInt8, grouping: UInt8, page: String, steps: [FunnelStep]) {
        switch kind {
        case .summary: (1, 0, "", [])
        case .breakdown(let dimension): (2, dimension.rawValue, "", [])
        case .series(let interval): (3, interval.rawValue, "", [])
        case .transitions: (4, 0, "", [])
        case .paths(let page): (5, 0, page, [])
        case .funnel(let steps): (6, 0, "", steps)
        }
    }

    package static func decode(body: RawSpan) throws(WireError) -> ReportQuestion {
        let schema = { BodySchema.reportRequest(hasSteps: $0) }
        let directory = try ColumnDirectory.open(body, fixedBytes: schema(false).fixedBytes)
        let code = body.integer(at: 0, as: UInt8.self)
        try directory.validate(schema(code == 6))
        try directory.checkLengths(.texts, most: Limits.textBytesMax, .badTextLength)
        try directory.checkUTF8(directory.dictionary(.texts))
        let texts = directory.strings(.texts)
        try directory.checkReport(texts: texts.count)
        try check(body, code, steps: directory.find(.steps)?.count ?? 0)

        let text = { (reference: UInt32) in reference == 0 ? "" : texts[Int(reference) - 1] }
        let grouping = body.integer(at: 1, as: UInt8.self)
        let kind: ReportQuestion.Kind =
            switch code {
            case 2: .breakdown(ReportDimension(rawValue: grouping) ?? .device)
            case 3: .series(ReportInterval(rawValue: grouping) ?? .day)
            case 4: .transitions
            case 5: .paths(from: text(body.integer(at: 28)))
            case 6: .funnel(directory.funnelSteps(text))
            default: .summary
            }
        let flags = body.integer(at: 2, as: UInt16.self)
        let (start, end) = (
            body.integer(at: 8, as: Int64.self), body.integer(at: 16, as: Int64.self)
        )
        let rows = Int(body.integer(at: 24, as: UInt32.self))
        var question = ReportQuestion(
            kind,
            period: ReportPeriod(
                start: start == .min ? nil : start, end: end == .max ? nil : end,
                isLocal: flags & localFlag != 0), filters: directory.reportFilters(text))
        question.rowsMax = rows == 0 ? nil : rows
        question.includesAutomated = flags & automatedFlag != 0
        question.comparesWithPrevious = flags & compareFlag != 0
        return question
    }

    /// Code 55.
    private static func check(_ body: RawSpan, _ code: UInt8, steps: Int) throws(WireError) {
        guard (1...6).contains(code), code != 6 || steps > 0 else {
            throw WireError(.badReport, inBodyAt: 0, found: Int(code))
        }
        let grouping = body.integer(at: 1, as: UInt8.self)
        let isGrouping =
            switch code {
            case 2: ReportDimension(rawValue: grouping) != nil
            case 3: ReportInterval(rawValue: grouping) != nil
            default: grouping == 0
            }
        guard isGrouping else {
            throw WireError(.badReport, inBodyAt: 1, found: Int(grouping))
        }
        let flags = body.integer(at: 2, as: UInt16.self)
        guard flags < 8, flags & compareFlag == 0 || code <= 3 else {
            throw WireError(.badReport, inBodyAt: 2, found: Int(flags))
        }
        guard body.integer(at: 8, as: Int64.self) <= body.integer(at: 16, as: Int64.self) else {
            throw WireError(.badReport, inBodyAt: 16)
        }
        let rows = Int(body.integer(at: 24, as: UInt32.self))
        guard rows <= Limits.reportRowsMax else {
            throw WireError(.badReport, inBodyAt: 24, found: rows, bound: Limits.reportRowsMax)
        }
        guard code == 5 || body.integer(at: 28, as: UInt32.self) == 0 else {
            throw WireError(.badReport, inBodyAt: 28)
        }
    }
}

extension ColumnDirectory {
    /// Codes 49 and 50: what filters and steps say means something, and the texts are there.
    fileprivate func checkReport(texts: Int) throws(WireError) {
        let filters = find(.filters)
        let steps = find(.steps)
        for row in 0..<(filters?.count ?? 0) {
            let at = start(of: row, filters)
            let dimension = body.integer(at: at, as: UInt8.self)
            let flags = body.integer(at: at + 1, as: UInt8.self)
            let isKnown = ReportDimension(rawValue: dimension) != nil
            guard isKnown, flags < 2 else {
                throw WireError(
                    .badKind, inBodyAt: isKnown ? at + 1 : at, column: Column.filters.rawValue,
                    row: row, found: Int(isKnown ? flags : dimension))
            }
        }
        for row in 0..<(steps?.count ?? 0) {
            let at = start(of: row, steps)
            let match = body.integer(at: at, as: UInt8.self)
            guard match == 1 || match == 2 else {
                throw WireError(
                    .badKind, inBodyAt: at, column: Column.steps.rawValue, row: row,
                    found: Int(match))
            }
        }
        try checkText(at: 28, texts, .reportRows, row: 0)
        for row in 0..<(filters?.count ?? 0) {
            try checkText(at: start(of: row, filters) + 4, texts, .filters, row: row)
        }
        for row in 0..<(steps?.count ?? 0) {
            try checkText(at: start(of: row, steps) + 4, texts, .steps, row: row)
        }
    }

    fileprivate func reportFilters(_ text: (UInt32) -> String) -> [ReportFilter] {
        let filters = find(.filters)
        return (0..<(filters?.count ?? 0)).map { row in
            let at = start(of: row, filters)
            return ReportFilter(
                ReportDimension(rawValue: body.integer(at: at)) ?? .device,
                text(body.integer(at: at + 4)),
                isNegated: body.integer(at: at + 1, as: UInt8.self) & 1 != 0)
        }
    }

    fileprivate func funnelSteps(_ text: (UInt32) -> String) -> [FunnelStep] {
        let steps = find(.steps)
        return (0..<(steps?.count ?? 0)).map { row in
            let at = start(of: row, steps)
            return FunnelStep(
                text(body.integer(at: at + 4)), isPrefix: body.integer(at: at, as: UInt8.self) == 2)
        }
    }

    /// Where a record begins.
    func start(of row: Int, _ records: ColumnDescriptor?) -> Int {
        guard let records else { preconditionFailure("a column that is not there has no rows") }
        return records.offset + row * records.parameter
    }

    /// Code 50, of a text plus one.
    func checkText(at offset: Int, _ texts: Int, _ column: Column, row: Int) throws(WireError) {
        let reference = Int(body.integer(at: offset, as: UInt32.self))
        guard reference <= texts else {
            throw WireError(
                .indexOutOfRange, inBodyAt: offset, column: column.rawValue, row: row,
                found: reference - 1, bound: texts)
        }
    }
}
