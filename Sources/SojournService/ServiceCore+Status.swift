import SojournEngine
import SojournJournal
import SojournModel
import SojournWire

extension ServiceCore {
    /// sojourn-1, "STATUS".
    func status(
        _ header: MessageHeader, _ body: RawSpan, _ moment: Moment, _ reply: inout ByteWriter
    ) throws(Refusal) {
        do throws(WireError) { try StatusRequest.decode(body: body) } catch {
            throw Refusal(error)
        }
        StatusReply(gauges: gauges(at: moment), serverTime: moment.serverTime).encode(
            header: replyHeader(header), into: &reply)
    }

    /// Everything that an operator may want to know. What only grows ends in `_total`.
    private func gauges(at moment: Moment) -> [Gauge] {
        var gauges = [
            Gauge("uptime_milliseconds", Int(max(0, moment.serverTime - startedAt))),
            Gauge("draining", isDraining ? 1 : 0),
        ]
        var refusals = counters.refusals
        refusals.add(shell.refusals)
        gauges += counters.gauges + refusals.gauges
        for outcome in Outcome.allCases {
            gauges.append(Gauge("events_\("\(outcome)".words)_total", engine.counters[outcome]))
        }
        gauges += [
            Gauge("sessions_opened_total", engine.counters.sessionsOpened),
            Gauge("sessions_finished_total", engine.counters.sessionsFinished),
            Gauge("sessions_merged_total", engine.counters.sessionsMerged),
            Gauge("live_visitors", engine.liveVisitors),
            Gauge("live_sessions", engine.liveSessions),
            Gauge("remembered_visitors", engine.rememberedVisitors),
            Gauge("remembered_visitor_evictions_total", engine.rememberedVisitorEvictions),
            Gauge("producers", producers.count),
            Gauge("producer_evictions_total", producers.evictions),
            Gauge("producer_reply_bytes", producers.byteCount),
            Gauge("producer_reply_evictions_total", producers.replyEvictions),
        ]
        if journal.isOn {
            gauges += [
                Gauge("journal_position", journal.last.rawValue),
                Gauge("journal_durable_position", journal.durable.rawValue),
                Gauge("journal_available", journal.isAvailable ? 1 : 0),
            ]
        }
        if finished.isOn {
            gauges += [
                Gauge("archive_waiting_bytes", finished.waitingBytes + finished.takenBytes),
                Gauge("archive_available", finished.hasRoom ? 1 : 0),
            ]
        }
        for property in properties {
            gauges += self.gauges(of: property.id, property.clock, at: moment)
        }
        return gauges + shell.gauges
    }

    private func gauges(
        of property: PropertyID, _ clock: PropertyClock, at moment: Moment
    ) -> [Gauge] {
        let prefix = "property_\(property.rawValue)"
        let overflows = engine.overflows(property)
        let interned = engine.interned(property)
        var gauges = [
            Gauge("\(prefix)_texts", interned.texts),
            Gauge("\(prefix)_text_overflows_total", overflows.texts),
            Gauge("\(prefix)_contexts", interned.contexts),
            Gauge("\(prefix)_context_overflows_total", overflows.contexts),
        ]
        // Before the first event there is no clock to show.
        let now = clock.now(at: moment.serverTime)
        if now > .min {
            gauges.insert(Gauge(name: "\(prefix)_clock_milliseconds", value: now), at: 0)
        }
        return gauges
    }
}
