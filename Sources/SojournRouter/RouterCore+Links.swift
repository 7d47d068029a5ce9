import SojournModel
import SojournService
import SojournWire

/// The life of the connections to workers:
///
///     down --HELLO--> greeting --good reply--> up --quiet--> HELLO again
///      ^                 |                      |
///      +--- no answer ---+------ silent --------+
extension RouterCore {
    /// Lets time go by: greets workers, notices that one is gone, sends parts again, gives up.
    ///
    /// Call it every few tens of milliseconds.
    package mutating func tick(at moment: RouterMoment) {
        for worker in links.indices {
            tendLink(worker, moment)
            tendParts(worker, moment)
        }
    }

    /// A message could not be sent, for there is no connection.
    package mutating func couldNotSend(_ correlation: UInt64, to worker: Int) {
        if correlation == links[worker].greeting, !links[worker].isUp {
            links[worker].greeting = 0
            links[worker].state = .down
            return
        }
        // Nobody got it: it is as if it had not been sent this time.
        if let part = links[worker].inFlight[correlation] { part.sends -= 1 }
        if links[worker].isUp { goDown(worker, "the connection was lost") }
    }

    /// What a worker stands for is served elsewhere from now on, or by nobody for a while. What was sent is sent again
    /// there.
    ///
    /// - Parameters:
    ///   - name: for messages.
    ///   - reason: why it is not there.
    package mutating func moved(_ worker: Int, to name: String, _ reason: String) {
        if links[worker].isUp {
            goDown(worker, reason)
        } else {
            links[worker].state = .down
            links[worker].greeting = 0
            links[worker].reason = reason
            actions.append(.reconnect(worker: worker))
        }
        links[worker].name = name
        links[worker].greetedAt = 0
    }

    /// Those that do not answer, or not to what was sent to them twice: perhaps others stand for the same by now.
    package var workersInDoubt: [Int] {
        links.indices.filter { worker in
            !links[worker].isUp || links[worker].inFlight.values.contains { $0.sends > 1 }
        }
    }

    // MARK: HELLO

    private mutating func greet(_ worker: Int, _ moment: RouterMoment) {
        correlation += 1
        links[worker].greeting = correlation
        links[worker].greetedAt = moment.steady
        if links[worker].owesSince == nil { links[worker].owesSince = moment.steady }
        let buffer = pool.take(for: configuration.ownName)
        HelloRequest(
            deployment: deployment ?? .any,
            name: "\(configuration.serverName)/\(configuration.serverVersion)"
        ).encode(
            header: MessageHeader(operation: .hello, correlation: correlation),
            into: &buffer.writer)
        actions.append(.send(buffer, correlation: correlation, to: worker))
        actions.append(.recycle(buffer))
    }

    /// A worker has answered HELLO.
    mutating func greeted(
        _ header: MessageHeader, _ frame: RawSpan, _ worker: Int, _ moment: RouterMoment
    ) {
        guard header.correlation == links[worker].greeting else {
            counters.lateReplies += 1
            return
        }
        links[worker].greeting = 0
        if links[worker].inFlight.isEmpty { links[worker].owesSince = nil }
        do throws(WireError) {
            try Frame.checkBody(of: frame)
            let body = Frame.body(of: frame)
            if header.operation == .error {
                return refuse(worker, try ErrorReply.decode(body: body).message)
            }
            let hello = try HelloReply.decode(body: body)
            if let reason = accept(hello, of: worker) { return refuse(worker, reason) }
        } catch {
            counters.badReplies += 1
            return refuse(worker, "its greeting cannot be read: \(error)")
        }
        if !links[worker].isUp { goUp(worker, moment) }
    }

    /// Takes in what a worker says of itself.
    ///
    /// - Returns: why it cannot be used, or nil.
    private mutating func accept(_ hello: HelloReply, of worker: Int) -> String? {
        guard MessageHeader.versions.contains(hello.version) else {
            return "it speaks version \(hello.version) of the protocol"
        }
        if let deployment, deployment != hello.deployment {
            return "it belongs to deployment \(hello.deployment.bits.hexadecimal), the others to "
                + deployment.bits.hexadecimal
        }
        guard let range = hello.range else {
            return "it says nothing that makes sense of its partitions"
        }
        if let expected = configuration.ranges?[worker], expected != range {
            return "it has partitions \(range), and \(expected) was expected there"
        }
        if links[worker].hello?.range != range {
            let wasComplete = table.isComplete
            if let reason = table.claim(
                range, by: worker, named: configuration.workers)
            {
                return reason
            }
            if !wasComplete, table.isComplete {
                actions.append(
                    .log(.complete(workers: links.count, partitions: table.count)))
            }
        }
        deployment = hello.deployment
        links[worker].hello = hello
        // No key path: the runtime copies a part of an optional over itself, by one byte, on its way along it.
        batchLimits = links.compactMap { $0.hello?.limits }.reduce(.full) { $0.lowest(with: $1) }
        return nil
    }

