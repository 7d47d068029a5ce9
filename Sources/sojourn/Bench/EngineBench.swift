import ArgumentParser
import SojournEngine
import SojournModel
import SojournWire

/// `sojourn bench engine`: one engine on one thread, batch after batch, nothing else.
struct EngineBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine", abstract: "Events per second of the session engine alone.",
        discussion: """
            First every visitor arrives once, then batches of random visitors go on with their \
            sessions, and in the end all sessions are due at one instant while batches keep coming. \
            Only the engine is timed, not the making and decoding of batches. With --state, its \
            state is saved before the end and restored in another engine.
            """)

    @Option(help: "Live visitors.") var visitors = 1_000_000
    @Option(help: "Events to time after all visitors have arrived.") var events = 10_000_000
    @Option(help: "Events per batch, 1 to 65,535.") var batch = 1_000
    @Option(help: "Of a hundred events, how many come up to 5 minutes late.") var late = 0
    @Flag(help: "Save and restore the state, too.") var state = false
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard visitors > 0, events > 0, (1...Limits.batchEventsMax).contains(batch),
            (0...100).contains(late)
        else {
            throw ValidationError(
                "--visitors and --events must be positive, --batch 1 to 65535, --late 0 to 100")
        }
    }

    func run() throws {
        let property = PropertyID(rawValue: 1)
        let start: Int64 = 1_750_000_000_000
        // All visitors stay live: what is timed takes 20 minutes of the property's clock.
        let batches = (visitors + batch - 1) / batch + (events + batch - 1) / batch
        let span = max(1, 20 * 60_000 / Int64(batches))
        var engine = Engine(secret: Self.secret)
        engine.set(SessionPolicy(), of: property)
        var workload = ShopWorkload(
            visitors: visitors, batchEvents: batch, batchMilliseconds: span, latePercent: late,
            start: start)
        var writer = ByteWriter()
        var scratch = DecodeScratch()
        var result = BatchResult()
        var sink = NoSink()
        var clock = Int64.min
        var now = start

        // Applies one batch and returns how long the engine took.
        func apply(firstVisits: Bool) throws -> Double {
            writer.removeAll()
            try workload.nextFrame(
                firstVisits: firstVisits, header: MessageHeader(operation: .assign), into: &writer)
            let decoded = try AssignRequest.decode(
                body: Frame.body(of: writer.bytes), scratch: &scratch)
            let began = monotonicSeconds()
            engine.apply(
                decoded, to: property, at: AdmissionTime(clock: clock, server: now + 60_000),
                result: &result, sink: &sink)
            let took = monotonicSeconds() - began
            clock = now
            now += span
            return took
        }

        // Memory is counted from the first hundredth of the visitors on: what the program and this
        // bench take for themselves is there by then.
        let arrivals = (visitors + batch - 1) / batch
        for _ in 0..<arrivals / 100 { _ = try apply(firstVisits: true) }
        let before = (bytes: residentBytes(), visitors: engine.liveVisitors)
        for _ in arrivals / 100..<arrivals { _ = try apply(firstVisits: true) }
        var latencies = Latencies()
        var seconds = 0.0
        var applied = 0
        while applied < events {
            let took = try apply(firstVisits: false)
            latencies.record(seconds: took)
            seconds += took
            applied += batch
        }
        let live = engine.liveVisitors
        let bytes = Double(residentBytes() - before.bytes) / Double(live - before.visitors)

        let restart = try state ? restartSeconds(engine) : nil

        // Now everybody's session is due at once, and new ones go on being opened.
        let pause: Int64 = 60 * 60_000
        workload.pause(milliseconds: pause)
        now += pause
        clock = now
        var finishing = Latencies()
        while engine.counters.sessionsFinished < UInt64(live) {
            finishing.record(seconds: try apply(firstVisits: false))
        }

        var figures = Figures()
        let rate = Double(applied) / seconds
        figures.add("events_per_second", rate, rate.millions)
        figures.add("live_visitors", Double(live), "\(live)")
        figures.add("bytes_per_live_visitor", bytes, bytes.fixed(0) + " (resident memory)")
        for (name, percentile) in [("p50", 50.0), ("p99", 99), ("p999", 99.9), ("max", 100)] {
            let value = latencies.microseconds(percentile)
            figures.add("batch_\(name)_us", value, value.fixed(0) + " us per batch of \(batch)")
        }
        let longest = finishing.microseconds(100) / 1e3
        figures.add(
            "finish_longest_batch_ms", longest,
            "\(longest.fixed(1)) ms while \(live) sessions were due at once")
        if let restart {
            figures.add("state_bytes", Double(restart.bytes), "\(restart.bytes)")
            for (name, value) in [("save", restart.save), ("restore", restart.restore)] {
                figures.add("\(name)_ms", value * 1e3, (value * 1e3).fixed(2) + " ms")
            }
        }
        for outcome in Outcome.allCases where engine.counters[outcome] > 0 {
            figures.add(
                "events_\(outcome)", Double(engine.counters[outcome]),
                "\(engine.counters[outcome])")
        }
        try figures.show(asJSON: json)
    }

    /// How long it takes to list the state, which stops the engine, and to restore it.
    private func restartSeconds(
        _ engine: borrowing Engine
    ) throws -> (bytes: Int, save: Double, restore: Double) {
        var state = StateCopy()
        let began = monotonicSeconds()
        engine.save(to: &state)
        let saved = monotonicSeconds()
        state.copy()
        var restored = Engine(secret: Self.secret)
        let copied = monotonicSeconds()
        try restored.restore(from: state)
        let ended = monotonicSeconds()
        precondition(restored.liveVisitors == engine.liveVisitors)
        return (state.byteCount, saved - began, ended - copied)
    }

    private static let secret = DeploymentSecret(Bits128(high: 1, low: 2))
}
