package import SojournModel
package import SojournService

/// All that a `SojournServer` is started with.
package struct ServerConfiguration: Sendable {
    /// Where it listens when nothing else was said.
    package static let defaultListen = "tcp://127.0.0.1:5571"

    package var listens: [String]
    package var service: ServiceConfiguration
    /// Listen at addresses that others can reach, though traffic is not encrypted.
    package var allowsInsecureListen = false
    /// Where the secret came from, for the log; nil when it was made up at the start.
    package var secretSource: String?
    package var queue = QueueLimits()
    /// nil speaks plain text with anybody.
    package var curve: CurveSettings?
    /// Connections at one time, with CURVE.
    package var connectionsMax = 4_096
    /// A connection that has not greeted by then is dropped.
    package var handshakeMilliseconds = defaultHandshakeMilliseconds
    static let defaultHandshakeMilliseconds = 10_000
    /// nil keeps everything in memory.
    package var journal: JournalSettings?
    /// The cluster that the process is a worker of; nil for none.
    package var cluster: ClusterSettings?
    /// In a worker's server of one partition: that partition.
    package var seat: PartitionSeat?
    /// Where metrics, health and the page are; nil for nowhere.
    package var admin: AdminSettings?
    /// nil keeps no finished sessions.
    package var archive: ArchiveSettings?
    /// nil publishes nothing.
    package var feed: FeedSettings?

    package init(
        listens: [String] = [defaultListen], service: ServiceConfiguration = .ephemeral
    ) {
        self.listens = listens
        self.service = service
    }
}

extension ServiceConfiguration {
    /// The default property and a secret of its own: a service that nobody else's ids come from.
    package static var ephemeral: ServiceConfiguration {
        ServiceConfiguration(secret: .random())
    }
}

extension DeploymentSecret {
    /// From the system's random numbers.
    package static func random() -> DeploymentSecret {
        DeploymentSecret(Bits128(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)))
    }
}

/// How many requests may wait. Beyond either bound the answer is `overloaded`.
package struct QueueLimits: Equatable, Sendable {
    /// Requests that were received and not yet answered.
    package var messagesMax = 4_096
    /// Bytes of those requests.
    package var bytesMax = 128 << 20
    /// Of them, requests of one client; without CURVE, of one connection.
    package var clientMessagesMax = 1_024
    /// Bytes of those.
    package var clientBytesMax = 64 << 20
    /// What `overloaded` tells a client to wait.
    package var retryAfterMilliseconds: UInt32 = 50

    package init() {}
}
