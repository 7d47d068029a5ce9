import SojournModel
import SojournWire

/// The payload of a record of a property's policy from there on (journal, "Policy").
///
///      0 +--------------------------+
///        | partition                |  2
///      2 +--------------------------+
///        | flags                    |  2   1: max duration, 2: max events, 4: campaign, 8: midnight
///      4 +--------------------------+
///        | property                 |  4
///      8 +--------------------------+
///        | timeout                  |  8   milliseconds, as all that follow
///     16 +--------------------------+
///        | max duration             |  8   zero without the flag
///     24 +--------------------------+
///        | lateness                 |  8
///     32 +--------------------------+
///        | max clock skew           |  8
///     40 +--------------------------+
///        | visitor retention        |  8
///     48 +--------------------------+
///        | max events               |  4   zero without the flag
///     52 +--------------------------+
///        | transitions              |  4   of the time zone; zero without midnight
///     56 +--------------------------+
///        | first offset             |  8   signed; zero without midnight
///     64 +--------------------------+
///        | transitions              | 16   each: start, offset; both signed
struct PolicyRecord {
    private static let headBytes = 64

    var partition: UInt16
    var property: PropertyID
    var policy: SessionPolicy

    init(partition: UInt16, property: PropertyID, policy: SessionPolicy) {
        self.partition = partition
        self.property = property
        self.policy = policy
    }

    func write(to writer: inout ByteWriter) {
        var flags: UInt16 = 0
        if policy.maxDurationMilliseconds != nil { flags |= 1 }
        if policy.maxEvents != nil { flags |= 2 }
        if policy.splitsOnCampaign { flags |= 4 }
        if policy.midnight != nil { flags |= 8 }
        let transitions = policy.midnight?.transitions ?? []
        writer.append(partition)
        writer.append(flags)
        writer.append(property.rawValue)
        writer.append(policy.timeoutMilliseconds)
        writer.append(policy.maxDurationMilliseconds ?? 0)
        writer.append(policy.latenessMilliseconds)
        writer.append(policy.maxClockSkewMilliseconds)
        writer.append(policy.visitorRetentionMilliseconds)
        writer.append(policy.maxEvents ?? 0)
        writer.append(UInt32(transitions.count))
        writer.append(policy.midnight?.firstOffset ?? 0)
        for transition in transitions {
            writer.append(transition.start)
            writer.append(transition.offset)
        }
    }

    /// - Returns: nil when the payload has another size than its own fields say, or a policy with a
    ///   fault.
    init?(_ payload: RawSpan) {
        guard payload.byteCount >= Self.headBytes else { return nil }
        let flags = payload.integer(at: 2, as: UInt16.self)
        let count = Int(payload.integer(at: 52, as: UInt32.self))
        guard flags < 16, payload.byteCount == Self.headBytes + 16 * count,
            count == 0 || flags & 8 != 0
        else { return nil }
        partition = payload.integer(at: 0)
        property = PropertyID(payload.integer(at: 4))
        policy = SessionPolicy()
        policy.timeoutMilliseconds = payload.integer(at: 8)
        policy.maxDurationMilliseconds = flags & 1 != 0 ? payload.integer(at: 16) : nil
        policy.latenessMilliseconds = payload.integer(at: 24)
        policy.maxClockSkewMilliseconds = payload.integer(at: 32)
        policy.visitorRetentionMilliseconds = payload.integer(at: 40)
        policy.maxEvents = flags & 2 != 0 ? payload.integer(at: 48) : nil
        policy.splitsOnCampaign = flags & 4 != 0
        if flags & 8 != 0 {
            var transitions: [LocalDays.Transition] = []
            for index in 0..<count {
                let offset = Self.headBytes + 16 * index
                let transition = LocalDays.Transition(
                    start: payload.integer(at: offset), offset: payload.integer(at: offset + 8))
                if let last = transitions.last, last.start >= transition.start { return nil }
                transitions.append(transition)
            }
            policy.midnight = LocalDays(
                firstOffset: payload.integer(at: 56), transitions: transitions)
        }
        guard policy.fault == nil else { return nil }
    }
}
