import SojournModel
import SojournWire

/// Frames as the content that a golden message has for them, and back.
enum VectorMessage {
    /// Who reads a message.
    enum Direction: String {
        /// A server.
        case request
        /// A client.
        case reply
        /// A reader of the feed: a topic stands in front of the header.
        case feed
    }

    /// Header and body of a frame; throws a `WireError`.
    static func read(
        _ frame: [UInt8], _ direction: Direction
    ) throws(WireError) -> (header: VectorValue, body: VectorValue) {
        // The bytes of an array have no invalid patterns.
        let frame = unsafe frame.span.bytes
        if direction == .feed {
            let (message, _) = try FeedMessage.decode(frame)
            let header = try Frame.open(
                frame.extracting(FeedTopic.byteCount...), role: .client)
            return (
                value(header),
                value(
                    FetchReply(
                        entries: message.entries, place: message.place, hasMore: false,
                        firstPartition: message.firstPartition,
                        lastPartition: message.lastPartition))
            )
        }
        let isRequest = direction == .request
        let header = try Frame.open(frame, role: isRequest ? .server : .client)
        let body = Frame.body(of: frame)
        let content: VectorValue
        switch (header.operation, isRequest) {
        case (.hello, true): content = value(try HelloRequest.decode(body: body))
        case (.hello, false): content = value(try HelloReply.decode(body: body))
        case (.assign, true):
            var scratch = DecodeScratch()
            content = value(try AssignRequest.decode(body: body, scratch: &scratch))
        case (.assign, false): content = value(try AssignReplyView.decode(body: body))
        case (.lookup, true): content = value(try LookupRequest.decode(body: body))
        case (.lookup, false): content = value(try LookupReply.decode(body: body))
        case (.status, true):
            try StatusRequest.decode(body: body)
            content = [:]
        case (.status, false): content = value(try StatusReply.decode(body: body))
        case (.error, _): content = value(try ErrorReply.decode(body: body))
        case (.report, true): content = value(try ReportRequest.decode(body: body))
        case (.report, false) where header.isPart:
            content = value(try ReportPartReply.decode(body: body))
        case (.report, false): content = value(try ReportReply.decode(body: body))
        case (.fetch, true): content = value(try FetchRequest.decode(body: body))
        case (.fetch, false): content = value(try FetchReply.decode(body: body))
        case (.forget, true):
            content = ["key": "\(hexadecimal(try ForgetRequest.decode(body: body)))"]
        case (.forget, false): content = value(try ForgetReply.decode(body: body))
        }
        return (value(header), content)
    }

    /// The frame that this codec writes for the content of one that it reads; nil when it writes
    /// no such thing.
    static func rewrite(_ frame: [UInt8], _ direction: Direction) throws -> [UInt8]? {
        // The bytes of an array have no invalid patterns.
        let frame = unsafe frame.span.bytes
        if direction == .feed {
            let (message, tag) = try FeedMessage.decode(frame)
            var writer = ByteWriter()
            message.encode(deploymentTag: tag, into: &writer)
            return FeedTopic(message.property).bytes + array(writer.bytes)
        }
        let isRequest = direction == .request
        let header = try Frame.open(frame, role: isRequest ? .server : .client)
        let body = Frame.body(of: frame)
        var writer = ByteWriter()
        switch (header.operation, isRequest) {
        case (.hello, true):
            try HelloRequest.decode(body: body).encode(header: header, into: &writer)
        case (.hello, false):
            let reply = try HelloReply.decode(body: body)
            reply.encode(header: header, into: &writer)
        case (.assign, true):
            var scratch = DecodeScratch()
            let batch = try AssignRequest.decode(body: body, scratch: &scratch)
            guard try write(batch, header, &writer) else { return nil }
        case (.assign, false):
            let result = result(try AssignReplyView.decode(body: body))
            AssignReply.encode(result, header: header, into: &writer)
        case (.lookup, true):
            try LookupRequest.decode(body: body).encode(header: header, into: &writer)
        case (.lookup, false):
            try LookupReply.decode(body: body).encode(header: header, into: &writer)
        case (.status, true): StatusRequest.encode(header: header, into: &writer)
        case (.status, false):
            try StatusReply.decode(body: body).encode(header: header, into: &writer)
        case (.error, _): try ErrorReply.decode(body: body).encode(header: header, into: &writer)
        case (.report, true):
            ReportRequest.encode(
                try ReportRequest.decode(body: body), header: header, into: &writer)
        case (.report, false) where header.isPart:
            ReportPartReply.encode(
                try ReportPartReply.decode(body: body), header: header, into: &writer)
        case (.report, false):
            ReportReply.encode(try ReportReply.decode(body: body), header: header, into: &writer)
        case (.fetch, true):
            try FetchRequest.decode(body: body).encode(header: header, into: &writer)
        case (.fetch, false):
            try FetchReply.decode(body: body).encode(header: header, into: &writer)
        case (.forget, true):
            ForgetRequest.encode(
                try ForgetRequest.decode(body: body), header: header, into: &writer)
        case (.forget, false):
            try ForgetReply.decode(body: body).encode(header: header, into: &writer)
        }
        return array(writer.bytes)
    }

