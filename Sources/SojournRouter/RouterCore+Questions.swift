import SojournModel
import SojournService
import SojournWire

extension RouterCore {
    /// sojourn-1, "HELLO": the router answers for its workers, with the lowest of their limits.
    mutating func hello(
        _ header: MessageHeader, _ body: RawSpan, _ id: RequestID, _ moment: RouterMoment
    ) throws(Refusal) {
        do throws(WireError) {
            _ = try HelloRequest.decode(body: body, deployment: deployment ?? .any)
        } catch { throw Refusal(error) }
        try checkKnown()
        guard let deployment,
            let partitions = PartitionRange(first: 0, last: table.count - 1, count: table.count)
        else { preconditionFailure("a table is of a deployment") }
        let windows = links.compactMap { $0.hello?.producerWindow }
        let reply = HelloReply(
            deployment: deployment, serverTime: moment.serverTime, limits: batchLimits,
            credit: configuration.limits.credit,
            producerWindow: windows.min() ?? Limits.producerWindow, partitions: partitions,
            serverName: configuration.serverName, serverVersion: configuration.serverVersion)
        answer(id) { reply.encode(header: header.reply(deploymentTag: deployment.tag), into: &$0) }
    }

    /// sojourn-1, "LOOKUP": one worker knows a visitor; a session may be anybody's.
    mutating func lookup(
        _ inquiry: Inquiry, _ frame: RawSpan, _ id: RequestID
    ) throws(Refusal) {
        try checkKnown()
        let request: LookupRequest
        do throws(WireError) {
            request = try LookupRequest.decode(
                body: Frame.body(of: frame), limits: batchLimits)
        } catch { return try passOn(inquiry, frame, to: try anyWorker(), id) }
        switch request {
        case .visitor(let key): try passOn(inquiry, frame, to: try owner(of: key), id)
        case .session:
            try checkComplete()
            if let worker = table.soleOwner {
                return try passOn(inquiry, frame, to: worker, id)
            }
            try checkAllUp(frame.byteCount)
            askAll(inquiry, frame, .everywhere, id)
        }
    }

    /// Workers that have partitions.
    private var owners: [Int] { links.indices.filter { worker in table.has(worker) } }

    private func checkAllUp(_ byteCount: Int) throws(Refusal) {
        for worker in owners {
            try checkUp(worker)
            try checkRoom(worker, byteCount)
        }
    }

    /// sojourn-1, "Parts of reports": each worker answers for its partitions, and the router adds up.
    mutating func report(
        _ inquiry: Inquiry, _ frame: RawSpan, _ id: RequestID
    ) throws(Refusal) {
        guard !inquiry.header.isPart else {
            throw Refusal(.notPermitted, at: 6, "a router has no part of its own of a report")
        }
        try checkComplete()
        if let worker = table.soleOwner { return try passOn(inquiry, frame, to: worker, id) }
        let question: ReportQuestion
        do throws(WireError) {
            question = try ReportRequest.decode(body: Frame.body(of: frame))
        } catch { return try passOn(inquiry, frame, to: try anyWorker(), id) }
        let down = owners.filter { worker in !links[worker].isUp }
        if let first = down.first {
            throw Refusal(
                .unavailable, retryAfterMilliseconds: retryMilliseconds,
                "\(missing(of: down)), and no report is made without them: worker "
                    + "\(links[first].name) is not there: \(links[first].reason)")
        }
        guard reportsInFlight < configuration.limits.reportsMax else {
            throw Refusal(
                .overloaded, retryAfterMilliseconds: 1_000,
                "the router has as many reports at work as it allows; ask again later")
        }
        try checkAllUp(frame.byteCount)
        askAll(inquiry, frame, .report(question), id)
    }

    /// How many partitions are missing when workers are.
    func missing(of workers: [Int]) -> String {
        let count = workers.reduce(0) { $0 + table.count(of: $1) }
        return "\(count) of \(table.count) partitions are missing"
    }

    /// sojourn-1, "FORGET": one worker knows the visitor.
    mutating func forget(
        _ inquiry: Inquiry, _ frame: RawSpan, _ id: RequestID
    ) throws(Refusal) {
        try checkComplete()
        let key: RawSpan
        do throws(WireError) {
            key = try ForgetRequest.decode(body: Frame.body(of: frame), limits: batchLimits)
        } catch { return try passOn(inquiry, frame, to: try anyWorker(), id) }
        try passOn(inquiry, frame, to: try owner(of: key), id)
    }

