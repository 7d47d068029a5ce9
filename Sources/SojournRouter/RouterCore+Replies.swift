import SojournModel
import SojournService
import SojournWire

extension RouterCore {
    /// Takes a message of a worker. An answer that is to be passed on as it is comes out as the action
    /// `passOn` at once: see to it before the message is gone.
    package mutating func received(_ frame: RawSpan, from worker: Int, at moment: RouterMoment) {
        let header: MessageHeader
        do throws(WireError) {
            header = try Frame.open(frame, role: .client, checksBody: false)
        } catch {
            counters.badReplies += 1
            return
        }
        links[worker].heardAt = moment.steady
        if header.operation == .hello || header.correlation == links[worker].greeting {
            return greeted(header, frame, worker, moment)
        }
        guard let part = links[worker].inFlight.removeValue(forKey: header.correlation) else {
            counters.lateReplies += 1
            return
        }
        links[worker].repliesTotal += 1
        links[worker].note(latency: moment.steady - min(part.sentAt, moment.steady))
        conclude(part, header, frame)
        fill(worker, moment)
    }

    /// Makes of an answer what it says of the part.
    private mutating func conclude(
        _ part: RoutedPart, _ header: MessageHeader, _ frame: RawSpan
    ) {
        let request = part.request
        if header.operation == .error {
            let reply: ErrorReply
            do throws(WireError) {
                try Frame.checkBody(of: frame)
                reply = try ErrorReply.decode(body: Frame.body(of: frame))
            } catch {
                counters.badReplies += 1
                return settle(part, .unknown)
            }
            // What it says of this sending, it does not say of those before.
            if part.sends > 1, request.changesState { return settle(part, .unknown) }
            return settle(part, .refused(refusal(reply, of: part)))
        }
        let isOfPart = if case .report = request.kind { true } else { false }
        guard header.operation == request.header.operation, header.isPart == isOfPart else {
            counters.badReplies += 1
            return settle(part, .unknown)
        }
        if case .whole = request.kind {
            let address = ForwardAddress(
                correlation: request.header.correlation, deadlineMilliseconds: 0,
                flags: MessageHeader.replyFlag)
            actions.append(.passOn(request.id, address))
            return settle(part, .answered(nil))
        }
        request.replyBytes += frame.byteCount
        if request.isReport, request.replyBytes > configuration.limits.reportBytesMax {
            return settle(part, .refused(tooLong))
        }
        let buffer = pool.take()
        buffer.copy(frame)
        settle(part, .answered(buffer))
    }

    private var tooLong: ErrorReply {
        ErrorReply(
            code: .reportTooLong,
            message: "the parts of this answer take more than "
                + "\(configuration.limits.reportBytesMax >> 20) MiB; ask for a shorter period, or with a "
                + "filter")
    }

    /// What a worker's refusal is to the client. One that does not trust the router says nothing of the
    /// client, whose rights the router has checked.
    private func refusal(_ reply: ErrorReply, of part: RoutedPart) -> ErrorReply {
        guard reply.code == .notPermitted, part.request.client != nil else { return reply }
        if part.request.header.operation == .forget {
            return ErrorReply(
                code: .notPermitted, offset: 36,
                message: "worker \(links[part.worker].name) lets this router erase nothing; give "
                    + "the router admin on the property, in the worker's file of clients")
        }
        return ErrorReply(
            code: .unavailable, retryAfterMilliseconds: retryMilliseconds,
            message: "worker \(links[part.worker].name) does not take this router for one: "
                + reply.message)
    }

    // MARK: The answer to the client

    /// All parts of a request have ended.
    mutating func finish(_ request: RoutedRequest) {
        if let error = failure(of: request) {
            if case .report = request.kind { reportsInFlight -= 1 }
            fail(request, error)
        } else {
            switch request.kind {
            // Was passed on.
            case .whole: break
            case .split(let events): mergeReplies(request, events: events)
            case .everywhere: mergeLookups(request)
            case .report(let question): return assemble(request, question)
            }
        }
        end(request)
    }

    private mutating func end(_ request: RoutedRequest) {
        requestsInFlight -= 1
        for part in request.parts {
            if case .answered(let buffer?)? = part.outcome { pool.giveBack(buffer) }
        }
    }

    /// The ERROR for a request of which a part failed; nil when none did.
    private func failure(of request: RoutedRequest) -> ErrorReply? {
        var refusals: [(worker: Int, error: ErrorReply)] = []
        var unknown: [Int] = []
        for part in request.parts {
            switch part.outcome {
            case .answered?: break
            case .refused(let error)?: refusals.append((part.worker, error))
            case .unknown?: unknown.append(part.worker)
            case nil: preconditionFailure("a request ended before its parts")
            }
        }
        if refusals.isEmpty, unknown.isEmpty { return nil }
        let pause = refusals.map(\.error.retryAfterMilliseconds).max() ?? 0
        if !request.changesState || unknown.isEmpty && refusals.count == request.parts.count {
            // Nothing was applied. The lowest code takes precedence.
            if var error = refusals.map(\.error).min(by: { $0.code.rawValue < $1.code.rawValue }) {
                error.retryAfterMilliseconds = pause
                if request.isReport, error.code == .unavailable {
                    let away = refusals.filter { $0.error.code == .unavailable }.map(\.worker)
                    error.message = "\(missing(of: away + unknown)): \(error.message)"
                }
                return error
            }
            let gap = request.isReport ? "\(missing(of: unknown)): " : ""
            return ErrorReply(
                code: .unavailable, retryAfterMilliseconds: retryMilliseconds,
                message: "\(gap)no answer from \(names(unknown))")
        }
        var reasons: [String] = []
        if !unknown.isEmpty { reasons.append("no answer from \(names(unknown))") }
        for (worker, error) in refusals {
            reasons.append("\(links[worker].name) refused: \(error.message)")
        }
        return ErrorReply(
            code: .incomplete, retryAfterMilliseconds: max(pause, retryMilliseconds),
            message: request.doubt + ": " + reasons.joined(separator: "; "))
    }

