import SojournModel
import SojournWire

extension ServiceCore {
    /// sojourn-1, "HELLO".
    func hello(
        _ header: MessageHeader, _ body: RawSpan, _ moment: Moment, _ reply: inout ByteWriter
    ) throws(Refusal) {
        do throws(WireError) {
            _ = try HelloRequest.decode(body: body, deployment: configuration.deployment)
        } catch { throw Refusal(error) }
        HelloReply(
            deployment: configuration.deployment, serverTime: moment.serverTime,
            limits: configuration.batchLimits, credit: configuration.credit,
            partitions: configuration.partitions, serverName: configuration.serverName,
            serverVersion: configuration.serverVersion
        ).encode(header: replyHeader(header), into: &reply)
    }
}
