import ArgumentParser
import SojournClient
import SojournInput

/// `sojourn lookup`: what the service knows of a visitor or a session.
struct LookupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookup",
        abstract: "Show the unfinished sessions of a visitor, or one by its id.")

    @Argument(help: "The visitor, as its events name it.")
    var visitor: String?

    @Option(help: ArgumentHelp("A session's id instead of a visitor.", valueName: "id"))
    var session: String?

    @Option(help: "The property that is meant.")
    var property = PropertyID.default

    @Option(help: "text or json.")
    var output = DisplayFormat.text

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (visitor == nil) != (session == nil) else {
            throw ValidationError("Give a visitor, or --session and an id.")
        }
        if visitor == "" { throw ValidationError("A visitor has at least one byte.") }
        if let session, SessionID(session) == nil {
            throw ValidationError("\(session) is no session id; one has 32 hexadecimal digits.")
        }
    }

    func run() async throws {
        let client = try await connection.connect()
        let found: SessionLookup
        if let id = session.flatMap({ SessionID($0) }) {
            found = try await client.lookup(session: id, property: property)
        } else {
            let name = Array((visitor ?? "").utf8)
            found = try await client.lookup(
                visitor: VisitorKey.bytes(for: name.span), property: property)
        }
        await client.close()
        switch output {
        case .json: print(try JSONOutput.text(LookupDocument(found)))
        case .text: for line in lines(found) { print(line.printable) }
        }
    }

    private func lines(_ found: SessionLookup) -> [String] {
        let whose = visitor.map { "visitor \($0)" } ?? "session \(session ?? "")"
        let count = found.sessions.count
        var lines = [
            "\(whose): \(count == 0 ? "no" : "\(count)") unfinished session\(count == 1 ? "" : "s")"
                + " on property \(property.rawValue), whose clock "
                + (found.clock.map { "is at \($0)" } ?? "has not started")
        ]
        for session in found.sessions { lines += [""] + HumanText.table(session.rows) }
        return lines
    }
}

extension SessionSnapshot {
    /// What a person wants to know.
    fileprivate var rows: [(String, String)] {
        let boundary = state.boundary?.name ?? "unknown"
        var rows = [
            ("session", "\(id)"),
            ("number", "\(ordinal) of this visitor"),
            ("began", "\(EventTime(milliseconds: firstEvent)) (\(boundary))"),
            (
                "last event",
                "\(EventTime(milliseconds: lastEvent)), "
                    + "\(HumanText.duration(milliseconds: lastEvent - firstEvent)) later"
            ),
            (
                "finishes",
                "when the clock reaches \(EventTime(milliseconds: finishesAt))"
                    + (boundaryOut.map { ", ended by \($0.name)" } ?? "")
            ),
            (
                "events",
                "\(events): \(views) views, \(actions) actions, \(conversions) conversions"
            ),
            (
                "engaged",
                (state.isEngaged ? "yes" : "no")
                    + ", \(HumanText.duration(milliseconds: engagedMilliseconds))"
            ),
        ]
        if value != 0 { rows.append(("value", HumanText.decimal(Double(value) / 1_000_000))) }
        if !landingPage.isEmpty { rows.append(("landing page", landingPage)) }
        if !exitPage.isEmpty { rows.append(("exit page", exitPage)) }
        for (attribute, text) in zip(ContextAttribute.allCases, context) where !text.isEmpty {
            rows.append((attribute.name, text))
        }
        let flags = [
            (state.isLate, "late events"), (state.isMerged, "merged"), (state.isAutomated, "a bot"),
            (state.isEnded, "ended"),
        ].filter(\.0).map(\.1)
        if !flags.isEmpty { rows.append(("flags", flags.joined(separator: ", "))) }
        for (index, step) in path.enumerated() {
            let time = HumanText.duration(milliseconds: Int64(step.milliseconds))
            rows.append((index == 0 ? "path" : "", "\(step.page)  (+\(time))"))
        }
        return rows
    }
}

/// A look-up as JSON.
private struct LookupDocument: Encodable {
    /// Missing before the property's first event.
    var clockMs: Int64?
    var sessions: [Session]

    struct Session: Encodable {
        var session: String
        var visitorSession: Int
        var firstEventMs: Int64
        var lastEventMs: Int64
        var finishesMs: Int64
        var events: UInt32
        var views: UInt32
        var actions: UInt32
        var conversions: UInt32
        var valueMicroUnits: Int64
        var engagedMs: Int64
        var engaged: Bool
        var late: Bool
        var merged: Bool
        var automated: Bool
        var ended: Bool
        var boundaryIn: String?
        var boundaryOut: String?
        var landingPage: String
        var exitPage: String
        /// Only what is known.
        var context: [String: String]
        var path: [Step]
    }

    struct Step: Encodable {
        var afterMs: UInt32
        var page: String
    }

    init(_ found: SessionLookup) {
        clockMs = found.clock?.milliseconds
        sessions = found.sessions.map { session in
            let context = zip(ContextAttribute.allCases, session.context)
                .filter { !$1.isEmpty }.map { ($0.name, $1) }
            return Session(
                session: "\(session.id)", visitorSession: Int(session.ordinal),
                firstEventMs: session.firstEvent, lastEventMs: session.lastEvent,
                finishesMs: session.finishesAt, events: session.events, views: session.views,
                actions: session.actions, conversions: session.conversions,
                valueMicroUnits: session.value, engagedMs: session.engagedMilliseconds,
                engaged: session.state.isEngaged, late: session.state.isLate,
                merged: session.state.isMerged, automated: session.state.isAutomated,
                ended: session.state.isEnded, boundaryIn: session.state.boundary?.name,
                boundaryOut: session.boundaryOut?.name, landingPage: session.landingPage,
                exitPage: session.exitPage, context: Dictionary(uniqueKeysWithValues: context),
                path: session.path.map { Step(afterMs: $0.milliseconds, page: $0.page) })
        }
    }
}
