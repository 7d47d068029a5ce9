import SojournClient

/// The watched server as a line an interval, for pipes and files.
enum WatchLine {
    /// Numbers stand below the ends of their titles.
    private static func padded(_ text: String, _ figure: WatchFigure) -> String {
        let width = max(figure.title.count, 9)
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static let timeWidth = "2026-03-02T01:02:16.000Z".count

    /// The titles of the columns of a reading's line.
    static func titles(of reading: WatchReading) -> String {
        let time = "time (UTC)" + String(repeating: " ", count: timeWidth - "time (UTC)".count)
        let cells = reading.figures.map { padded($0.figure.title, $0.figure) }
        return ([time] + cells + ["what became of events and requests"]).joined(separator: "  ")
    }

    /// A reading; behind its figures, in words, what events and requests became in that time, a second.
    static func text(of reading: WatchReading, at time: EventTime) -> String {
        let cells = reading.figures.map { padded($0.figure.text(of: $0.value), $0.figure) }
        var words = (reading.outcomes + reading.refusals).compactMap { count in
            count.perSecond.flatMap { $0 > 0 ? "\(count.words) \(HumanText.rate($0))" : nil }
        }
        words += reading.workers.filter { !$0.isUp }.map { "worker \($0.number) is gone" }
        if reading.isRestart { words.append("the server was started anew") }
        if reading.isDraining { words.append("draining") }
        if reading.isWithheld {
            words.append("nothing is shown to a client without the right admin on all properties")
        }
        let said = words.isEmpty ? [] : [words.joined(separator: ", ")]
        return (["\(time)"] + cells + said).joined(separator: "  ")
    }

    /// While it does not answer.
    static func text(ofSilence reason: String, at time: EventTime) -> String {
        "\(time)  no answer: \(reason)"
    }
}

/// A reading, or the lack of one, as a line of JSON.
struct WatchDocument: Encodable {
    struct Count: Encodable {
        var perSecond: Double?
        var total: Int64
    }

    struct Worker: Encodable {
        var up: Bool
        var partsWaiting: Int64
        var partsInFlight: Int64
        var repliesPerSecond: Double?
        var latencyMicroseconds: Int64
        var downsTotal: Int64
    }

    var time: String
    var endpoint: String?
    var seconds: Double?
    var restarted: Bool?
    var draining: Bool?
    /// Those that are known.
    var figures: [String: Double]?
    var outcomes: [String: Count]?
    var refusals: [String: Count]?
    var workers: [Worker]?
    /// Why there is nothing else.
    var noAnswer: String?

    init(_ reading: WatchReading, of endpoint: String, at time: EventTime) {
        self.time = "\(time)"
        self.endpoint = endpoint
        seconds = reading.seconds
        restarted = reading.isRestart
        draining = reading.isDraining
        figures = reading.values
        outcomes = Self.counts(reading.outcomes)
        refusals = Self.counts(reading.refusals)
        workers = reading.workers.map {
            Worker(
                up: $0.isUp, partsWaiting: $0.waiting, partsInFlight: $0.inFlight,
                repliesPerSecond: $0.repliesPerSecond, latencyMicroseconds: $0.microseconds,
                downsTotal: $0.downs)
        }
    }

    init(silence reason: String, at time: EventTime) {
        self.time = "\(time)"
        noAnswer = reason
    }

    private static func counts(_ counts: [WatchReading.Count]) -> [String: Count] {
        Dictionary(
            counts.map { ($0.name, Count(perSecond: $0.perSecond, total: $0.total)) },
            uniquingKeysWith: { first, _ in first })
    }
}

extension WatchReading {
    /// The figures that are known, by name.
    var values: [String: Double] {
        Dictionary(
            figures.compactMap { figure, value in value.map { (figure.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}
