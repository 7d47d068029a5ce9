import ArgumentParser
import Foundation
import SojournClient
import SojournInput

extension InputFormat: ExpressibleByArgument {}
extension OutputFormat: ExpressibleByArgument {}

/// `sojourn assign`: the events of a file, with the session that each belongs to.
struct AssignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assign",
        abstract: "Assign the events of a file to sessions.",
        discussion: """
            Reads CSV with a header (time_ms or time, visitor, kind; page, device, channel, country, \
            referrer, campaign, value and more where there are), JSON Lines, or an Apache or nginx \
            access log, and writes what it read with four more columns: session, position, outcome \
            and visitor_session.

            Ids are written as they stand when the input has ended: a late event may show that two \
            sessions are one. With --stream each event is written as soon as it is assigned.

            Rows go to standard output or --out, everything else to standard error. With --summary \
            json the summary is one line of JSON, the last on standard error.
            """)

    enum SummaryFormat: String, ExpressibleByArgument, CaseIterable {
        case text, json, none
    }

    @Argument(help: "The file to read; - is standard input.")
    var file: String

    @OptionGroup(title: "Service") var connection: ConnectionOptions

    @OptionGroup(title: "Service") var embedded: EmbeddedOptions

    @Option(help: "The property that the events belong to.")
    var property = PropertyID.default

    @Option(help: "auto, csv, jsonl or log.")
    var input = InputFormat.auto

    @Option(help: "csv, jsonl, or table (for people). (default: jsonl for JSON Lines, else csv)")
    var output: OutputFormat?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where to write; - is standard output.", valueName: "file"))
    var out = "-"

    @Option(help: "Events per batch.")
    var batch = 1_000

    @Option(help: "Batches in flight.")
    var depth = 16

    @Flag(help: "Stop at the first bad line, with exit code 65.")
    var strict = false

    @Flag(help: "Write each event as soon as it is assigned; revisions are not applied.")
    var stream = false

    @Option(help: "What to say at the end: text, json or none.")
    var summary = SummaryFormat.text

    func validate() throws {
        if embedded.isEmbedded, !connection.endpoints.isEmpty || connection.deployment != nil {
            throw ValidationError("--embedded needs no --connect and no --deployment.")
        }
        guard (1...Limits.batchEventsMax).contains(batch) else {
            throw ValidationError("--batch must be from 1 to 65,535.")
        }
        guard (1...1_024).contains(depth) else {
            throw ValidationError("--depth must be from 1 to 1,024.")
        }
    }

    func run() async throws {
        let start = ContinuousClock.now
        let reader = try await openInput()
        let layout = reader.layout
        let name = reader.name
        let progress = AssignProgress(totalBytes: reader.totalBytes)
        let service = embedded.isEmbedded ? try EmbeddedService(embedded) : nil
        let client =
            if let service {
                try await SojournClient.connect(to: service.endpoint)
            } else {
                try await connection.connect()
            }
        let format = output ?? (layout.format == .jsonLines ? .jsonLines : .csv)
        let writer = try EventWriter(to: OutputSink(path: out), format: format, layout: layout)
        let feed = EventFeed(
            client: client, property: property, batchEvents: batch, depth: depth)
        var job = AssignJob(
            feed: feed,
            output: AssignmentOutput(writer: writer, layout: layout, writesAtOnce: stream),
            progress: progress, inputName: name, isStrict: strict, start: start)
        feed.start(reading: reader)
        let ticker = stream ? Task { try await Self.sendNowAndThen(feed) } : nil
        try await job.run()
        ticker?.cancel()
        let report = job.summary()
        switch summary {
        case .text: for line in report.lines { Console.standardError.say(line) }
        case .json: Console.standardError.say(try JSONOutput.line(report))
        case .none: break
        }
        await client.close()
        await service?.stop()
    }

    /// Opening reads as far as the first line, for which a pipe may let us wait.
    private func openInput() async throws -> EventReader {
        let (file, input) = (file, input)
        let reader = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Handover<EventReader>, any Error>) in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result { Handover(try EventReader(path: file, format: input)) })
            }
        }
        return reader.take()
    }

    /// A slow input is answered soon, though its batches don't fill.
    private static func sendNowAndThen(_ feed: EventFeed) async throws {
        while !Task.isCancelled {
            try await Task.sleep(for: .milliseconds(50))
            try feed.sendWhatWaits(longerThan: .milliseconds(50))
        }
    }
}