    /// Writes the events of a batch anew.
    ///
    /// - Returns: false when the builder, which reckons with the worst, thinks them too large.
    private static func write(
        _ batch: borrowing EventBatch, _ header: MessageHeader, _ writer: inout ByteWriter
    ) throws -> Bool {
        var builder = BatchBuilder()
        for row in 0..<batch.count {
            let name = batch.names[row]
            let context = batch.contextIndexes[row]
            do throws(EventRefusal) {
                var text = TextReference.none
                if name > 0 { text = try builder.text(batch.texts[name - 1]) }
                var attributes = ContextReference.none
                if context > 0 {
                    attributes = try builder.context(contextValue(batch, context - 1))
                }
                try builder.add(
                    time: batch.time(at: row), kind: batch.kind(at: row),
                    visitor: batch.visitorKeys[batch.visitors[row]], name: text,
                    context: attributes, value: batch.value(at: row),
                    eventID: batch.eventID(at: row))
            } catch {
                let isLarge = builder.byteCountBound > Limits.messageBytesMax / 2
                if isLarge, error == .full || error == .tooLarge { return false }
                throw error
            }
        }
        builder.encode(header: header, into: &writer)
        return true
    }

    private static func contextValue(_ batch: borrowing EventBatch, _ row: Int) -> EventContext {
        var context = EventContext(isKnownBot: batch.contexts.isKnownBot(row: row))
        for attribute in ContextAttribute.allCases {
            let text = batch.contexts.text(row: row, attribute: attribute.rawValue)
            if text > 0 { context[attribute] = string(batch.texts[text - 1]) }
        }
        return context
    }

    private static func result(_ view: borrowing AssignReplyView) -> BatchResult {
        var result = BatchResult()
        result.clock = view.clock
        for row in 0..<view.sessionCount { result.sessions.append(view.session(row)) }
        for event in 0..<view.eventCount {
            result.eventSessions.append(UInt32((view.sessionIndex(event: event) ?? -1) + 1))
            result.positions.append(UInt32(view.position(event: event)))
            result.outcomes.append(view.outcome(event: event).rawValue)
        }
        for row in 0..<view.revisionCount { result.revisions.append(view.revision(row)) }
        return result
    }
}

// MARK: - Content

extension VectorMessage {
    private static func value(_ header: MessageHeader) -> VectorValue {
        [
            "version": VectorValue(header.version), "operation": "\(header.operation.name)",
            "flags": VectorValue((header.isReply ? 1 : 0) + (header.isPart ? 2 : 0)),
            "correlation": VectorValue(digits: header.correlation),
            "producer": VectorValue(digits: header.producer.rawValue),
            "sequence": VectorValue(digits: header.sequence),
            "deadline": VectorValue(header.deadlineMilliseconds),
            "property": VectorValue(header.property.rawValue),
            "deployment": VectorValue(digits: header.deploymentTag),
        ]
    }

