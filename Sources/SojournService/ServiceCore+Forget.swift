import SojournEngine
import SojournJournal
import SojournModel
import SojournWire

extension ServiceCore {
    /// sojourn-1, "FORGET".
    mutating func forget(
        _ header: MessageHeader, _ body: RawSpan, _ moment: Moment, _ reply: inout ByteWriter
    ) throws(Refusal) {
        let visitor: VisitorHash
        do throws(WireError) {
            let key = try ForgetRequest.decode(body: body, limits: configuration.batchLimits)
            visitor = engine.visitor(key, of: header.property)
        } catch { throw Refusal(error) }
        guard journal.isAvailable else {
            throw Refusal(
                .journalUnavailable, retryAfterMilliseconds: 1_000,
                "the server cannot write its journal for now; ask again later")
        }
        guard finished.hasRoom else {
            throw Refusal(
                .archiveUnavailable, retryAfterMilliseconds: 1_000,
                "the server cannot write its archive for now; ask again later")
        }
        journal.append(.forget) { writer in
            ForgetRecord(
                partition: configuration.partitions.first, property: header.property,
                visitor: visitor
            )
            .write(to: &writer)
        }
        beginFinished()
        let erased = engine.forget(visitor, of: header.property)
        finished.forget(visitor, of: header.property)
        counters.forgottenVisitors += 1
        ForgetReply(liveSessions: UInt32(erased), position: finished.last.position).encode(
            header: replyHeader(header), into: &reply)
        restsOn = journal.last
    }
}
