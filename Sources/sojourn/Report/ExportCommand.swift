public import ArgumentParser
public import SojournClient

/// `sojourn export`: finished sessions and revisions, for other systems.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write finished sessions and revisions, in the order in which they came about.",
        discussion: """
            The last line on standard error names the cursor to go on from: --since CURSOR writes what came \
            about after it. Whoever stores the cursor with the lines misses none.
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
        var cursor = since ?? .start
        if format == .csv { print(ExportedSession.titles.joined(separator: ",")) }
        while true {
            let page = try await client.fetch(after: cursor)
            for entry in page.entries { try write(entry) }
            cursor = page.cursor
            if !page.hasMore { break }
        }
        await client.close()
        Console.standardError.say("cursor \(cursor.position)-\(cursor.index)")
    }

    private func write(_ entry: FeedPage.Entry) throws {
        switch entry.content {
        case .finished(let session, let visitor):
            let exported = ExportedSession(entry, session, visitor)
            print(
                format == .csv
                    ? exported.cells.map(CSVField.quoted).joined(separator: ",")
                    : try JSONOutput.line(exported))
        case .opened: break
        case .revised(let revision):
            if format == .jsonl { print(try JSONOutput.line(ExportedRevision(entry, revision))) }
        }
    }
}

enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    case csv, jsonl
}

extension FeedCursor: ExpressibleByArgument {
    /// `position-index`, as `export` names it.
    public init?(argument: String) {
        let parts = argument.split(separator: "-")
        guard parts.count == 2, let position = UInt64(parts[0]), let index = UInt32(parts[1]) else {
            return nil
        }
        self.init(position: position, index: index)
    }

    public var defaultValueDescription: String { "\(position)-\(index)" }
}

/// A finished session as a line.
private struct ExportedSession: Encodable {
    var kind = "finished"
    var cursor: String
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

    init(_ entry: FeedPage.Entry, _ session: SessionSnapshot, _ visitor: VisitorHash) {
        cursor = "\(entry.cursor.position)-\(entry.cursor.index)"
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
            "cursor", "property", "visitor_hash", "session", "visitor_session", "first_event_ms",
            "last_event_ms", "events", "views", "actions", "conversions", "value_micro_units",
            "engaged", "automated", "late", "merged", "boundary_in", "boundary_out", "landing_page",
            "exit_page",
        ] + ContextAttribute.allCases.map(\.name)

    var cells: [String] {
        let flags = [engaged, automated, late, merged].map { $0 ? "1" : "0" }
        return [
            cursor, "\(property)", visitorHash, session, "\(visitorSession)", "\(firstEventMs)",
            "\(lastEventMs)", "\(events)", "\(views)", "\(actions)", "\(conversions)",
            "\(valueMicroUnits)",
        ] + flags + [boundaryIn, boundaryOut, landingPage, exitPage]
            + ContextAttribute.allCases.map { context[$0.name] ?? "" }
    }
}

/// A revision as a line.
private struct ExportedRevision: Encodable {
    var kind = "revised"
    var cursor: String
    var property: UInt32
    var number: UInt64
    var from: String
    var into: String

    init(_ entry: FeedPage.Entry, _ revision: Revision) {
        cursor = "\(entry.cursor.position)-\(entry.cursor.index)"
        property = entry.property.rawValue
        number = revision.number
        from = "\(revision.from)"
        into = "\(revision.into)"
    }
}
