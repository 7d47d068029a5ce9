import SojournEngine
import SojournJournal
import SojournModel
import SojournWire

extension ServiceCore {
    /// sojourn-1, "ASSIGN".
    ///
    /// A batch that was applied before is answered from memory first of all, even when new ones are
    /// refused: an ERROR would tell its sender that it was not applied.
    mutating func assign(
        _ header: MessageHeader, _ frame: RawSpan, _ caller: Caller, _ moment: Moment,
        _ reply: inout ByteWriter
    ) throws(Refusal) {
        let fingerprint = BatchFingerprint(frame, property: header.property)
        let producer = producerScope.producer(header.producer, of: caller)
        let isNumbered = producer.rawValue != 0
        var verdict =
            isNumbered ? producers.judge(producer, header.sequence, fingerprint) : .new
        if header.isPart { verdict = verdict.ofPart }
        if case .known(let kept) = verdict {
            counters.repeatedBatches += 1
            kept.write(
                correlation: header.correlation, producer: header.producer, into: &reply)
            // The batch may be one of those that are not written yet.
            restsOn = journal.last
            return
        }
        if isDraining {
            throw Refusal(
                .draining, retryAfterMilliseconds: Self.drainingRetryMilliseconds,
                "the server is about to stop; send the batch again when it is back")
        }
        guard journal.isAvailable else {
            throw Refusal(
                .journalUnavailable, retryAfterMilliseconds: Self.journalRetryMilliseconds,
                "the server cannot write its journal for now; send the batch again later")
        }
        guard finished.hasRoom else {
            throw Refusal(
                .archiveUnavailable, retryAfterMilliseconds: Self.journalRetryMilliseconds,
                "the server has no more room for finished sessions that wait for its archive; send "
                    + "the batch again later")
        }
        try checkDeadline(header, moment)
        let row = row(of: header.property)
        let body = Frame.body(of: frame)
        try rateLimits.check(body, of: caller, at: moment.serverTime)
        var record = BatchRecord(
            partition: configuration.partitions.first, property: header.property,
            clock: properties[row].clock.now(at: moment.serverTime),
            serverTime: moment.serverTime, producer: producer, sequence: header.sequence,
            fingerprint: fingerprint, replyChecksum: 0)
        if journal.isOn {
            finished.begin(journal.last.next.rawValue)
        } else {
            finished.beginNext()
        }
        try Self.apply(
            body, record, verdict, keys: .raw, configuration.partitions, to: &engine,
            &properties[row].clock, limits: configuration.batchLimits, &scratch, &result,
            &finished)
        counters.batches += 1
        AssignReply.encode(result, header: replyHeader(header), into: &reply)
        if isNumbered {
            producers.remember(producer, header.sequence, fingerprint, reply: reply.bytes)
        }
        record.replyChecksum = Frame.bodyChecksum(of: reply.bytes)
        Self.record(record, body, &journal, engine)
        recordedAt = moment.serverTime
        restsOn = journal.last
    }

    private static func record(
        _ record: BatchRecord, _ body: RawSpan, _ journal: inout JournalOutbox,
        _ engine: borrowing Engine
    ) {
        let visitors = engine.batchVisitors
        journal.append(.batch) { record.write(body, visitors: visitors, to: &$0) }
    }

    /// Disks come back when somebody has looked after them.
    private static var journalRetryMilliseconds: UInt32 { 1_000 }

    /// How long a stop and a start take at most, about.
    private static var drainingRetryMilliseconds: UInt32 { 1_000 }

    /// Applies a batch to an engine. All that can be refused is refused before anything changes.
    ///
    /// Not a method, for the batch lies in `scratch` while engine and clock change.
    static func apply(
        _ body: RawSpan, _ record: BatchRecord, _ verdict: SequenceVerdict, keys: VisitorKeys,
        _ partitions: PartitionRange, to engine: inout Engine, _ clock: inout PropertyClock,
        limits: BatchLimits,
        _ scratch: inout DecodeScratch, _ result: inout BatchResult,
        _ finished: inout FinishedOutbox
    ) throws(Refusal) {
        let batch: EventBatch
        do throws(WireError) {
            batch = try AssignRequest.decode(body: body, limits: limits, scratch: &scratch)
        } catch { throw Refusal(error) }
        if keys == .raw {
            try checkOwner(of: batch.visitorKeys, partitions)
        }
        if let refusal = Refusal(verdict, record.sequence) { throw refusal }
        if keys == .hashed, batch.visitorKeys.pairs == nil {
            throw Refusal(.badKeyLength, "the visitors of a record are hashes of 16 bytes")
        }

        guard let policy = engine.policy(of: record.property) else {
            preconditionFailure("property \(record.property.rawValue) was not checked")
        }
        engine.apply(
            batch, keys: keys, to: record.property,
            at: AdmissionTime(clock: record.clock, server: record.serverTime),
            result: &result, sink: &finished)

        // Events that the engine refused for their time must not move the clock.
        let last = record.serverTime.addingReportingOverflow(
            policy.maxClockSkewMilliseconds)
        if let latest = batch.latestTime(notAfter: last.overflow ? .max : last.partialValue) {
            clock.admit(latest, at: record.serverTime)
        }
    }
}

extension ServiceCore {
    /// Code 55: all visitors fall to partitions of this server.
    static func checkOwner(
        of keys: ByteDictionary, _ partitions: PartitionRange
    ) throws(Refusal) {
        if partitions.isAll { return }
        var found = GrowableBuffer<UInt32>(capacity: keys.count)
        PartitionHash.partitions(of: keys, count: partitions.count, into: &found)
        for row in 0..<found.count where !partitions.contains(Int(found[row])) {
            throw Refusal(notOwner: Int(found[row]), partitions, "visitor key \(row)")
        }
    }
}

extension Refusal {
    /// Code 55.
    init(notOwner partition: Int, _ partitions: PartitionRange, _ what: String) {
        self.init(
            .notOwner,
            "\(what) falls to partition \(partition), but this server has \(partitions); send it "
                + "through a router, or to the server that has that partition")
    }

    /// Codes 60 to 62; nil for a batch that may be applied.
    fileprivate init?(_ verdict: SequenceVerdict, _ sequence: UInt64) {
        switch verdict {
        case .new, .known: return nil
        case .tooOld(let lowest):
            self.init(
                .sequenceTooOld, at: 24,
                "batch \(sequence) is below the window of this producer, which begins at "
                    + "\(lowest); whether it was applied is no longer known")
        case .gap(let highest):
            self.init(
                .sequenceGap, at: 24,
                "batch \(sequence) is more than \(Limits.producerWindow) beyond \(highest), the "
                    + "highest of this producer; send those between first")
        case .reused:
            self.init(
                .sequenceReused, at: 24,
                "this producer sent another batch \(sequence) before; give every batch a number "
                    + "of its own")
        }
    }
}
