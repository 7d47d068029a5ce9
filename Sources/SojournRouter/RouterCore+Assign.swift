import SojournModel
import SojournService
import SojournWire

extension RouterCore {
    /// sojourn-1, "ASSIGN", "Routers".
    mutating func assign(
        _ inquiry: Inquiry, _ frame: RawSpan, _ id: RequestID
    ) throws(Refusal) {
        if isDraining {
            throw Refusal(
                .draining, retryAfterMilliseconds: 1_000,
                "the router is about to stop; send the batch to another, or again when it is back")
        }
        try checkKnown()
        try rateLimits.check(
            Frame.body(of: frame), of: inquiry.caller, at: inquiry.moment.serverTime)
        let events = UInt64(RateLimits.claimedEvents(Frame.body(of: frame)))
        if let worker = table.soleOwner {
            try passOn(inquiry, frame, to: worker, id)
            counters.events += events
            return
        }
        let plan: BatchSplit.Plan
        do throws(WireError) {
            plan = try Self.plan(
                Frame.body(of: frame), batchLimits, table, &split)
        } catch {
            // A worker judges it wholly, and knows the property besides.
            return try passOn(inquiry, frame, to: try anyWorker(), id)
        }
        switch plan {
        case .unowned(let partition):
            throw unowned(partition)
        case .whole(let owner):
            try passOn(inquiry, frame, to: Int(owner), id)
            counters.wholeBatches += 1
        case .parts:
            try splitBatch(inquiry, Frame.body(of: frame), id)
            counters.splitBatches += 1
        }
        counters.events += events
    }

    private static func plan(
        _ body: RawSpan, _ limits: BatchLimits, _ table: borrowing PartitionTable,
        _ split: inout BatchSplit
    ) throws(WireError) -> BatchSplit.Plan {
        try split.plan(
            body: body, limits: limits, table: table.owners.span, order: table.order.span)
    }

    private mutating func splitBatch(
        _ inquiry: Inquiry, _ body: RawSpan, _ id: RequestID
    ) throws(Refusal) {
        let events = split.order.count
        for part in split.parts { try checkUp(Int(part.owner)) }
        let request = RoutedRequest(id, inquiry, .split(events: events))
        var partHeader = inquiry.header
        partHeader.isPart = true
        do throws(Refusal) {
            for part in split.parts {
                let frame = pool.take(for: request.client)
                split.write(part, of: body, header: partHeader, into: &frame.writer)
                let routed = RoutedPart(
                    request, to: Int(part.owner), rows: part.rows, frame: frame,
                    byteCount: frame.byteCount)
                request.parts.append(routed)
                try checkSize(frame.byteCount)
                try checkRoom(routed.worker, frame.byteCount)
            }
        } catch {
            for part in request.parts { if let frame = part.frame { pool.giveBack(frame) } }
            throw error
        }
        request.order.append(contentsOf: split.order.span)
        begin(request, inquiry.moment)
    }

    /// Passes a request on as it is.
    mutating func passOn(
        _ inquiry: Inquiry, _ frame: RawSpan, to worker: Int, _ id: RequestID
    ) throws(Refusal) {
        try checkUp(worker)
        try checkRoom(worker, frame.byteCount)
        let request = RoutedRequest(id, inquiry, .whole)
        request.parts = [
            RoutedPart(request, to: worker, frame: nil, byteCount: frame.byteCount)
        ]
        begin(request, inquiry.moment)
    }

    // MARK: What may be begun

    var retryMilliseconds: UInt32 { configuration.limits.unavailableRetryMilliseconds }

    /// Code 24 until every partition has a worker; where it is settled what each of them has, until one is known: what
    /// touches only those that are there goes on, whatever the others do.
    func checkKnown() throws(Refusal) {
        if configuration.ranges != nil, table.count > 0 { return }
        try checkComplete()
    }

    /// Code 24 until every partition has a worker.
    func checkComplete() throws(Refusal) {
        if table.isComplete { return }
        let others = links.filter { !$0.isUp }.map { "\($0.name): \($0.reason)" }
        let missing =
            table.count == 0
            ? "no worker is known yet" : "partitions \(table.missing) of \(table.count) have none"
        throw Refusal(
            .unavailable, retryAfterMilliseconds: retryMilliseconds,
            "the router waits for workers: \(missing) (\(others.joined(separator: "; ")))")
    }

    /// Code 24 for what nobody has.
    func unowned(_ partition: Int) -> Refusal {
        Refusal(
            .unavailable, retryAfterMilliseconds: retryMilliseconds,
            "nobody has partition \(partition) for now")
    }

    /// Code 24 while a worker is not there.
    func checkUp(_ worker: Int) throws(Refusal) {
        if links[worker].isUp { return }
        let range = links[worker].hello?.range.map { " with partitions \($0)" } ?? ""
        throw Refusal(
            .unavailable, retryAfterMilliseconds: retryMilliseconds,
            "worker \(links[worker].name)\(range) is not there: \(links[worker].reason)")
    }

    /// Code 20.
    func checkRoom(_ worker: Int, _ byteCount: Int) throws(Refusal) {
        if links[worker].hasRoom(for: byteCount, configuration.limits) { return }
        throw overloaded(
            "worker \(links[worker].name) has more to do than the router queues for it")
    }

    func overloaded(_ reason: String) -> Refusal {
        let pause = configuration.limits.overloadedRetryMilliseconds
        return Refusal(
            .overloaded, retryAfterMilliseconds: pause,
            "\(reason); send this request again after \(pause) ms")
    }

    /// Code 10: texts that shared prefixes may take more room in a part than they had in the batch.
    private func checkSize(_ byteCount: Int) throws(Refusal) {
        guard byteCount > batchLimits.messageBytes else { return }
        throw Refusal(
            WireError(.messageTooLarge, found: byteCount, bound: batchLimits.messageBytes))
    }

    /// A worker that is there.
    func anyWorker() throws(Refusal) -> Int {
        if let worker = links.firstIndex(where: \.isUp) { return worker }
        throw Refusal(
            .unavailable, retryAfterMilliseconds: retryMilliseconds,
            "no worker is there: \(links[0].name): \(links[0].reason)")
    }
}
