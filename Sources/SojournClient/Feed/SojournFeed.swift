public import SojournModel
import SojournWire
import Synchronization
import ZeroMQ

/// Reads what happens to sessions while it happens (sojourn-1, "Feed"): what was opened, what became part of
/// another, what is finished.
///
///     let feed = try SojournFeed(endpoints: ["tcp://127.0.0.1:5572"], properties: [1])
///     for try await message in feed {
///         if message.isGapBefore { print("some may have been missed") }
///         for entry in message.entries { print(entry.place, entry.content) }
///     }
///
/// It is for those who may miss some: a reader that is too slow, or away, misses messages, and
/// `Message.isGapBefore` says so. Who may not keeps a `FeedCursor`, sets the place of each message in it, and goes
/// on from there with `SojournClient.fetch` where there is a gap.
///
/// One task reads at a time. Messages that nobody has taken yet are kept up to a bound; beyond it the server
/// drops what it has for this reader.
public final class SojournFeed: AsyncSequence, AsyncIteratorProtocol, Sendable {
    /// How a feed connects.
    public struct Options: Sendable {
        /// The deployment that the servers must be of; nil takes any.
        public var deployment: DeploymentID?
        /// Keys for servers that speak CURVE; nil speaks plain text.
        public var curve: SojournClient.CurveKeys?

        public init() {}
    }

    /// Some of what happened to sessions of one property.
    public struct Message: Equatable, Sendable {
        public var property: PropertyID
        /// Messages before this one may have been missed.
        public var isGapBefore: Bool
        /// In their order; none where a gap alone is told.
        public var entries: [FeedPage.Entry]
        /// Of the partitions whose order the places are of.
        public var firstPartition: Int
        /// All up to here was told: `cursor[firstPartition] = place`, and `SojournClient.fetch` goes on from here.
        public var place: FeedPlace
    }

    private let reader: FeedReader

    /// Begins to read. It connects, and connects again, by itself; a server that is not there yet is waited for.
    ///
    /// - Parameters:
    ///   - endpoints: where feeds are: all workers' where there are several.
    ///   - properties: of which to read; those that the client has no right to read stay silent.
    /// - Throws: `.invalidArgument` or `.transport`.
    public init(
        endpoints: [String], properties: [PropertyID], options: Options = Options()
    ) throws(SojournError) {
        guard !endpoints.isEmpty, !properties.isEmpty else {
            throw SojournError(
                .invalidArgument, "a feed needs an endpoint to connect to, and a property to read")
        }
        do throws(ZeroMQError) {
            reader = try FeedReader(endpoints, properties, options)
        } catch {
            let isOurs = error.code == .invalidArgument || error.code == .protocolNotSupported
            throw SojournError(
                isOurs ? .invalidArgument : .transport, "cannot \(error)", cause: error)
        }
    }

    deinit { reader.close() }

    /// The next message; nil after `close`.
    ///
    /// - Throws: `SojournError`: `.malformedReply` for what is not the protocol, `.wrongDeployment`, `.transport`;
    ///   or `CancellationError`.
    public func next() async throws -> Message? { try await reader.next() }

    public func makeAsyncIterator() -> SojournFeed { self }

    /// Whether anything of a property came within the last three seconds: servers send a message a second where
    /// nothing happens. False also where the client may not read it.
    public func isHeard(_ property: PropertyID) -> Bool { reader.isHeard(property) }

    /// Ends it.
    public func close() { reader.close() }
}
