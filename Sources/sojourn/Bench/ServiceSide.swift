import Foundation
import SojournJournal
import ZeroMQ

/// One of two services that take turns under the same load of visits that begin and end: with something that
/// is to be measured, and without it.
struct ServiceSide: ~Copyable {
    let server: ChildProcess
    var load: ServiceLoad
    private(set) var rounds: [ServiceLoad.Round] = []
    private var processor = 0.0

    /// Starts the server, and lets all visitors come once.
    ///
    /// - Parameters:
    ///   - name: tells it from the other.
    ///   - options: of the server, besides those of the bench.
    ///   - data: where its data directory is made.
    static func start(
        _ name: String, _ options: [String], _ bench: ServiceBench, _ data: URL, _ sockets: URL,
        _ context: Context
    ) throws -> ServiceSide {
        let endpoint = try bench.endpoint(name, in: sockets)
        var arguments = ["serve", "--listen", endpoint, "--log-level", "error"] + options
        if bench.durability != .none {
            arguments += [
                "--data", data.appendingPathComponent(name).path,
                "--durability", bench.durability.rawValue,
            ]
        }
        let server = try ChildProcess("sojourn", arguments)
        var load = try bench.makeLoad(endpoint, context, ofVisits: true)
        try load.greet(within: 10)
        try load.fill()
        return ServiceSide(server, load)
    }

    private init(_ server: ChildProcess, _ load: consuming ServiceLoad) {
        self.server = server
        self.load = load
    }

    mutating func run(seconds: Double) throws {
        let before = processorSeconds(of: server.identifier)
        rounds.append(try load.run(seconds: seconds))
        processor += processorSeconds(of: server.identifier) - before
    }

    /// Microseconds of processor time for a batch.
    private func processorMicroseconds(_ seconds: Double) -> Double {
        processor / (rounds.map(\.batchesPerSecond).reduce(0, +) * seconds) * 1e6
    }

    /// Adds both sides' figures and the ratio of their events per second.
    ///
    /// - Parameter what: this side has and the other has not.
    func compare(
        with other: borrowing ServiceSide, _ what: String, _ bench: ServiceBench,
        _ figures: inout Figures
    ) {
        let sides = [("off", other.rounds), ("on", rounds)]
        for (name, rounds) in sides {
            let events = median(rounds.map(\.batchesPerSecond)) * Double(bench.batch)
            figures.add("\(what)_\(name)_events_per_second", events, events.millions)
            let p99 = median(rounds.map(\.p99))
            figures.add("\(what)_\(name)_p99_us", p99, p99.fixed(0))
        }
        let ratios = zip(rounds, other.rounds).map { $0.batchesPerSecond / $1.batchesPerSecond }
        let article = what == "archive" ? "an" : "a"
        figures.add("\(what)_ratio", ratios: ratios, of: "the service without \(article) \(what)")
        let cost = (
            off: other.processorMicroseconds(bench.seconds),
            on: processorMicroseconds(bench.seconds)
        )
        figures.add("\(what)_off_processor_us_per_batch", cost.off, cost.off.fixed(0))
        figures.add("\(what)_on_processor_us_per_batch", cost.on, cost.on.fixed(0))
        figures.add(
            "events_per_session", Double(bench.eventsPerSession), "\(bench.eventsPerSession)")
    }
}
