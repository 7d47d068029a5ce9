public import ArgumentParser
public import SojournClient
import SojournInput

/// `sojourn export`: finished sessions and revisions, for other systems.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write finished sessions and revisions, in the order in which they came about.",
        discussion: """
            A line on standard error names the cursor to go on from, also where an export was cut short: \
            --since CURSOR writes what came about after it. Whoever stores the cursor with the lines misses \
            none. Through a router, the order is that of each worker.
            """)

    @Option(
        help: ArgumentHelp(
            "Only what came about after this cursor, which an export before has named.",
            valueName: "cursor"))
    var since: FeedCursor?

    @Option(help: "csv (sessions only) or jsonl.")
    var format = ExportFormat.jsonl

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let client = try await connection.connect()
        var output = try OutputSink(path: "-")
        var cursor = since ?? .start
        defer { Console.standardError.say("cursor \(cursor)") }
        if format == .csv { try output.append(line: ExportedSession.titles.joined(separator: ",")) }
        while true {
            let page = try await client.fetch(after: cursor)
            for entry in page.entries {
                // No other entry of the deployment has it.
                let place = "\(page.firstPartition):\(entry.place)"
                if let line = try line(of: entry, at: place) { try output.append(line: line) }
            }
            // The cursor is behind what was written, and nothing else.
            try output.flush()
            guard output.isOpen else { break }
            cursor = page.cursor
            if !page.hasMore { break }
        }
        await client.close()
    }

    private func line(of entry: FeedPage.Entry, at place: String) throws -> String? {
        switch entry.content {
        case .finished(let session, let visitor):
            let exported = ExportedSession(entry, place, session, visitor)
            return format == .csv
                ? exported.cells.map(CSVField.quoted).joined(separator: ",")
                : try JSONOutput.line(exported)
        case .opened: return nil
        case .revised(let revision):
            return format == .jsonl
                ? try JSONOutput.line(ExportedRevision(entry, place, revision)) : nil
        }
    }
}

extension OutputSink {
    fileprivate mutating func append(line: String) throws(InputError) {
        try append { bytes in
            bytes += line.utf8
            bytes.append(UInt8(ascii: "\n"))
        }
    }
}

enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    case csv, jsonl
}

/// As `export` names it.
extension FeedCursor: ExpressibleByArgument {}

/// A finished session as a line.
private struct ExportedSession: Encodable {
    var kind = "finished"
    var place: String
    var property: UInt32
    var visitorHash: String
    var session: String
    var visitorSession: UInt32
    var firstEventMs: Int64
    var lastEventMs: Int64
    var events: UInt32
    var views: UInt32
    var actions: UInt32
    var conversions: UInt32
    var valueMicroUnits: Int64
    var engaged: Bool
    var automated: Bool
    var late: Bool
    var merged: Bool
    var boundaryIn: String
    var boundaryOut: String
    var landingPage: String
    var exitPage: String
    var context: [String: String]
    var path: [Step]

    struct Step: Encodable {
        var afterMs: UInt32
        var page: String
    }

    init(
        _ entry: FeedPage.Entry, _ place: String, _ session: SessionSnapshot, _ visitor: VisitorHash
    ) {
        self.place = place
        property = entry.property.rawValue
        visitorHash = visitor.bits.hexadecimal
        self.session = "\(session.id)"
        visitorSession = session.ordinal
        firstEventMs = session.firstEvent
        lastEventMs = session.lastEvent
        events = session.events
        views = session.views
        actions = session.actions
        conversions = session.conversions
        valueMicroUnits = session.value
        engaged = session.state.isEngaged
        automated = session.state.isAutomated
        late = session.state.isLate
        merged = session.state.isMerged
        boundaryIn = session.state.boundary?.name ?? ""
        boundaryOut = session.boundaryOut?.name ?? ""
        landingPage = session.landingPage
        exitPage = session.exitPage
        let known = zip(ContextAttribute.allCases, session.context).filter { !$1.isEmpty }
        context = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $1) })
        path = session.path.map { Step(afterMs: $0.milliseconds, page: $0.page) }
    }

    static let titles =
        [
            "place", "property", "visitor_hash", "session", "visitor_session", "first_event_ms",
            "last_event_ms", "events", "views", "actions", "conversions", "value_micro_units",
            "engaged", "automated", "late", "merged", "boundary_in", "boundary_out", "landing_page",
            "exit_page",
        ] + ContextAttribute.allCases.map(\.name)

    var cells: [String] {
        let flags = [engaged, automated, late, merged].map { $0 ? "1" : "0" }
        return [
            place, "\(property)", visitorHash, session, "\(visitorSession)", "\(firstEventMs)",
            "\(lastEventMs)", "\(events)", "\(views)", "\(actions)", "\(conversions)",
            "\(valueMicroUnits)",
        ] + flags + [boundaryIn, boundaryOut, landingPage, exitPage]
            + ContextAttribute.allCases.map { context[$0.name] ?? "" }
    }
}

/// A revision as a line.
private struct ExportedRevision: Encodable {
    var kind = "revised"
    var place: String
    var property: UInt32
    var number: UInt64
    var from: String
    var into: String

    init(_ entry: FeedPage.Entry, _ place: String, _ revision: Revision) {
        self.place = place
        property = entry.property.rawValue
        number = revision.number
        from = "\(revision.from)"
        into = "\(revision.into)"
    }
}
