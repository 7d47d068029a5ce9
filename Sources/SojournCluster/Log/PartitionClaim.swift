import SojournModel
import SojournWire

/// Who somebody is that owns partitions: one life of one worker.
package struct OwnerIdentity: Hashable, Sendable {
    /// What the operator calls the worker; the same after a restart.
    package var name: String
    /// Another one after each start.
    package var incarnation: UInt64

    package init(name: String, incarnation: UInt64) {
        self.name = name
        self.incarnation = incarnation
    }
}

/// Who owns a partition from some message of its log on, and where he is reached; or that nobody does.
package struct PartitionClaim: Equatable, Sendable {
    package var partition: Int
    /// One more than that of the claim before.
    package var epoch: UInt64
    package var owner: OwnerIdentity
    /// Where routers reach it.
    package var endpoint: String
    /// The owner has let go of it.
    package var isReleased: Bool

    package init(
        partition: Int, epoch: UInt64, owner: OwnerIdentity, endpoint: String,
        isReleased: Bool = false
    ) {
        self.partition = partition
        self.epoch = epoch
        self.owner = owner
        self.endpoint = endpoint
        self.isReleased = isReleased
    }

    /// Reads a claim or release from a whole message; nil when it is neither.
    ///
    /// The payload (cluster, "Claim"):
    ///
    ///      0 | name length     | 2 |
    ///      2 | endpoint length | 2 |
    ///      4 | reserved        | 4 |
    ///      8 | name, endpoint  |   |
    package init?(_ header: LogHeader, _ message: RawSpan) throws(LogFault) {
        if header.kind == .records { return nil }
        let payload = message.extracting(LogHeader.byteCount..<message.byteCount)
        guard payload.byteCount >= 8 else { throw .texts }
        let nameEnd = 8 + Int(payload.integer(at: 0, as: UInt16.self))
        let end = nameEnd + Int(payload.integer(at: 2, as: UInt16.self))
        guard end == payload.byteCount else { throw .texts }
        self.init(
            partition: Int(header.partition), epoch: header.epoch,
            owner: OwnerIdentity(
                name: payload.extracting(8..<nameEnd).text, incarnation: header.incarnation),
            endpoint: payload.extracting(nameEnd..<end).text,
            isReleased: header.kind == .release)
    }

    /// The message that says so.
    ///
    /// - Parameter header: of kind `claim` or `release`.
    package func message(_ header: LogHeader) -> LogMessage {
        var payload = ByteWriter()
        payload.append(UInt16(owner.name.utf8.count))
        payload.append(UInt16(endpoint.utf8.count))
        payload.append(0 as UInt32)
        payload.append(utf8: owner.name)
        payload.append(utf8: endpoint)
        return header.message(payload.bytes)
    }
}