    private static func value(_ request: HelloRequest) -> VectorValue {
        [
            "lowest_version": VectorValue(request.versions.lowerBound),
            "highest_version": VectorValue(request.versions.upperBound),
            "features": VectorValue(request.features),
            "deployment": "\(request.deployment.bits.hexadecimal)", "name": "\(request.name)",
        ]
    }

    private static func value(_ reply: HelloReply) -> VectorValue {
        [
            "version": VectorValue(reply.version), "features": VectorValue(reply.features),
            "deployment": "\(reply.deployment.bits.hexadecimal)",
            "server_time": VectorValue(digits: reply.serverTime),
            "message_bytes": VectorValue(reply.limits.messageBytes),
            "batch_events": VectorValue(reply.limits.events),
            "visitor_key_bytes": VectorValue(reply.limits.visitorKeyBytes),
            "text_bytes": VectorValue(reply.limits.textBytes),
            "batch_texts": VectorValue(reply.limits.texts),
            "batch_contexts": VectorValue(reply.limits.contexts),
            "credit": VectorValue(reply.credit),
            "producer_window": VectorValue(reply.producerWindow),
            "partitions": VectorValue(reply.partitions),
            "first_partition": VectorValue(Int(reply.firstPartition)),
            "last_partition": VectorValue(Int(reply.lastPartition)), "name": "\(reply.serverName)",
            "server_version": "\(reply.serverVersion)",
        ]
    }

    private static func value(_ batch: borrowing EventBatch) -> VectorValue {
        var events: [VectorValue] = []
        for row in 0..<batch.count {
            var event: [String: VectorValue] = [
                "time": VectorValue(digits: batch.time(at: row)),
                "kind": "\(batch.kind(at: row).name)",
                "visitor": "\(hexadecimal(batch.visitorKeys[batch.visitors[row]]))",
            ]
            if batch.names[row] > 0 {
                event["name"] = "\(string(batch.texts[batch.names[row] - 1]))"
            }
            if batch.contextIndexes[row] > 0 {
                let context = contextValue(batch, batch.contextIndexes[row] - 1)
                var fields = fields(ContextAttribute.allCases.map { context[$0] })
                if context.isKnownBot { fields["knownBot"] = true }
                event["context"] = .object(fields)
            }
            if batch.value(at: row) != 0 {
                event["value"] = VectorValue(digits: batch.value(at: row))
            }
            if batch.eventID(at: row) != 0 {
                event["event_id"] = VectorValue(digits: batch.eventID(at: row))
            }
            events.append(.object(event))
        }
        return ["base_time": VectorValue(digits: batch.baseTime), "events": .list(events)]
    }

    private static func value(_ view: borrowing AssignReplyView) -> VectorValue {
        var sessions: [VectorValue] = []
        for row in 0..<view.sessionCount {
            let session = view.session(row)
            var fields = fields(session.state)
            fields["id"] = "\(session.id)"
            fields["start"] = VectorValue(digits: session.start)
            fields["ordinal"] = VectorValue(session.ordinal)
            sessions.append(.object(fields))
        }
        var events: [VectorValue] = []
        for event in 0..<view.eventCount {
            events.append([
                "session": view.sessionIndex(event: event).map { VectorValue($0) } ?? .null,
                "position": VectorValue(view.position(event: event)),
                "outcome": "\(view.outcome(event: event))",
            ])
        }
        var revisions: [VectorValue] = []
        for row in 0..<view.revisionCount {
            let revision = view.revision(row)
            revisions.append([
                "number": VectorValue(digits: revision.number), "from": "\(revision.from)",
                "into": "\(revision.into)", "cause": "\(revision.cause)",
                "partition": VectorValue(revision.partition),
            ])
        }
        return [
            "clock": VectorValue(digits: view.clock), "sessions": .list(sessions),
            "events": .list(events), "revisions": .list(revisions),
        ]
    }

