import SojournModel
import SojournWire

/// Frames, decoded.
enum FuzzMessages {
    /// The first byte says whether the frame behind it is mended.
    private static func frame(_ bytes: [UInt8], isReply: Bool) -> [UInt8] {
        var frame = Array(bytes.dropFirst())
        if (bytes.first ?? 0) & 1 == 1 { FuzzBytes.mendFrame(&frame, isReply: isReply) }
        return frame
    }

    /// A request that is decoded can be read in place, wholly.
    static func request(_ bytes: [UInt8]) {
        let frame = frame(bytes, isReply: false)
        // The bytes of an array have no invalid patterns.
        let span = unsafe frame.span.bytes
        do throws(WireError) {
            let header = try Frame.open(span, role: .server)
            let body = Frame.body(of: span)
            switch header.operation {
            case .hello: try check(HelloRequest.decode(body: body), header)
            case .assign:
                var scratch = DecodeScratch()
                walk(try AssignRequest.decode(body: body, scratch: &scratch))
            case .lookup: _ = try LookupRequest.decode(body: body)
            case .status: try StatusRequest.decode(body: body)
            case .report: _ = try ReportRequest.decode(body: body)
            case .fetch: _ = try FetchRequest.decode(body: body)
            case .forget: _ = try ForgetRequest.decode(body: body)
            case .error: preconditionFailure("an ERROR was taken for a request")
            }
        } catch { check(error, span) }
    }

    /// A reply that is decoded can be read wholly, and what this codec writes again it reads again.
    static func reply(_ bytes: [UInt8]) {
        let frame = frame(bytes, isReply: true)
        // The bytes of an array have no invalid patterns.
        let span = unsafe frame.span.bytes
        do throws(WireError) {
            let header = try Frame.open(span, role: .client)
            let body = Frame.body(of: span)
            switch header.operation {
            case .hello: _ = try HelloReply.decode(body: body)
            case .assign: walk(try AssignReplyView.decode(body: body))
            case .lookup: _ = try LookupReply.decode(body: body)
            case .status: _ = try StatusReply.decode(body: body)
            case .report where header.isPart: _ = try ReportPartReply.decode(body: body)
            case .report: _ = try ReportReply.decode(body: body)
            case .fetch: _ = try FetchReply.decode(body: body)
            case .forget: _ = try ForgetReply.decode(body: body)
            case .error: try check(ErrorReply.decode(body: body), header)
            }
        } catch { check(error, span) }
    }

    /// A message of the feed that is decoded is written again as one that says the same.
    static func feed(_ bytes: [UInt8]) {
        // The topic stands in front of what is mended.
        let topic = FeedTopic(PropertyID(1)).bytes
        var message = Array(bytes.dropFirst())
        if (bytes.first ?? 0) & 1 == 1 {
            var frame = Array(message.dropFirst(topic.count))
            FuzzBytes.mendFrame(&frame, isReply: true)
            if frame.count >= MessageHeader.byteCount {
                // Property and operation, which a checksum covers.
                FuzzBytes.put(UInt32(1), at: 36, in: &frame)
                frame[5] = SojournWire.Operation.fetch.rawValue
                FuzzBytes.put(FuzzBytes.checksum(frame, 0..<60), at: 60, in: &frame)
            }
            message = topic + frame
        }
        // The bytes of an array have no invalid patterns.
        let span = unsafe message.span.bytes
        do throws(WireError) {
            let (first, tag) = try FeedMessage.decode(span)
            var writer = ByteWriter()
            first.encode(deploymentTag: tag, into: &writer)
            let again = FeedTopic(first.property).bytes + writer.array
            let (second, secondTag) = try decodeAgain(again)
            precondition(second == first && secondTag == tag, "a message comes to another one")
        } catch { check(error, span) }
    }

    private static func decodeAgain(
        _ message: [UInt8]
    ) throws(WireError) -> (message: FeedMessage, deploymentTag: UInt64) {
        do throws(WireError) {
            // The bytes of an array have no invalid patterns.
            return try FeedMessage.decode(unsafe message.span.bytes)
        } catch { preconditionFailure("a message that was written again is refused: \(error)") }
    }

    /// A fault is a sentence, and lies within the frame or at its end.
    private static func check(_ error: WireError, _ frame: RawSpan) {
        let reply = ErrorReply(error)
        precondition(!reply.message.isEmpty)
        precondition(reply.offset.map { Int($0) <= frame.byteCount } ?? true)
    }

    private static func check(_ hello: HelloRequest, _ header: MessageHeader) {
        var writer = ByteWriter()
        hello.encode(header: header, into: &writer)
        do throws(WireError) {
            _ = try HelloRequest.decode(body: Frame.body(of: writer.bytes))
        } catch { preconditionFailure("a HELLO that was written again is refused: \(error)") }
    }

    private static func check(_ error: ErrorReply, _ header: MessageHeader) {
        var writer = ByteWriter()
        error.encode(header: header, into: &writer)
        do throws(WireError) {
            _ = try ErrorReply.decode(body: Frame.body(of: writer.bytes))
        } catch { preconditionFailure("an ERROR that was written again is refused: \(error)") }
    }

    private static func walk(_ batch: EventBatch) {
        precondition(batch.count > 0)
        for row in 0..<batch.count {
            precondition(batch.time(at: row) >= 0)
            _ = (batch.kind(at: row), batch.value(at: row), batch.eventID(at: row))
            precondition((1...128).contains(batch.visitorKeys[batch.visitors[row]].byteCount))
            if batch.names.width > 0, batch.names[row] > 0 {
                _ = batch.texts[batch.names[row] - 1].byteCount
            }
            if batch.contextIndexes.width > 0, batch.contextIndexes[row] > 0 {
                let context = batch.contextIndexes[row] - 1
                _ = batch.contexts.isKnownBot(row: context)
                for attribute in 0..<ContextTable.attributeCount {
                    let text = batch.contexts.text(row: context, attribute: attribute)
                    if text > 0 { _ = batch.texts[text - 1].byteCount }
                }
            }
        }
    }

    private static func walk(_ reply: AssignReplyView) {
        for row in 0..<reply.sessionCount { _ = reply.session(row) }
        for row in 0..<reply.revisionCount { _ = reply.revision(row) }
        for event in 0..<reply.eventCount {
            _ = reply.outcome(event: event)
            _ = reply.position(event: event)
            if let row = reply.sessionIndex(event: event) {
                precondition(row < reply.sessionCount)
            }
        }
    }
}
