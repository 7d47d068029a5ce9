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
    /// The configuration, and the file of clients.
    case configuration
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
        case .configuration: FuzzTexts.configuration(bytes)
        case .accessLog: FuzzTexts.events(bytes, .accessLog)
        case .csv: FuzzTexts.events(bytes, .csv)
        case .jsonLines: FuzzTexts.events(bytes, .jsonLines)
        }
    }
}
