package import SojournModel
package import SojournService
import SojournWire

/// A whole router but for its sockets, threads and clocks: requests, workers' replies and time in,
/// actions out (sojourn-1, "Routers").
///
///     client's batch --> split by partition --> parts, one a worker --> merged --> client
///                                               |  wait for credit
///                                               |  sent again when a worker was away
///
/// It keeps nothing: what was applied, and under which number, the workers know. The same requests,
/// replies and moments give the same actions.
///
/// A worker that is slow or gone has a bounded number of parts waiting; what touches only others goes
/// on. A batch is answered when all of its parts are: with the merged reply; with the refusal, when none
/// of them was applied; else with `incomplete`, and the same batch sent again completes it.
package struct RouterCore: ~Copyable {
    package let configuration: RouterConfiguration
    let startedAt: Int64

    var links: [WorkerLink]
    var table = PartitionTable()
    /// Of the workers; nil before the first is known.
    var deployment: DeploymentID?
    /// The lowest of what the workers take.
    var batchLimits = BatchLimits.full
    var counters = RouterCounters()
    /// What clients have sent lately.
    var rateLimits = RateLimits()
    /// What STATUS shows besides. The shell sets it before a STATUS is answered.
    package var shell = ShellReport()

    /// Requests that are not answered yet.
    package internal(set) var requestsInFlight = 0
    /// Of them, reports over several workers.
    var reportsInFlight = 0
    /// New batches are refused.
    package private(set) var isDraining = false

    var actions = Queue<RouterAction>()
    var pool = FramePool()
    var split = BatchSplit()
    var merge = AssignReplyMerge()
    /// The last number that was given to a message for a worker; they are never used twice.
    var correlation: UInt64 = 0

    /// - Precondition: there is a worker, and fewer than 65,535.
    package init(_ configuration: RouterConfiguration, startedAt: Int64) {
        precondition(!configuration.workers.isEmpty)
        precondition(configuration.workers.count < Int(BatchSplit.nobody))
        self.configuration = configuration
        self.startedAt = startedAt
        deployment = configuration.deployment
        links = configuration.workers.map(WorkerLink.init(name:))
    }

    /// The next thing to be done, if there is any.
    package mutating func nextAction() -> RouterAction? { actions.popFirst() }

    /// A buffer of an action that was carried out. Those of `send` stay with their part.
    package mutating func giveBack(_ frame: FrameBuffer) { pool.giveBack(frame) }

    /// That of the workers; `any` before the first is known.
    package var knownDeployment: DeploymentID { deployment ?? .any }

    /// Every partition has a worker, if not one that is there at the moment.
    package var isComplete: Bool { table.isComplete }

    /// Refuses new batches from now on with `draining`.
    package mutating func drain() { isDraining = true }

    // MARK: Requests

    /// Takes a request of a client: any bytes at all.
    ///
    /// - Parameters:
    ///   - frame: header and body.
    ///   - id: what actions call the request.
    ///   - caller: who asks, and what he may.
    ///   - hasRoom: the caller has less on its way than one client may.
    package mutating func take(
        _ frame: RawSpan, as id: RequestID, from caller: Caller = .anyone, hasRoom: Bool = true,
        at moment: RouterMoment
    ) {
        do throws(Refusal) {
            let header = try check(frame, caller)
            let inquiry = Inquiry(header: header, caller: caller, moment: moment)
            counters.count(header.operation)
            if !hasRoom { throw overloaded("this client has as much on its way as it may") }
            switch header.operation {
            case .assign: try assign(inquiry, frame, id)
            case .lookup: try lookup(inquiry, frame, id)
            case .hello: try hello(header, Frame.body(of: frame), id, moment)
            case .status: try status(inquiry, Frame.body(of: frame), id)
            case .forget: try forget(inquiry, frame, id)
            case .report: try report(inquiry, frame, id)
            case .fetch: try fetch(inquiry, frame, id)
            case .error: preconditionFailure("an ERROR was taken for a request")
            }
        } catch { refuse(frame, id, error) }
    }

    /// Codes 2 to 15, but for the checksum of a body that a worker will check: a router that only
    /// passes it on need not read it.
    private func check(_ frame: RawSpan, _ caller: Caller) throws(Refusal) -> MessageHeader {
        let header: MessageHeader
        do throws(WireError) {
            header = try Frame.open(
                frame, messageBytesMax: batchLimits.messageBytes, role: .server, checksBody: false)
        } catch { throw Refusal(error) }
        let isRightDeployment =
            header.deploymentTag == 0 || deployment == nil
            || header.deploymentTag == deployment?.tag
        do throws(Refusal) {
            guard isRightDeployment else { throw Refusal(WireError(.wrongDeployment, at: 40)) }
            try Permission.check(header, of: caller)
            if header.operation == .assign, table.soleOwner != nil { return header }
        } catch {
            // A fault of the body's bytes has precedence.
            try checkBody(of: frame)
            throw error
        }
        try checkBody(of: frame)
        return header
    }

    /// Code 12.
    private func checkBody(of frame: RawSpan) throws(Refusal) {
        do throws(WireError) { try Frame.checkBody(of: frame) } catch { throw Refusal(error) }
    }

    /// Other clients are authorized from now on: what is kept of those that are gone is forgotten.
    package mutating func follow(_ clients: ClientDirectory) { rateLimits.keep(clients.names) }

    /// Answers with an ERROR, where one may be sent.
    private mutating func refuse(_ frame: RawSpan, _ id: RequestID, _ refusal: Refusal) {
        let buffer = pool.take()
        let answer = refusal.answer(frame, deployment: deployment ?? .any, into: &buffer.writer)
        counters.refusals.count(answer, refusal.code)
        switch answer {
        case .reply: actions.append(.answer(id, buffer))
        case .drop:
            pool.giveBack(buffer)
            actions.append(.drop(id))
        }
    }

    // MARK: Parts

    /// Begins a request whose parts have room.
    mutating func begin(_ request: RoutedRequest, _ moment: RouterMoment) {
        requestsInFlight += 1
        if case .report = request.kind { reportsInFlight += 1 }
        request.unsettled = request.parts.count
        for part in request.parts {
            links[part.worker].byteCount += part.byteCount
            links[part.worker].partsTotal += 1
            if links[part.worker].waitingCount == 0,
                links[part.worker].inFlight.count < links[part.worker].credit
            {
                dispatch(part, moment)
            } else {
                links[part.worker].waiting.append(part)
                links[part.worker].waitingCount += 1
            }
        }
    }

    /// Sends a part for the first time, unless its time is over.
    private mutating func dispatch(_ part: RoutedPart, _ moment: RouterMoment) {
        let waited = moment.milliseconds(since: part.request.receivedAt)
        if let error = part.request.expiry(after: waited) { return settle(part, .refused(error)) }
        correlation += 1
        part.correlation = correlation
        part.stage = .inFlight
        links[part.worker].inFlight[correlation] = part
        send(part, moment)
    }

    /// Sends a part, the first time or again, with what is left of its deadline.
    mutating func send(_ part: RoutedPart, _ moment: RouterMoment) {
        let header = part.request.header
        let waited = moment.milliseconds(since: part.request.receivedAt)
        let deadline = UInt64(header.deadlineMilliseconds)
        let left = deadline == 0 ? 0 : UInt32(deadline > waited ? deadline - waited : 1)
        part.sends += 1
        part.sentAt = moment.steady
        if links[part.worker].owesSince == nil { links[part.worker].owesSince = moment.steady }
        if part.sends > 1 { links[part.worker].resentTotal += 1 }
        if let frame = part.frame {
            frame.writer.readdress(correlation: part.correlation, deadlineMilliseconds: left)
            actions.append(.send(frame, correlation: part.correlation, to: part.worker))
        } else {
            let isPart = header.operation == .assign && table.soleOwner == nil
            let address = ForwardAddress(
                correlation: part.correlation, deadlineMilliseconds: left,
                flags: isPart ? MessageHeader.partFlag : 0)
            actions.append(.forward(part.request.id, address, to: part.worker))
        }
    }

    /// Sends what waits for a worker, as far as there is credit.
    mutating func fill(_ worker: Int, _ moment: RouterMoment) {
        while links[worker].inFlight.count < links[worker].credit,
            let part = links[worker].waiting.popFirst()
        {
            guard case .waiting = part.stage else { continue }
            links[worker].waitingCount -= 1
            dispatch(part, moment)
        }
    }

    /// A part has ended.
    mutating func settle(_ part: RoutedPart, _ outcome: RoutedPart.Outcome) {
        switch part.stage {
        case .waiting, .inFlight: break
        case .settled: preconditionFailure("a part was settled twice")
        }
        part.stage = .settled
        part.outcome = outcome
        links[part.worker].byteCount -= part.byteCount
        if links[part.worker].inFlight.isEmpty, links[part.worker].greeting == 0 {
            links[part.worker].owesSince = nil
        }
        if case .unknown = outcome { counters.unknownParts += 1 }
        if let frame = part.frame {
            part.frame = nil
            // Its last sending may not have been carried out yet.
            actions.append(.recycle(frame))
        }
        part.request.unsettled -= 1
        if part.request.unsettled == 0 { finish(part.request) }
    }
}
