public import SojournModel
import SojournWire

/// What a server said of itself when it was greeted (sojourn-1, "HELLO").
public struct ServerInfo: Equatable, Sendable {
    /// Where it was reached.
    public let endpoint: String
    /// `sojourn`, and the version of the program.
    public let name: String
    public let version: String
    /// Names the deployment: all servers that share their sessions have the same.
    public let deployment: DeploymentID
    /// The version of the protocol that both speak.
    public let protocolVersion: Int
    /// Requests that one client may have in flight. Further calls wait for their turn.
    public let credit: Int
    /// Shares of the visitors that there are.
    public let partitions: Int
    /// Those of them that the server has: all, unless it is one of several workers behind a router.
    public let firstPartition: Int
    public let lastPartition: Int
    public let limits: BatchSizes

    /// What one batch may hold at most.
    public struct BatchSizes: Equatable, Sendable {
        /// Bytes of the whole message.
        public let messageBytes: Int
        public let events: Int
        public let visitorKeyBytes: Int
        /// UTF-8 bytes of one name or attribute.
        public let textBytes: Int
        /// Distinct names and attributes.
        public let texts: Int
        /// Distinct contexts.
        public let contexts: Int
    }
}

extension ServerInfo {
    init(_ reply: HelloReply, endpoint: String) {
        self.init(
            endpoint: endpoint, name: reply.serverName, version: reply.serverVersion,
            deployment: reply.deployment, protocolVersion: Int(reply.version),
            credit: reply.credit, partitions: reply.partitions,
            firstPartition: Int(reply.firstPartition), lastPartition: Int(reply.lastPartition),
            limits: BatchSizes(
                messageBytes: reply.limits.messageBytes, events: reply.limits.events,
                visitorKeyBytes: reply.limits.visitorKeyBytes, textBytes: reply.limits.textBytes,
                texts: reply.limits.texts, contexts: reply.limits.contexts))
    }
}

extension ServerInfo.BatchSizes {
    /// As the codec takes them: never more than the protocol itself allows.
    var ofBatch: BatchLimits {
        BatchLimits(
            messageBytes: min(messageBytes, Limits.messageBytesMax),
            events: min(events, Limits.batchEventsMax),
            visitorKeyBytes: min(visitorKeyBytes, Limits.visitorKeyBytesMax),
            textBytes: min(textBytes, Limits.textBytesMax),
            texts: min(texts, Limits.batchTextsMax),
            contexts: min(contexts, Limits.batchContextsMax))
    }
}
