package import SojournJournal
package import SojournModel

/// Somebody who claims a partition, writes its log and is deposed one day: all decisions about that, and
/// nothing else. Messages, acknowledgements and moments go in, actions come out; there is no clock, no
/// thread and no connection in it.
///
///     observing --> claiming --> replaying --> serving --> releasing --> ended
///         |            |             |            |             |          ^
///         +------------+-------------+------------+-------------+----------+
///
/// Every append expects a sequence, so the log itself refuses one who was deposed. Several are on their
/// way at a time; they count in their order, and only together with all before them. What is not known
/// - no answer, or one that is none - is found out before anything else is sent:
///
///     head of the window   |  is done
///     ---------------------+-----------------------------------------------------------------
///     acknowledged         |  the next one is the head
///     unknown              |  the same message, ticket and expectation again
///     fenced, or doubtful  |  what stands at the sequence is read:
///        our own           |      it had landed
///        nothing           |      again, with another ticket: the log remembers ids of what it refused
///        a later claim     |      deposed: it is over
///        it was dropped    |      outrun, for others have written since: it is over
///        anything else     |      void, as `LogRule` says: again, one sequence further on
package struct PartitionOwner: ~Copyable {
    package enum Phase: Equatable, Sendable {
        case observing
        case claiming
        case replaying
        case serving
        case releasing
        case ended(OwnerEnd)
    }

    package let partition: Int
    package let identity: OwnerIdentity
    private let endpoint: String
    private let deployment: DeploymentID
    private let limits: OwnerLimits

    package private(set) var phase = Phase.observing
    package private(set) var epoch: UInt64 = 0
    /// Of the last message of ours that is known to be in the log, with all before it.
    package private(set) var sequence: UInt64 = 0
    /// Every record up to here is in the log.
    package private(set) var position = JournalPosition.start
    /// Messages that had to be sent again.
    package private(set) var resends: UInt64 = 0

    /// Snapshots hold all messages of the log up to here.
    private var covered: UInt64 = 0

    private var window = Window()
    private var actions = Queue<OwnerAction>()
    private var lastTicket: UInt64
    /// When it last got on.
    private var progressAt: UInt64
    /// When to look again at what is not known; nil when there is nothing.
    private var retryAt: UInt64?
    /// The claim is to be renewed before anything else is sent.
    private var isRenewalDue = false
    /// The release is on its way.
    private var isReleaseSent = false

    /// - Parameters:
    ///   - ticket: before the first one. No two owners of a process have a ticket in common: the log remembers
    ///     ids of messages for longer than a partition may take to come back.
    ///   - now: steady milliseconds, as everywhere.
    package init(
        partition: Int, of deployment: DeploymentID, by identity: OwnerIdentity,
        at endpoint: String, limits: OwnerLimits = OwnerLimits(), behind ticket: UInt64,
        now: UInt64
    ) {
        self.partition = partition
        self.deployment = deployment
        self.identity = identity
        self.endpoint = endpoint
        self.limits = limits
        lastTicket = ticket
        progressAt = now
        actions.append(.readEnd)
    }

    /// The next thing to be done, if there is any.
    package mutating func nextAction() -> OwnerAction? { actions.popFirst() }

    package var isOver: Bool { if case .ended = phase { true } else { false } }

    // MARK: Claiming

    /// The log's end was read.
    ///
    /// - Parameters:
    ///   - lastSequence: read before the claim; nil when the log did not answer.
    ///   - claim: the last claim or release in the log.
    ///   - snapshotSequence: of the newest snapshot, 0 for none; what it is does not matter before the log is as long
    ///     as it may be.
    package mutating func sawEnd(
        lastSequence: UInt64?, claim: PartitionClaim?, snapshotSequence: UInt64 = 0, now: UInt64
    ) {
        guard phase == .observing else { return }
        guard let lastSequence else {
            retryAt = now + limits.retryMilliseconds
            return
        }
        guard lastSequence + 1 <= snapshotSequence + limits.logMessages else {
            return end(
                .logFull(lastSequence: lastSequence, snapshotSequence: snapshotSequence))
        }
        progressAt = now
        epoch = (claim?.epoch ?? 0) + 1
        sequence = lastSequence
        phase = .claiming
        send([claimMessage(.claim)], now)
    }

    private func header(_ kind: LogMessageKind) -> LogHeader {
        var header = LogHeader(
            kind, deployment: deployment, partition: UInt16(partition), epoch: epoch,
            incarnation: identity.incarnation)
        header.last = window.last?.message.header.last ?? position
        return header
    }

    private func claimMessage(_ kind: LogMessageKind) -> LogMessage {
        PartitionClaim(
            partition: partition, epoch: epoch, owner: identity, endpoint: endpoint,
            isReleased: kind == .release
        ).message(header(kind))
    }

    /// The state is had again, up to the claim.
    ///
    /// - Parameters:
    ///   - position: the last record of it.
    ///   - isOurs: the claim counts, as `LogRule` says; else another one came before it.
    ///   - covered: snapshots hold all messages up to this sequence.
    package mutating func loaded(
        _ position: JournalPosition, isOurs: Bool, covered: UInt64 = 0, now: UInt64
    ) {
        guard phase == .replaying else { return }
        progressAt = now
        guard isOurs else { return end(.outrun) }
        self.position = position
        self.covered = covered
        phase = .serving
    }

    /// The state was not had: another attempt follows, for a while, where it may help.
    package mutating func couldNotLoad(_ error: LoadError, now: UInt64) {
        guard phase == .replaying else { return }
        let silence = now - min(now, progressAt)
        switch error {
        case .unreadable(let reason): end(.unreadable(reason))
        case .passing where silence >= limits.silenceMilliseconds:
            end(.silent(milliseconds: silence))
        case .passing: retryAt = now + limits.retryMilliseconds
        }
    }

    // MARK: Serving

    /// Snapshots are stored that hold all messages up to a sequence.
    package mutating func stored(through sequence: UInt64) { covered = max(covered, sequence) }

    /// Messages that can be appended before one is dropped from the log that no snapshot holds (cluster, "Room").
    package var room: UInt64 {
        let last = window.last.map { $0.expected + 1 } ?? sequence
        let end = covered + limits.logMessages
        return end - min(end, last)
    }

    /// Whether new batches may be applied. It ends before `canSend` does, so that what was applied finds room in the log,
    /// and a snapshot can be taken of it.
    package var takesBatches: Bool { room > 2 * limits.claimReserve }

    /// Whether the next group may be sent.
    package var canSend: Bool {
        canRenew && window.count < limits.windowMax && room > limits.claimReserve
    }

    /// Whether the claim may be renewed.
    package var canRenew: Bool {
        phase == .serving && !window.isInTrouble && !isRenewalDue
    }

    /// Sends the next group of records.
    ///
    /// - Precondition: `canSend`; the group is sealed, and begins behind the last one.
    package mutating func send(_ group: borrowing RecordGroup, now: UInt64) {
        precondition(canSend)
        precondition(group.first == (window.last?.message.header.last ?? position).next)
        send(LogPieces.messages(of: group, header(.records)), now)
    }

    /// Says once more that it owns the partition: behind all that was sent, once that is in the log. No claim or
    /// release is sent behind anything that is not known to be there: so none of them is void, and the last one in the
    /// log is the one that counts.
    ///
    /// - Precondition: `canRenew`.
    package mutating func renew(now: UInt64) {
        precondition(canRenew)
        isRenewalDue = true
        advance(now)
    }

    /// Takes word of a claim that is said to be in the log.
    package mutating func heard(_ claim: PartitionClaim) {
        switch phase {
        case .replaying, .serving, .releasing:
            if claim.partition == partition, claim.epoch > epoch { end(.deposed(by: claim)) }
        case .observing, .claiming, .ended: break
        }
    }

    /// Lets go of the partition, once what was sent is in the log.
    package mutating func release(now: UInt64) {
        switch phase {
        case .serving:
            phase = .releasing
            advance(now)
        case .observing, .claiming, .replaying: end(.outrun)
        case .releasing, .ended: break
        }
    }

    private mutating func send(_ messages: [LogMessage], _ now: UInt64) {
        if window.isEmpty { progressAt = now }
        for message in messages {
            window.append(
                Window.Entry(
                    message, expecting: window.last.map { $0.expected + 1 } ?? sequence))
            post(window.count - 1, now)
        }
    }

    /// Sends an entry, the first time or again.
    private mutating func post(_ row: Int, isNew: Bool = true, _ now: UInt64) {
        if isNew {
            lastTicket += 1
            window[row].ticket = lastTicket
        }
        window[row].state = .sent
        window[row].sentAt = now
        window[row].sends += 1
        window[row].sentExpecting = window[row].expected
        let entry = window[row]
        actions.append(
            .append(entry.message, expecting: entry.expected, ticket: entry.ticket))
    }

    // MARK: What came of it

    /// The log has a message, at a sequence.
    package mutating func acknowledged(
        _ ticket: UInt64, at sequence: UInt64, isDuplicate: Bool, now: UInt64
    ) {
        guard !isOver, let row = window.row(of: ticket) else { return }
        let entry = window[row]
        if sequence == entry.expected + 1 {
            window[row].state = .landed
        } else if isDuplicate || sequence == entry.sentExpecting + 1 {
            // The log remembers the id and no more, perhaps of one that it refused; or it has the message behind a
            // claim or a void one, where it is void.
            window[row].state = .doubtful
        } else {
            return end(
                .notFenced(expected: entry.sentExpecting + 1, sequence: sequence))
        }
        advance(now)
    }

    /// The log's last sequence is another than the expected one.
    package mutating func fenced(_ ticket: UInt64, now: UInt64) {
        guard !isOver, let row = window.row(of: ticket) else { return }
        if window[row].state == .sent { window[row].state = .doubtful }
        advance(now)
    }

    /// Nobody knows whether the log has a message.
    package mutating func unknown(_ ticket: UInt64, now: UInt64) {
        guard !isOver, let row = window.row(of: ticket) else { return }
        if window[row].state == .sent { window[row].state = .unknown }
        advance(now)
    }

    /// What stands where the head of the window was to be.
    package mutating func sawMessage(at sequence: UInt64, _ sight: LogSight, now: UInt64) {
        guard !isOver, let head = window.first, head.expected + 1 == sequence,
            head.state == .reading
        else { return }
        switch sight {
        case .unknown:
            window[0].state = .doubtful
            retryAt = now + limits.retryMilliseconds
        case .absent:
            // It was refused for what stood there before us in the window, or never arrived.
            resends += 1
            post(0, now)
        case .gone: end(.outrun)
        case .message(let header, _) where header == head.message.header:
            window[0].state = .landed
            advance(now)
        case .message(_, let claim?) where claim.epoch > epoch:
            end(.deposed(by: claim))
        case .message, .foreign:
            // Nobody who claims overtakes one who writes.
            if phase == .claiming { return end(.outrun) }
            pass(now)
        }
    }

    /// What stands at the head's place is void: everything goes one further on.
    private mutating func pass(_ now: UInt64) {
        for row in 0..<window.count { window[row].expected += 1 }
        for row in 1..<max(1, window.count) {
            // Where it landed, or would, it is void: it does not follow on what is before it.
            window[row].state = .doubtful
        }
        resends += 1
        progressAt = now
        post(0, now)
    }

    /// Lets time go by: appends without an answer are unknown, and what is not known is asked again.
    package mutating func tick(now: UInt64) {
        if isOver { return }
        for row in 0..<window.count where window[row].state == .sent {
            if now - min(now, window[row].sentAt) >= limits.answerMilliseconds {
                window[row].state = .unknown
            }
        }
        if phase == .observing || phase == .replaying, let at = retryAt, now >= at {
            retryAt = nil
            actions.append(phase == .observing ? .readEnd : .load(through: sequence))
        }
        let isWaiting = !window.isEmpty || phase == .observing
        let silence = now - min(now, progressAt)
        if isWaiting, silence >= limits.silenceMilliseconds {
            return end(.silent(milliseconds: silence))
        }
        advance(now)
    }

    /// Takes what has landed off the window, and sees to its head.
    private mutating func advance(_ now: UInt64) {
        while let head = window.first, !isOver {
            switch head.state {
            case .landed:
                window.removeFirst()
                landed(head, now)
            case .sent, .reading: return
            case .unknown:
                if waits(now) { return }
                resends += 1
                post(0, isNew: false, now)
                return
            case .doubtful:
                if waits(now) { return }
                window[0].state = .reading
                actions.append(.readMessage(sequence: head.expected + 1))
                return
            }
        }
        guard window.isEmpty else { return }
        if phase == .releasing, !isReleaseSent {
            isReleaseSent = true
            send([claimMessage(.release)], now)
        } else if phase == .serving, isRenewalDue {
            isRenewalDue = false
            send([claimMessage(.claim)], now)
        }
    }

    private mutating func waits(_ now: UInt64) -> Bool {
        if let at = retryAt, now < at { return true }
        retryAt = now + limits.retryMilliseconds
        return false
    }

    private mutating func landed(_ entry: Window.Entry, _ now: UInt64) {
        sequence = entry.expected + 1
        progressAt = now
        retryAt = nil
        let header = entry.message.header
        switch (header.kind, phase) {
        case (.claim, .claiming):
            phase = .replaying
            actions.append(.load(through: sequence))
        case (.claim, _): actions.append(.renewed(sequence: sequence))
        case (.release, _): end(.released)
        case (.records, _): if !header.goesOn { position = header.last }
        }
    }

    private mutating func end(_ end: OwnerEnd) {
        if isOver { return }
        phase = .ended(end)
        window.removeAll()
        actions.append(.end(end))
    }
}
