import SojournClient

/// What is shown of a server at one time: its figures, and what became of events and requests.
struct WatchReading {
    /// A counter, as it grows and as it stands.
    struct Count {
        /// Of an outcome or a code, as in its gauge: `late_joined`.
        var name: String
        var perSecond: Double?
        var total: Int64

        var words: String { name.replacing("_", with: " ") }
    }

    /// A worker as its router sees it.
    struct Worker {
        var number: String
        var isUp: Bool
        var partitions: String
        var waiting: Int64
        var inFlight: Int64
        var repliesPerSecond: Double?
        var microseconds: Int64
        var downs: Int64
    }

    /// Those that the server shows, each with its value where that is known.
    let figures: [(figure: WatchFigure, value: Double?)]
    let outcomes: [Count]
    /// Errors and drops by their codes; only those that have occurred.
    let refusals: [Count]
    let workers: [Worker]
    /// Between this status and the one before; nil after a start of the server.
    let seconds: Double?
    let uptimeMilliseconds: Int64?
    let isDraining: Bool
    let isRestart: Bool
    /// The server tells this client that it is there, and no more: it lacks the right `admin`.
    let isWithheld: Bool

    init(_ change: StatusChange) {
        figures = WatchFigure.all.filter { $0.isShown(by: change) }.map {
            ($0, $0.value(in: change))
        }
        func counts(_ prefix: String, _ shown: String = "") -> [Count] {
            change.counters(prefix).map { name, word in
                Count(
                    name: shown + word, perSecond: change.perSecond(name),
                    total: change.value(name) ?? 0)
            }
        }
        outcomes = counts("events_")
        refusals = counts("errors_") + counts("drops_", "dropped_")
        workers = Self.workers(change)
        seconds = change.seconds
        uptimeMilliseconds = change.value("uptime_milliseconds")
        isDraining = change.value("draining") ?? 0 > 0
        isRestart = change.isRestart
        isWithheld = figures.isEmpty
    }

    private static func workers(_ change: StatusChange) -> [Worker] {
        var workers: [Worker] = []
        while let isUp = change.value("worker_\(workers.count)_up") {
            let prefix = "worker_\(workers.count)_"
            func value(_ name: String) -> Int64 { change.value(prefix + name) ?? 0 }
            workers.append(
                Worker(
                    number: "\(workers.count)", isUp: isUp > 0,
                    partitions: "\(value("first_partition"))-\(value("last_partition"))",
                    waiting: value("parts_waiting"), inFlight: value("parts_in_flight"),
                    repliesPerSecond: change.perSecond(prefix + "replies_total"),
                    microseconds: value("latency_microseconds"), downs: value("downs_total")))
        }
        return workers
    }
}
