import SojournClient
import SojournInput
import SojournModel
import SojournWire

/// One run of `sojourn assign`: takes what the feed brings, in order, and writes it.
struct AssignJob: ~Copyable {
    private let feed: EventFeed
    private let inputName: String
    private let isStrict: Bool
    private let start: ContinuousClock.Instant
    private var output: AssignmentOutput
    private var progress: AssignProgress
    private var ledger = SessionLedger()
    private var visitors = VisitorCount()
    private var events = 0
    private var views = 0
    private var outcomes: [Outcome: Int] = [:]

    init(
        feed: EventFeed, output: consuming AssignmentOutput, progress: AssignProgress,
        inputName: String, isStrict: Bool, start: ContinuousClock.Instant
    ) {
        self.feed = feed
        self.output = output
        self.progress = progress
        self.inputName = inputName
        self.isStrict = isStrict
        self.start = start
    }

    /// Works until the input has ended, or whoever reads the output has gone.
    mutating func run() async throws {
        defer { feed.stop() }
        for try await item in feed.items {
            switch item {
            case .portion(let portion): try await take(portion)
            case .bad(let line):
                let message = "\(inputName): \(line)"
                if isStrict { throw CommandFailure(.badInput, message) }
                Console.standardError.say("sojourn: \(message)")
            case .end(let warning):
                if let warning { Console.standardError.say("sojourn: \(warning)") }
            }
            progress.update(consumedBytes: feed.consumedBytes, events: events)
            if !output.isOpen { break }
        }
        if feed.badLines > EventFeed.badLinesShown {
            let further = HumanText.count(feed.badLines - EventFeed.badLinesShown)
            Console.standardError.say("sojourn: \(inputName): \(further) further bad lines")
        }
        try output.finish(&ledger)
        Console.standardError.show(progress: "")
    }

    /// What there is to say at the end.
    mutating func summary() -> AssignSummary {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let durations = ledger.durations()
        let sessions = durations.count
        var named: [String: Int] = [:]
        for (outcome, count) in outcomes { named[outcome.name] = count }
        return AssignSummary(
            events: events, visitors: visitors.count, sessions: sessions,
            pagesPerSession: sessions == 0 ? 0 : Double(views) / Double(sessions),
            medianDurationMs: durations.median,
            meanDurationMs: sessions == 0 ? 0 : durations.reduce(0, +) / Int64(sessions),
            seconds: seconds, eventsPerSecond: Int(Double(events) / max(seconds, 0.000_001)),
            revisions: ledger.revisions, outcomes: named,
            badLines: feed.badLines)
    }

    private mutating func take(_ portion: EventFeed.Portion) async throws {
        let reply = try await portion.pending.reply
        feed.finished(portion)
        try reply.withAssignments(events: portion.events.count) { view in
            try take(portion.events, view)
        }
        try output.flush()
    }

    private mutating func take(
        _ batch: [InputEvent], _ view: borrowing AssignReplyView
    ) throws {
        var rows: [Int] = []
        rows.reserveCapacity(view.sessionCount)
        for row in 0..<view.sessionCount { rows.append(ledger.row(of: view.session(row))) }
        for (index, event) in batch.enumerated() {
            let outcome = view.outcome(event: index)
            let row = view.sessionIndex(event: index).map { rows[$0] }
            events += 1
            outcomes[outcome, default: 0] += 1
            visitors.add(event.bytes(of: .visitor))
            if outcome.isAccepted, let row {
                ledger.count(eventAt: event.timeMilliseconds, inRow: row)
                if event.kind == .view { views += 1 }
            }
            try output.add(
                event, session: row, position: view.position(event: index), outcome: outcome,
                ledger)
        }
        for row in 0..<view.revisionCount { ledger.apply(view.revision(row)) }
    }
}

extension [Int64] {
    /// Of values in ascending order: the one in the middle, or the mean of the two; 0 of none.
    fileprivate var median: Int64 {
        if isEmpty { return 0 }
        let upper = self[count / 2]
        return count % 2 == 1 ? upper : (self[count / 2 - 1] + upper) / 2
    }
}
