import SojournEngine
package import SojournJournal
import SojournModel
package import SojournWire

/// The whole service but for its sockets, threads and clocks: a frame and a moment in, a reply out
/// (sojourn-1, "Behaviour of a server").
///
/// It is deterministic: the same configuration, frames and moments give the same replies and the same
/// records for the journal, and those records replayed give the same state. It has one engine, for
/// all partitions of its range.
///
/// What changes state is recorded in `journal`; the shell writes it, and holds back a reply until what
/// it `restsOn` is written.
package struct ServiceCore: ~Copyable {
    package let configuration: ServiceConfiguration
    let admission: Admission
    /// The server's time when it was made.
    let startedAt: Int64

    var engine: Engine
    /// All that state is kept of, those that are no longer configured included, in the order in which
    /// they became known.
    var properties: [ServedProperty] = []
    var producers: ProducerTable
    package var journal: JournalOutbox
    /// What is to be archived.
    package var finished: FinishedOutbox
    /// The record that the last answer rests on.
    package internal(set) var restsOn = JournalPosition.start
    /// The server's time when a record was made last.
    var recordedAt = Int64.min
    var counters = ServiceCounters()
    /// What STATUS shows besides. The shell sets it before a STATUS is answered.
    package var shell = ShellReport()
    /// New batches are refused.
    package private(set) var isDraining = false

    /// Used for one batch after another.
    var scratch = DecodeScratch()
    var result = BatchResult()
    var replayed = ByteWriter()

    /// What clients have sent lately; no part of the state, for only what was admitted is recorded.
    var rateLimits = RateLimits()
    /// Keeps the producers of clients apart.
    let producerScope: ProducerScope

    /// A service without state. One that has a journal replays it first; then, or at once, `adopt`
    /// makes the configured properties known.
    ///
    /// - Precondition: there is a property, each has an id of its own and a policy without fault,
    ///   and the limits are within those of the protocol.
    package init(
        _ configuration: ServiceConfiguration, startedAt: Int64, isJournaled: Bool,
        isArchived: Bool = false
    ) {
        precondition(!configuration.properties.isEmpty)
        precondition(configuration.messageBytesMax <= Limits.messageBytesMax)
        precondition(configuration.credit <= Limits.creditMax)
        self.configuration = configuration
        self.startedAt = startedAt
        admission = Admission(configuration)
        producerScope = ProducerScope(secret: configuration.secret)
        engine = Engine(
            secret: configuration.secret, partition: configuration.partitions.first,
            limits: configuration.engineLimits)
        engine.channels = configuration.channels
        journal = JournalOutbox(isOn: isJournaled)
        finished = FinishedOutbox(isOn: isArchived, bytesMax: configuration.finishedBytesMax)
        producers = ProducerTable(
            producersMax: configuration.producersMax,
            replyBytesMax: configuration.producerReplyBytesMax)
    }

    /// A service without a journal.
    package init(_ configuration: ServiceConfiguration, startedAt: Int64) {
        self.init(configuration, startedAt: startedAt, isJournaled: false)
        adopt()
    }

    /// Answers one request: any bytes at all. A refused one changes nothing but a counter.
    ///
    /// - Parameters:
    ///   - frame: header and body.
    ///   - caller: who asks, and what he may.
    ///   - reply: is overwritten with the whole frame of the reply, unless the answer is `drop`.
    package mutating func answer(
        _ frame: RawSpan, from caller: Caller = .anyone, at moment: Moment,
        into reply: inout ByteWriter
    ) -> Answer {
        restsOn = .start
        do throws(Refusal) {
            let header = try admission.check(frame, from: caller)
            counters.count(header.operation)
            try serve(header, frame, caller, moment, &reply)
            return .reply
        } catch {
            let answer = error.answer(
                frame, deployment: configuration.deployment, into: &reply)
            counters.refusals.count(answer, error.code)
            return answer
        }
    }

    private mutating func serve(
        _ header: MessageHeader, _ frame: RawSpan, _ caller: Caller, _ moment: Moment,
        _ reply: inout ByteWriter
    ) throws(Refusal) {
        switch header.operation {
        case .assign:
            try assign(header, frame, caller, moment, &reply)
        case .hello:
            try checkDeadline(header, moment)
            try hello(header, Frame.body(of: frame), moment, &reply)
        case .lookup:
            try checkDeadline(header, moment)
            try lookup(header, Frame.body(of: frame), moment, &reply)
        case .status:
            try checkDeadline(header, moment)
            try status(header, Frame.body(of: frame), caller, moment, &reply)
        case .forget:
            try checkDeadline(header, moment)
            try forget(header, Frame.body(of: frame), moment, &reply)
        case .report, .fetch:
            // Who has an archive answers these beside the core.
            throw Refusal.noArchive
        case .error:
            preconditionFailure("an ERROR was taken for a request")
        }
    }

    /// Other clients are authorized from now on: what is kept of those that are gone is forgotten.
    package mutating func follow(_ clients: ClientDirectory) { rateLimits.keep(clients.names) }

    /// Refuses new batches from now on with `draining`. Batches that were applied are still
    /// answered when they are sent again, and so is everything else.
    package mutating func drain() { isDraining = true }

    /// Lets time go by without requests: sessions that are due are finished. It waits while the journal
    /// cannot be written, for what it does is recorded.
    ///
    /// - Returns: true when more is due than one call does, so that requests need not wait for all.
    package mutating func tick(at moment: Moment) -> Bool {
        guard journal.isAvailable, finished.hasRoom else { return false }
        var isMoreDue = false
        let partition = configuration.partitions.first
        for property in properties {
            let clock = property.clock.now(at: moment.serverTime)
            guard clock > .min, engine.isAnythingDue(property.id, clock: clock) else { continue }
            journal.append(.tick) { writer in
                TickRecord(partition: partition, property: property.id, clock: clock).write(
                    to: &writer)
            }
            beginFinished()
            if engine.tick(property.id, clock: clock, sink: &finished) { isMoreDue = true }
        }
        return isMoreDue
    }

    /// What is finished from now on is brought about by the last record, or by what is in none.
    mutating func beginFinished() {
        if journal.isOn { finished.begin(journal.last.rawValue) } else { finished.beginNext() }
    }

    /// Visitors with a session that is not finished.
    package var liveVisitors: Int { engine.liveVisitors }

    /// Where a property stands in `properties`.
    ///
    /// - Precondition: it is known, as all are that `admission` lets through.
    func row(of property: PropertyID) -> Int {
        guard let row = properties.firstIndex(where: { $0.id == property }) else {
            preconditionFailure("property \(property.rawValue) was not checked")
        }
        return row
    }

    /// Code 22: work that was not started in time is not started (sojourn-1, "Header").
    func checkDeadline(_ header: MessageHeader, _ moment: Moment) throws(Refusal) {
        let deadline = UInt64(header.deadlineMilliseconds)
        guard deadline > 0, moment.ageMilliseconds >= deadline else { return }
        throw Refusal(
            .deadlineExpired, at: 32,
            "the request waited for \(moment.ageMilliseconds) ms, longer than its deadline of "
                + "\(deadline) ms")
    }

    func replyHeader(_ header: MessageHeader) -> MessageHeader {
        header.reply(deploymentTag: configuration.deployment.tag)
    }
}