    private mutating func refuse(_ worker: Int, _ reason: String) {
        if links[worker].reason != reason {
            actions.append(.log(.workerRefused(links[worker].name, reason: reason)))
        }
        if links[worker].isUp { goDown(worker, reason) }
        links[worker].state = .down
        links[worker].reason = reason
    }

    // MARK: Up and down

    private mutating func goUp(_ worker: Int, _ moment: RouterMoment) {
        guard let range = links[worker].hello?.range else {
            preconditionFailure("a worker is up without a greeting")
        }
        links[worker].state = .up
        actions.append(.log(.workerUp(links[worker].name, range)))
        // In the order in which they were sent: a visitor's batches stay in order.
        for part in inFlight(worker) { send(part, moment) }
        fill(worker, moment)
    }

    /// What is in flight may have been applied: it stays, to be sent again. What was never sent is
    /// refused, so that its senders know.
    private mutating func goDown(_ worker: Int, _ reason: String) {
        links[worker].state = .down
        links[worker].reason = reason
        links[worker].greeting = 0
        links[worker].owesSince = nil
        links[worker].downsTotal += 1
        actions.append(.log(.workerDown(links[worker].name, reason: reason)))
        actions.append(.reconnect(worker: worker))
        while let part = links[worker].waiting.popFirst() {
            guard case .waiting = part.stage else { continue }
            links[worker].waitingCount -= 1
            settle(part, .refused(unavailable(worker)))
        }
        for part in inFlight(worker) {
            if part.sends == 0 {
                drop(part, .refused(unavailable(worker)))
            } else if !part.request.isRepeatable {
                drop(part, .unknown)
            }
        }
    }

    func unavailable(_ worker: Int) -> ErrorReply {
        ErrorReply(
            code: .unavailable, retryAfterMilliseconds: retryMilliseconds,
            message: "worker \(links[worker].name) is not there: \(links[worker].reason)")
    }

    /// Parts that were sent, in the order of that.
    private func inFlight(_ worker: Int) -> [RoutedPart] {
        links[worker].inFlight.values.sorted { $0.correlation < $1.correlation }
    }

    private mutating func drop(_ part: RoutedPart, _ outcome: RoutedPart.Outcome) {
        links[part.worker].inFlight[part.correlation] = nil
        settle(part, outcome)
    }

    // MARK: Time

    private mutating func tendLink(_ worker: Int, _ moment: RouterMoment) {
        let limits = configuration.limits
        let sinceGreeting = moment.milliseconds(since: links[worker].greetedAt)
        switch links[worker].state {
        case .down:
            if links[worker].greetedAt == 0 || sinceGreeting >= limits.retryMilliseconds {
                links[worker].state = .greeting
                greet(worker, moment)
            }
        case .greeting:
            // Perhaps it was lost with a connection: the next one is new.
            if sinceGreeting >= limits.silenceMilliseconds {
                links[worker].state = .down
                links[worker].greeting = 0
                links[worker].reason = "it does not answer"
                actions.append(.reconnect(worker: worker))
            }
        case .up:
            if let owesSince = links[worker].owesSince {
                let silence = moment.milliseconds(since: max(owesSince, links[worker].heardAt))
                if silence >= limits.silenceMilliseconds {
                    return goDown(worker, "it has been silent for \(silence) ms")
                }
            }
            if links[worker].greeting == 0, sinceGreeting >= limits.pingMilliseconds,
                moment.milliseconds(since: links[worker].heardAt) >= limits.pingMilliseconds
            {
                greet(worker, moment)
            }
        }
    }

    private mutating func tendParts(_ worker: Int, _ moment: RouterMoment) {
        let limits = configuration.limits
        while let part = links[worker].waiting.first {
            if case .waiting = part.stage {
                let waited = moment.milliseconds(since: part.request.receivedAt)
                guard waited >= part.request.patience(limits) else { break }
                links[worker].waitingCount -= 1
                let error = ErrorReply(
                    code: .overloaded, retryAfterMilliseconds: limits.overloadedRetryMilliseconds,
                    message: "the request waited for its turn at worker \(links[worker].name) for "
                        + "\(waited) ms")
                settle(part, .refused(part.request.expiry(after: waited) ?? error))
            }
            _ = links[worker].waiting.popFirst()
        }
        if links[worker].inFlight.isEmpty { return }
        for part in inFlight(worker) {
            let waited = moment.milliseconds(since: part.request.receivedAt)
            if waited >= part.request.patience(limits) {
                drop(part, .unknown)
            } else if links[worker].isUp, part.request.isRepeatable, !part.request.takesLong,
                moment.milliseconds(since: part.sentAt)
                    >= limits.resendMilliseconds << UInt64(min(max(part.sends, 1) - 1, 6))
            {
                // The worker may have forgotten it: it was away for a moment, or the connection was.
                send(part, moment)
            }
        }
        if links[worker].isUp { fill(worker, moment) }
    }
}
