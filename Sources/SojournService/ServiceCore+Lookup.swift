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
        var found: [SessionSnapshot]
        do throws(WireError) {
            let request = try LookupRequest.decode(body: body, limits: configuration.batchLimits)
            switch request {
            case .visitor(let key):
                found = engine.sessions(of: key, in: header.property, clock: clock)
            case .session(let id):
                let session = engine.session(id, in: header.property, clock: clock)
                found = session.map { [$0] } ?? []
            }
        } catch { throw Refusal(error) }
        for row in found.indices { found[row].nameChannel(by: configuration.channels) }
        LookupReply(sessions: found, clock: clock).encode(
            header: replyHeader(header), into: &reply)
        // While the journal cannot be written, what was applied is shown though it may be lost.
        if journal.isAvailable { restsOn = journal.last }
    }
}
