import Foundation
import SojournClient

/// Assigns batches that stand on the standard input, one at a time.
///
/// A batch is lines of `time visitor kind page channel campaign value`, parted by tabs, and ends with
/// an empty line. So does the answer, which has a line for each event and each revision, or one line
/// that begins with `error`.
struct Worker {
    private let endpoints: [String]
    private let property: PropertyID
    private let options: SojournClient.Options

    /// - Parameter keys: the server's public key, and the client's public and secret one, parted by spaces; nil
    ///   for plain text.
    init?(_ arguments: [String], keys: String?) throws {
        guard arguments.count == 5, arguments[0] == "worker",
            let property = UInt32(arguments[2]), let producer = UInt64(arguments[3]),
            let sequence = UInt64(arguments[4])
        else { return nil }
        endpoints = arguments[1].split(separator: ",").map(String.init)
        self.property = PropertyID(property)
        var options = SojournClient.Options()
        options.producer = producer
        options.firstSequence = sequence
        if let keys = keys?.split(separator: " ").map(String.init) {
            guard keys.count == 3 else { return nil }
            options.curve = try SojournClient.CurveKeys(server: keys[0], secret: keys[2])
        }
        self.options = options
    }

    func run() async throws {
        let client = try await SojournClient.connect(to: endpoints, options: options)
        var lines: [String] = []
        while let line = readLine() {
            if !line.isEmpty {
                lines.append(line)
                continue
            }
            let answer = await answer(lines, client)
            FileHandle.standardOutput.write(Data((answer + "\n").utf8))
            lines.removeAll()
        }
        await client.close()
    }

    private func answer(_ lines: [String], _ client: SojournClient) async -> String {
        do {
            let events = try lines.map { try Event(workerLine: $0) }
            return Self.text(of: try await client.assign(events, property: property))
        } catch let error as SojournError {
            let name = error.refusal.map { "\($0.code)" } ?? "\(error.code)"
            return "error\t\(name)\t\(error.message)\n"
        } catch {
            return "error\tinvalidEvent\t\(error)\n"
        }
    }

    private static func text(of answer: Answer) -> String {
        var text = ""
        for one in answer.assignments {
            let session = one.session.map { "\($0)" } ?? "-"
            text += "\(session)\t\(one.visitorSession ?? 0)\t\(one.position ?? 0)\t\(one.outcome)\n"
        }
        for one in answer.revisions {
            text += "revision\t\(one.number)\t\(one.from)\t\(one.into)\t\(one.cause)\n"
        }
        return text
    }
}

/// A line is no event.
private struct LineFault: Error {
    let line: String
}

extension Event {
    /// Reads an event from a line of a batch.
    fileprivate init(workerLine line: String) throws {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 7, let time = Int64(fields[0]),
            let kind = EventKind.allCases.first(where: { $0.name == fields[2] })
        else { throw LineFault(line: line) }
        var context: EventContext?
        if fields[4] + fields[5] != "" {
            context = EventContext(channel: fields[4], campaignName: fields[5])
        }
        var value: Int64 = 0
        if !fields[6].isEmpty {
            guard let units = Decimal(string: fields[6]),
                let micros = Int64("\(units * 1_000_000)")
            else { throw LineFault(line: line) }
            value = micros
        }
        self.init(
            visitor: fields[1], time: EventTime(milliseconds: time), kind: kind, name: fields[3],
            context: context, valueMicroUnits: value)
    }
}
