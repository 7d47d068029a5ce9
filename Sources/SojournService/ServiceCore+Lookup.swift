import SojournChannels
import SojournEngine
import SojournModel
import SojournWire

extension ServiceCore {
    /// sojourn-1, "LOOKUP".
    mutating func lookup(
        _ header: MessageHeader, _ body: RawSpan, _ moment: Moment, _ reply: inout ByteWriter
    ) throws(Refusal) {
        let clock = properties[row(of: header.property)].clock.now(at: moment.serverTime)
        let request: LookupRequest
        do throws(WireError) {
            request = try LookupRequest.decode(body: body, limits: configuration.batchLimits)
        } catch { throw Refusal(error) }
        var found: [SessionSnapshot]
        switch request {
        case .visitor(let key):
            try checkOwner(of: key)
            found = engine.sessions(of: key, in: header.property, clock: clock)
        case .session(let id):
            let session = engine.session(id, in: header.property, clock: clock)
            found = session.map { [$0] } ?? []
        }
        for row in found.indices { found[row].nameChannel(by: configuration.channels) }
        LookupReply(sessions: found, clock: clock).encode(
            header: replyHeader(header), into: &reply)
        confirm(at: moment)
        // While the journal cannot be written, what was applied is shown though it may be lost.
        if journal.isAvailable { restsOn = journal.last }
    }

    /// Code 55.
    private func checkOwner(of key: RawSpan) throws(Refusal) {
        let partitions = configuration.partitions
        if partitions.isAll { return }
        let partition = PartitionHash.partition(of: key, count: partitions.count)
        if partitions.contains(partition) { return }
        throw Refusal(notOwner: partition, partitions, "the visitor")
    }
}
