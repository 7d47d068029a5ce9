import SojournEngine
import SojournModel
import SojournWire

extension ServiceCore {
    /// sojourn-1, "ASSIGN".
    ///
    /// A batch that was applied before is answered from memory first of all, even when new ones are
    /// refused: an ERROR would tell its sender that it was not applied.
    mutating func assign(
        _ header: MessageHeader, _ frame: RawSpan, _ moment: Moment, _ reply: inout ByteWriter
    ) throws(Refusal) {
        let fingerprint = BatchFingerprint(frame, property: header.property)
        let isNumbered = header.producer.rawValue != 0
        let verdict =
            isNumbered ? producers.judge(header.producer, header.sequence, fingerprint) : .new
        if case .known(let kept) = verdict {
            producers.touch(header.producer)
            counters.repeatedBatches += 1
            kept.write(correlation: header.correlation, into: &reply)
            return
        }
        if isDraining {
            throw Refusal(
                .draining, retryAfterMilliseconds: Self.drainingRetryMilliseconds,
                "the server is about to stop; send the batch again when it is back")
        }
        try checkDeadline(header, moment)
        let row = admission.row(of: header.property)
        try Self.apply(
            frame, header, verdict, to: &engine, &clocks[row], moment,
            skew: configuration.properties[row].policy.maxClockSkewMilliseconds,
            limits: configuration.batchLimits, &scratch, &result)
        counters.batches += 1
        AssignReply.encode(result, header: replyHeader(header), into: &reply)
        if isNumbered {
            producers.remember(header.producer, header.sequence, fingerprint, reply: reply.bytes)
        }
    }

    /// How long a stop and a start take at most, about.
    private static var drainingRetryMilliseconds: UInt32 { 1_000 }

    /// Applies a batch to an engine. All that can be refused is refused before anything changes.
    ///
    /// Not a method, for the batch lies in `scratch` while engine and clock change.
    private static func apply(
        _ frame: RawSpan, _ header: MessageHeader, _ verdict: SequenceVerdict,
        to engine: inout Engine, _ clock: inout PropertyClock, _ moment: Moment, skew: Int64,
        limits: BatchLimits, _ scratch: inout DecodeScratch, _ result: inout BatchResult
    ) throws(Refusal) {
        let batch: EventBatch
        do throws(WireError) {
            batch = try AssignRequest.decode(
                body: Frame.body(of: frame), limits: limits, scratch: &scratch)
        } catch { throw Refusal(error) }
        if let refusal = Refusal(verdict, header.sequence) { throw refusal }

        let server = moment.serverTime
        var sink = NoSink()
        engine.apply(
            batch, to: header.property,
            at: AdmissionTime(clock: clock.now(at: server), server: server), result: &result,
            sink: &sink)

        // Events that the engine refused for their time must not move the clock.
        let last = server.addingReportingOverflow(skew)
        if let latest = batch.latestTime(notAfter: last.overflow ? .max : last.partialValue) {
            clock.admit(latest, at: server)
        }
    }
}

extension Refusal {
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