    private func names(_ workers: [Int]) -> String {
        workers.map { links[$0].name }.joined(separator: ", ")
    }

    private mutating func fail(_ request: RoutedRequest, _ error: ErrorReply) {
        counters.refusals.count(error: error.code)
        let buffer = pool.take()
        error.encode(
            header: request.header.reply(.error, deploymentTag: deployment?.tag ?? 0),
            into: &buffer.writer)
        actions.append(.answer(request.id, buffer))
    }

    private mutating func mergeReplies(_ request: RoutedRequest, events: Int) {
        merge.begin(events: events)
        for part in request.parts {
            guard case .answered(let buffer?)? = part.outcome else {
                preconditionFailure("a part was answered without its reply")
            }
            do throws(WireError) {
                try Self.add(buffer, request.order, part.rows, to: &merge)
            } catch { return failMerge(request, part.worker, error) }
        }
        let buffer = pool.take()
        merge.write(
            header: request.header.reply(deploymentTag: deployment?.tag ?? 0),
            into: &buffer.writer)
        actions.append(.answer(request.id, buffer))
    }

    private static func add(
        _ reply: FrameBuffer, _ order: borrowing GrowableBuffer<UInt16>, _ rows: Range<Int>,
        to merge: inout AssignReplyMerge
    ) throws(WireError) {
        let span = order.span.extracting(rows)
        try reply.writer.add(to: &merge, rows: span)
    }

    private mutating func assemble(_ request: RoutedRequest, _ question: ReportQuestion) {
        var assembly = ReportAssembly(
            question: question,
            header: request.header.reply(deploymentTag: deployment?.tag ?? 0))
        for part in request.parts {
            guard case .answered(let buffer?)? = part.outcome else {
                preconditionFailure("a part was answered without its reply")
            }
            assembly.replies.append((links[part.worker].name, buffer.writer.array))
        }
        actions.append(.assemble(request.id, assembly))
        for part in request.parts {
            if case .answered(let buffer?)? = part.outcome { pool.giveBack(buffer) }
        }
    }

    /// An answer was put together.
    ///
    /// - Parameter frame: as `ReportAssembly.frame` gives it.
    package mutating func assembled(_ id: RequestID, _ frame: [UInt8]) {
        requestsInFlight -= 1
        reportsInFlight -= 1
        // Safe: bytes have no padding.
        let bytes = unsafe frame.span.bytes
        if let header = MessageHeader.readable(bytes), header.operation == .error,
            let error = try? ErrorReply.decode(body: Frame.body(of: bytes))
        {
            counters.refusals.count(error: error.code)
        }
        let buffer = pool.take()
        buffer.copy(bytes)
        actions.append(.answer(id, buffer))
    }

    private mutating func mergeLookups(_ request: RoutedRequest) {
        var merged = LookupReply(sessions: [], clock: .min)
        for part in request.parts {
            guard case .answered(let buffer?)? = part.outcome else {
                preconditionFailure("a part was answered without its reply")
            }
            do throws(WireError) {
                let reply = try buffer.read { (frame) throws(WireError) in
                    try Frame.checkBody(of: frame)
                    return try LookupReply.decode(body: Frame.body(of: frame))
                }
                merged.sessions += reply.sessions
                merged.clock = max(merged.clock, reply.clock)
            } catch { return failMerge(request, part.worker, error) }
        }
        let buffer = pool.take()
        merged.encode(
            header: request.header.reply(deploymentTag: deployment?.tag ?? 0),
            into: &buffer.writer)
        actions.append(.answer(request.id, buffer))
    }

    /// A worker's reply makes no sense.
    private mutating func failMerge(_ request: RoutedRequest, _ worker: Int, _ error: WireError) {
        counters.badReplies += 1
        fail(
            request,
            ErrorReply(
                code: request.changesState ? .incomplete : .internal,
                retryAfterMilliseconds: retryMilliseconds,
                message: "the reply of worker \(links[worker].name) cannot be read: \(error)"))
    }
}

extension ByteWriter {
    /// Adds the reply that was written here.
    fileprivate func add(
        to merge: inout AssignReplyMerge, rows: Span<UInt16>
    ) throws(WireError) {
        try Frame.checkBody(of: bytes)
        try merge.add(body: Frame.body(of: bytes), rows: rows)
    }
}
