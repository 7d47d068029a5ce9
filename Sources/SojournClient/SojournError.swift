public import SojournWire

/// Why a call failed.
///
/// `code` says what kind of failure it is, `message` says it in a sentence for a person. The one
/// question that a program must ask is whether the events of a failed `assign` may have been
/// applied all the same: `mayHaveBeenApplied`.
public struct SojournError: Error, Sendable {
    /// The kinds of failure. New ones may come: a `switch` over them needs a `default`.
    public struct Code: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }

        /// No server could be reached; nothing was applied.
        public static let unreachable = Code(rawValue: "unreachable")
        /// There was no answer in time. Nothing can have been applied.
        public static let timedOut = Code(rawValue: "timedOut")
        /// A batch was sent, perhaps several times, and its answer never came: it was applied once,
        /// or not at all.
        public static let unknownOutcome = Code(rawValue: "unknownOutcome")
        /// The server refused; `refusal` says why. Nothing was applied.
        public static let refused = Code(rawValue: "refused")
        /// The server belongs to another deployment.
        public static let wrongDeployment = Code(rawValue: "wrongDeployment")
        /// Client and server have no version of the protocol in common.
        public static let unsupportedVersion = Code(rawValue: "unsupportedVersion")
        /// An event cannot be sent as it is: `eventIndex` says which one.
        public static let invalidEvent = Code(rawValue: "invalidEvent")
        /// There is nothing in the batch.
        public static let emptyBatch = Code(rawValue: "emptyBatch")
        /// More events than the server takes at once. A batch is applied as a whole, so it is not
        /// split behind its sender's back.
        public static let batchTooLarge = Code(rawValue: "batchTooLarge")
        /// A parameter makes no sense.
        public static let invalidArgument = Code(rawValue: "invalidArgument")
        /// The server answered something that is not the protocol.
        public static let malformedReply = Code(rawValue: "malformedReply")
        /// The client was closed.
        public static let closed = Code(rawValue: "closed")
        /// The system or libzmq refused; see `cause`.
        public static let transport = Code(rawValue: "transport")
    }

    /// What the server said.
    public struct Refusal: Equatable, Sendable {
        /// From the registry of the protocol; the server may know more codes than this client.
        public let code: ErrorCode
        /// One sentence.
        public let message: String
        /// Byte of the request that offended.
        public let offset: Int?
        /// How long the server asked to wait.
        public let retryAfter: Duration?
        /// The versions of the protocol that the server speaks.
        public let versions: ClosedRange<Int>?
    }

    public let code: Code
    /// A sentence that can be shown to a person.
    public let message: String
    /// True when the events may have been applied although the call failed.
    public let mayHaveBeenApplied: Bool
    /// The server's own words, where it said any.
    public let refusal: Refusal?
    /// The event to blame, counted from 0.
    public let eventIndex: Int?
    /// How many times the request was sent.
    public let attempts: Int
    /// What lies underneath, where something does.
    public let cause: (any Error)?

    package init(
        _ code: Code, _ message: String, mayHaveBeenApplied: Bool = false,
        refusal: Refusal? = nil, eventIndex: Int? = nil, attempts: Int = 0,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.mayHaveBeenApplied = mayHaveBeenApplied
        self.refusal = refusal
        self.eventIndex = eventIndex
        self.attempts = attempts
        self.cause = cause
    }
}

extension SojournError: CustomStringConvertible {
    /// `unknownOutcome: no answer from tcp://127.0.0.1:5571 ...`
    public var description: String { "\(code): \(message)" }
}

extension SojournError.Refusal {
    init(_ reply: ErrorReply) {
        let versions = reply.lowestVersion <= reply.highestVersion
        self.init(
            code: reply.code, message: reply.message, offset: reply.offset.map { Int($0) },
            retryAfter: reply.retryAfterMilliseconds == 0
                ? nil : .milliseconds(Int64(reply.retryAfterMilliseconds)),
            versions: versions ? Int(reply.lowestVersion)...Int(reply.highestVersion) : nil)
    }
}