    private static func value(_ request: borrowing LookupRequest) -> VectorValue {
        switch copy request {
        case .visitor(let key): ["by": "visitor", "key": "\(hexadecimal(key))"]
        case .session(let id): ["by": "session", "key": "\(id.bits.hexadecimal)"]
        }
    }

    private static func value(_ reply: LookupReply) -> VectorValue {
        ["clock": VectorValue(digits: reply.clock), "sessions": .list(reply.sessions.map(value))]
    }

    static func value(_ session: SessionSnapshot) -> VectorValue {
        var fields: [String: VectorValue] = [
            "id": "\(session.id)", "ordinal": VectorValue(session.ordinal),
            "first_event": VectorValue(digits: session.firstEvent),
            "last_event": VectorValue(digits: session.lastEvent),
            "value": VectorValue(digits: session.value),
            "engaged": VectorValue(digits: session.engagedMilliseconds),
            "events": VectorValue(session.events), "views": VectorValue(session.views),
            "actions": VectorValue(session.actions),
            "conversions": VectorValue(session.conversions),
            "state": .object(Self.fields(session.state)),
            "boundary_out": session.boundaryOut.map { "\($0.name)" } ?? .null,
            "context": .object(Self.fields(session.context)),
            "finishes": VectorValue(digits: session.finishesAt),
        ]
        if !session.landingPage.isEmpty { fields["landing_page"] = "\(session.landingPage)" }
        if !session.exitPage.isEmpty { fields["exit_page"] = "\(session.exitPage)" }
        fields["path"] = .list(
            session.path.map {
                $0.page.isEmpty
                    ? ["after": VectorValue($0.milliseconds)]
                    : ["after": VectorValue($0.milliseconds), "page": "\($0.page)"]
            })
        return .object(fields)
    }

    private static func value(_ reply: StatusReply) -> VectorValue {
        [
            "server_time": VectorValue(digits: reply.serverTime),
            "gauges": .list(
                reply.gauges.map {
                    ["name": "\($0.name)", "value": VectorValue(digits: $0.value)]
                }),
        ]
    }

    private static func value(_ reply: ErrorReply) -> VectorValue {
        [
            "code": "\(reply.code.name)", "retriable": .bool(reply.isRetriable),
            "retry_after": VectorValue(reply.retryAfterMilliseconds),
            "offset": reply.offset.map { VectorValue($0) } ?? .null,
            "lowest_version": VectorValue(reply.lowestVersion),
            "highest_version": VectorValue(reply.highestVersion), "message": "\(reply.message)",
        ]
    }

    /// The attributes that are not empty.
    private static func fields(_ attributes: [String]) -> [String: VectorValue] {
        var fields: [String: VectorValue] = [:]
        for attribute in ContextAttribute.allCases {
            let text = attributes[attribute.rawValue]
            if !text.isEmpty { fields[attribute.name] = "\(text)" }
        }
        return fields
    }

    private static func fields(_ state: SessionState) -> [String: VectorValue] {
        [
            "boundary": "\(state.boundary?.name ?? "none")", "late": .bool(state.isLate),
            "merged": .bool(state.isMerged), "automated": .bool(state.isAutomated),
            "ended": .bool(state.isEnded), "engaged": .bool(state.isEngaged),
        ]
    }
}

// MARK: - Bytes

extension VectorMessage {
    static func bytes(_ digits: String) -> [UInt8]? {
        let digits = Array(digits.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = nibble(digits[index]), let low = nibble(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func array(_ span: RawSpan) -> [UInt8] {
        // The closure reads the bytes only while the span lives.
        unsafe span.withUnsafeBytes { unsafe Array($0) }
    }

    private static func string(_ span: RawSpan) -> String {
        String(decoding: array(span), as: UTF8.self)
    }

    private static func hexadecimal(_ span: RawSpan) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = array(span).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
