import SojournModel
import SojournWire

/// The content of REPORT, FETCH and FORGET.
extension VectorMessage {
    static func value(_ question: ReportQuestion) -> VectorValue {
        var fields: [String: VectorValue] = [
            "start": VectorValue(digits: question.period.start ?? .min),
            "end": VectorValue(digits: question.period.end ?? .max),
            "local": .bool(question.period.isLocal),
            "automated": .bool(question.includesAutomated),
            "compare": .bool(question.comparesWithPrevious),
            "rows": VectorValue(question.rowsMax ?? 0),
            "filters": .list(
                question.filters.map {
                    [
                        "dimension": "\($0.dimension.name)", "value": "\($0.value)",
                        "negated": .bool($0.isNegated),
                    ]
                }),
        ]
        switch question.kind {
        case .summary: fields["question"] = "summary"
        case .breakdown(let dimension):
            fields["question"] = "breakdown"
            fields["dimension"] = "\(dimension.name)"
        case .series(let interval):
            fields["question"] = "series"
            fields["interval"] = "\(interval)"
        case .transitions: fields["question"] = "transitions"
        case .paths(let page):
            fields["question"] = "paths"
            fields["page"] = "\(page)"
        case .funnel(let steps):
            fields["question"] = "funnel"
            fields["steps"] = .list(
                steps.map { ["page": "\($0.page)", "match": $0.isPrefix ? "prefix" : "page"] })
        }
        return .object(fields)
    }

    static func value(_ answer: ReportAnswer) -> VectorValue {
        [
            "clock": VectorValue(digits: answer.clock ?? .min),
            "start": VectorValue(digits: answer.start ?? .min),
            "end": VectorValue(digits: answer.end ?? .max),
            "time_zone": "\(answer.timeZone)",
            "live_sessions": VectorValue(digits: answer.liveSessions),
            "automated_sessions": VectorValue(digits: answer.automatedSessions),
            "rows": .list(answer.rows.map(value)),
        ]
    }

    static func value(_ part: ReportPart) -> VectorValue {
        let days = part.days.transitions.map {
            ["start": VectorValue(digits: $0.start), "offset": VectorValue(digits: $0.offset)]
                as VectorValue
        }
        return [
            "clock": VectorValue(digits: part.clock ?? .min),
            "start": VectorValue(digits: part.start ?? .min),
            "end": VectorValue(digits: part.end ?? .max),
            "time_zone": "\(part.timeZone)",
            "live_sessions": VectorValue(digits: part.liveSessions),
            "automated_sessions": VectorValue(digits: part.automatedSessions),
            "rows": VectorValue(part.rowsDefault),
            "first_offset": VectorValue(digits: part.days.firstOffset), "days": .list(days),
            "groups": .list(
                part.groups.map { group in
                    guard case .object(var fields) = value(group.row) else { return .null }
                    fields["median"] = nil
                    fields["times"] = .list(group.times.map { VectorValue(digits: $0) })
                    return .object(fields)
                }),
        ]
    }

    private static func value(_ row: ReportRow) -> VectorValue {
        let figures = row.figures
        var fields: [String: VectorValue] = [
            "kind": "\(row.kind)", "previous": .bool(row.isPrevious), "text": "\(row.text)",
            "next": "\(row.nextText)", "sessions": VectorValue(digits: figures.sessions),
            "visitors": VectorValue(digits: figures.visitors),
            "new_visitors": VectorValue(digits: figures.newVisitors),
            "views": VectorValue(digits: figures.views),
            "actions": VectorValue(digits: figures.actions),
            "conversions": VectorValue(digits: figures.conversions),
            "converted": VectorValue(digits: figures.convertedSessions),
            "engaged": VectorValue(digits: figures.engagedSessions),
            "value": VectorValue(digits: figures.value),
            "duration": VectorValue(digits: figures.durationMilliseconds),
            "median": VectorValue(digits: figures.medianMilliseconds),
        ]
        fields["parent"] = row.parent.map { VectorValue($0) } ?? .null
        fields["time"] = row.time.map { VectorValue(digits: $0) } ?? .null
        return .object(fields)
    }

    static func value(_ request: FetchRequest) -> VectorValue {
        [
            "partition": VectorValue(request.partition),
            "position": VectorValue(digits: request.place.position),
            "index": VectorValue(request.place.index), "entries": VectorValue(request.entriesMax),
        ]
    }

    static func value(_ reply: FetchReply) -> VectorValue {
        [
            "first_partition": VectorValue(reply.firstPartition),
            "last_partition": VectorValue(reply.lastPartition),
            "position": VectorValue(digits: reply.place.position),
            "index": VectorValue(reply.place.index), "more": .bool(reply.hasMore),
            "entries": .list(
                reply.entries.map { entry in
                    var fields: [String: VectorValue] = [
                        "position": VectorValue(digits: entry.place.position),
                        "index": VectorValue(entry.place.index),
                        "property": VectorValue(entry.property.rawValue),
                    ]
                    switch entry.content {
                    case .finished(let session, let visitor):
                        fields["visitor"] = "\(visitor.bits.hexadecimal)"
                        fields["session"] = value(session)
                    case .opened(let session, let visitor):
                        fields["visitor"] = "\(visitor.bits.hexadecimal)"
                        fields["session"] = value(session)
                        fields["opened"] = true
                    case .revised(let revision):
                        fields["revision"] = [
                            "number": VectorValue(digits: revision.number),
                            "from": "\(revision.from)", "into": "\(revision.into)",
                            "cause": "\(revision.cause)",
                            "partition": VectorValue(revision.partition),
                        ]
                    }
                    return .object(fields)
                }),
        ]
    }

    static func value(_ reply: ForgetReply) -> VectorValue {
        [
            "live_sessions": VectorValue(reply.liveSessions),
            "position": VectorValue(digits: reply.position),
        ]
    }
}