    /// sojourn-1, "FETCH": the worker that has the partition has its order, too. Whether the client may read
    /// all that stands in it was checked with its other rights; the worker takes the router's word.
    mutating func fetch(
        _ inquiry: Inquiry, _ frame: RawSpan, _ id: RequestID
    ) throws(Refusal) {
        try checkKnown()
        let partition: Int
        do throws(WireError) {
            partition = Int(try FetchRequest.decode(body: Frame.body(of: frame)).partition)
        } catch { return try passOn(inquiry, frame, to: try anyWorker(), id) }
        // A worker says how many there are.
        let worker = partition < table.count ? try owner(of: partition) : try anyWorker()
        try passOn(inquiry, frame, to: worker, id)
    }

    /// The worker to which a visitor falls.
    private func owner(of visitor: RawSpan) throws(Refusal) -> Int {
        try owner(of: PartitionHash.partition(of: visitor, count: table.count))
    }

    /// The worker that has a partition.
    private func owner(of partition: Int) throws(Refusal) -> Int {
        guard let worker = table.owner(of: partition) else { throw unowned(partition) }
        return worker
    }

    private mutating func askAll(
        _ inquiry: Inquiry, _ frame: RawSpan, _ kind: RoutedRequest.Kind, _ id: RequestID
    ) {
        let request = RoutedRequest(id, inquiry, kind)
        for worker in owners {
            let copy = pool.take(for: request.client)
            copy.copy(frame)
            if request.isReport { copy.writer.markPart() }
            request.parts.append(
                RoutedPart(request, to: worker, frame: copy, byteCount: copy.byteCount))
        }
        begin(request, inquiry.moment)
    }

    /// sojourn-1, "STATUS": the router's own gauges; who does not administer everything sees that it is there.
    mutating func status(
        _ inquiry: Inquiry, _ body: RawSpan, _ id: RequestID
    ) throws(Refusal) {
        do throws(WireError) { try StatusRequest.decode(body: body) } catch {
            throw Refusal(error)
        }
        let moment = inquiry.moment
        let isOperator = inquiry.caller.rights.everywhere.contains(.admin)
        let status = StatusReply(
            gauges: isOperator ? gauges(at: moment) : health(at: moment),
            serverTime: moment.serverTime)
        let header = inquiry.header.reply(deploymentTag: deployment?.tag ?? 0)
        answer(id) { status.encode(header: header, into: &$0) }
    }

    private func health(at moment: RouterMoment) -> [Gauge] {
        [
            Gauge("uptime_milliseconds", Int(max(0, moment.serverTime - startedAt))),
            Gauge("draining", isDraining ? 1 : 0),
        ]
    }

    private func gauges(at moment: RouterMoment) -> [Gauge] {
        let up = links.count { $0.isUp }
        let parts = links.reduce(0) { $0 + $1.partCount }
        var refusals = counters.refusals
        refusals.add(shell.refusals)
        var gauges = health(at: moment)
        gauges += [
            Gauge("workers", links.count),
            Gauge("workers_up", up),
            Gauge("partitions", table.count),
            Gauge("partitions_covered", table.covered),
            Gauge("partitions_up", partitionsUp),
            Gauge("requests_in_flight", requestsInFlight),
            Gauge("parts_in_flight", parts),
            Gauge("reports_in_flight", reportsInFlight),
            Gauge("parts_total", links.reduce(0 as UInt64) { $0 + $1.partsTotal }),
            Gauge("parts_resent_total", links.reduce(0 as UInt64) { $0 + $1.resentTotal }),
        ]
        gauges += counters.gauges + refusals.gauges
        gauges.append(Gauge("rate_limited_batches_total", rateLimits.refusals))
        for (number, link) in links.enumerated() {
            let prefix = "worker_\(number)"
            gauges += [
                Gauge("\(prefix)_up", link.isUp ? 1 : 0),
                Gauge("\(prefix)_first_partition", Int(link.hello?.firstPartition ?? 0)),
                Gauge("\(prefix)_last_partition", Int(link.hello?.lastPartition ?? 0)),
                Gauge("\(prefix)_parts_waiting", link.waitingCount),
                Gauge("\(prefix)_parts_in_flight", link.inFlight.count),
                Gauge("\(prefix)_queued_bytes", link.byteCount),
                Gauge("\(prefix)_parts_total", link.partsTotal),
                Gauge("\(prefix)_parts_resent_total", link.resentTotal),
                Gauge("\(prefix)_replies_total", link.repliesTotal),
                Gauge("\(prefix)_downs_total", link.downsTotal),
                Gauge("\(prefix)_latency_microseconds", Int(link.latency)),
            ]
        }
        return gauges + shell.gauges
    }

    /// Partitions whose worker is there.
    private var partitionsUp: Int {
        var up = 0
        for partition in 0..<table.count {
            if let owner = table.owner(of: partition), links[owner].isUp { up += 1 }
        }
        return up
    }

    /// Answers a request at once.
    private mutating func answer(_ id: RequestID, _ write: (inout ByteWriter) -> Void) {
        let buffer = pool.take()
        buffer.write(write)
        actions.append(.answer(id, buffer))
    }
}
