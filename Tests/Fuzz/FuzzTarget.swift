import SojournInput

/// A reader of bytes that others made, to be run with any bytes at all: nothing may trap, nothing may be read
/// beyond an end, and what each target promises besides must hold.
///
/// `Scripts/fuzz` makes up the bytes; the tests run those that are kept in `Tests/Fuzz/Corpus`.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Decoding of requests.
    case request
    /// Decoding of replies.
    case reply
    /// Requests to a whole service, and the replay of what it recorded.
    case service
    /// A segment of a journal, to be recovered from.
    case journal
    /// A snapshot, to be recovered from.
    case snapshot
    /// A message of the feed.
    case feed
    /// What a router puts in front of a client's request, and that request.
    case clientFrame
    /// The messages of a partition's log in a cluster.
    case clusterLog
    /// What workers of a cluster tell each other, and what lies beside the log.
    case clusterMessages
    /// The configuration of services and routers, and the file of clients.
    case configuration
    /// What stands behind the question mark of the page's address.
    case pageAddress
    /// The header in which HTTP clients show who they are.
    case authorization
    /// Lines of an access log.
    case accessLog
    /// A CSV file of events.
    case csv
    /// A JSON Lines file of events.
    case jsonLines

    package func run(_ bytes: [UInt8]) {
        switch self {
        case .request: FuzzMessages.request(bytes)
        case .reply: FuzzMessages.reply(bytes)
        case .service: FuzzService.conversation(bytes)
        case .journal: FuzzService.journal(bytes)
        case .snapshot: FuzzService.snapshot(bytes)
        case .feed: FuzzMessages.feed(bytes)
        case .clientFrame: FuzzService.routed(bytes)
        case .clusterLog: FuzzCluster.log(bytes)
        case .clusterMessages: FuzzCluster.messages(bytes)
        case .configuration: FuzzTexts.configuration(bytes)
        case .pageAddress: FuzzHTTP.pageAddress(bytes)
        case .authorization: FuzzHTTP.authorization(bytes)
        case .accessLog: FuzzTexts.events(bytes, .accessLog)
        case .csv: FuzzTexts.events(bytes, .csv)
        case .jsonLines: FuzzTexts.events(bytes, .jsonLines)
        }
    }
}
