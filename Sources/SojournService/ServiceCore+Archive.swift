import SojournEngine
import SojournJournal
package import SojournModel
package import SojournWire

/// What the shell needs of the core to answer questions beside it: REPORT and FETCH.
extension ServiceCore {
    /// What a question must pass before it is looked at, as in `answer`.
    package mutating func admit(
        _ frame: RawSpan, from caller: Caller, at moment: Moment
    ) throws(Refusal) -> MessageHeader {
        restsOn = .start
        let header = try admission.check(frame, from: caller)
        counters.count(header.operation)
        try checkDeadline(header, moment)
        confirm(at: moment)
        if journal.isAvailable { restsOn = journal.last }
        return header
    }

    /// The ERROR for a frame, counted.
    package mutating func refuse(
        _ refusal: Refusal, _ frame: RawSpan, into reply: inout ByteWriter
    ) -> Answer {
        let answer = refusal.answer(frame, deployment: configuration.deployment, into: &reply)
        counters.refusals.count(answer, refusal.code)
        return answer
    }

    /// The property's clock in milliseconds; nil before its first event.
    package func clock(of property: PropertyID, at moment: Moment) -> Int64? {
        let clock = properties[row(of: property)].clock.now(at: moment.serverTime)
        return clock > .min ? clock : nil
    }

    /// See `Engine.packLive`.
    package func beginLiveScan(of property: PropertyID) { engine.beginLiveScan(of: property) }

    /// See `Engine.packLive`. The list gets the place of what was finished before it was made.
    ///
    /// - Returns: true when there are more.
    package func packLive(
        _ property: PropertyID, budget: Int, into list: inout PackedSessions
    ) -> Bool {
        list.place = finished.last
        return engine.packLive(property, budget: budget, into: &list)
    }

    package func property(_ id: PropertyID) -> ServiceProperty? {
        configuration.properties.first { $0.id == id }
    }
}

extension Refusal {
    /// Code 55 for a FETCH.
    package init(noOrderOf partition: UInt16, _ partitions: PartitionRange) {
        let reason =
            partition < partitions.count
            ? "this server has \(partitions), and not partition \(partition); ask the one that has it, or a "
                + "router"
            : "there are \(partitions.count) partitions, counted from 0, and no partition \(partition)"
        self.init(.notOwner, at: 68, reason)
    }
}
