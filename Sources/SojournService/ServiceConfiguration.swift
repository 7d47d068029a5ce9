package import SojournChannels
package import SojournEngine
package import SojournModel
import SojournWire

/// A site or app whose sessions the service keeps.
package struct ServiceProperty: Equatable, Sendable {
    package var id: PropertyID
    /// For people: logs and reports.
    package var name: String
    package var policy: SessionPolicy
    /// By whose calendar reports count hours and days: its IANA name, and its offsets.
    package var timeZone: String
    package var days: LocalDays

    package init(
        id: PropertyID, name: String, policy: SessionPolicy = .init(), timeZone: String = "UTC",
        days: LocalDays = .utc
    ) {
        self.id = id
        self.name = name
        self.policy = policy
        self.timeZone = timeZone
        self.days = days
    }

    /// What there is when nothing was configured.
    package static let `default` = ServiceProperty(id: PropertyID(1), name: "default")
}

/// All that a `ServiceCore` is made from.
package struct ServiceConfiguration: Equatable, Sendable {
    package var properties: [ServiceProperty]
    package var deployment: DeploymentID
    package var secret: DeploymentSecret
    /// Those that this server has; its state, once made, is of this range and no other.
    package var partitions = PartitionRange.whole
    package var engineLimits = EngineLimits()
    /// Names the channels of sessions whose sender does not, wherever sessions are shown.
    package var channels = ChannelGrouping()
    /// Requests that one client may have in flight.
    package var credit = Limits.creditMax
    /// Bytes of the largest request, header included.
    package var messageBytesMax = Limits.messageBytesMax
    /// Producers that are remembered; beyond it the one that was quiet for longest is forgotten.
    package var producersMax = 10_000
    /// Bytes of all remembered replies.
    package var producerReplyBytesMax = 256 << 20
    /// Bytes of finished sessions that may wait for the archive; beyond it new batches are refused.
    package var finishedBytesMax = 256 << 20
    /// In a cluster, questions are answered behind a record of the log that was made at most so long before; nil
    /// where nobody else can own the partitions.
    package var confirmMilliseconds: Int64?
    package var serverName = "sojourn"
    package var serverVersion = "0.1.0"

    /// - Parameter deployment: nil derives it from the secret, so that two deployments with
    ///   different secrets are never taken for each other.
    package init(
        properties: [ServiceProperty] = [.default], secret: DeploymentSecret,
        deployment: DeploymentID? = nil
    ) {
        self.properties = properties
        self.secret = secret
        self.deployment = deployment ?? .derived(from: secret)
    }

    /// What HELLO tells of the limits.
    var batchLimits: BatchLimits { BatchLimits(messageBytes: messageBytesMax) }
}

extension DeploymentID {
    /// Apart from what the engine derives from a secret.
    private static let purpose: UInt64 = 0x64_65_70_6C_6F_79

    /// The id of a deployment that was given none. Never `any`, and nothing of the secret shows.
    package static func derived(from secret: DeploymentSecret) -> DeploymentID {
        let hasher = SipHash(secret: secret, purpose: purpose)
        var bits = hasher.hash128(0, 0)
        // A tag of 0 stands for "any" in a header.
        if bits.low == 0 { bits.low = 1 }
        return DeploymentID(bits)
    }
}
