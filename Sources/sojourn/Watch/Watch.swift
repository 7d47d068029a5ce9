import SojournClient
import SojournInput

/// The loop of `sojourn watch`: asks, shows, waits. What is shown, values decide.
struct Watch: ~Copyable {
    enum Output {
        case page(TerminalPage)
        case lines(DisplayFormat)
    }

    /// How long a server may take before it is said that it does not answer.
    private static let patience = Duration.seconds(2)

    private let connection: ConnectionOptions
    private let interval: Duration
    private var output: Output
    private var linesLeft: Int?
    private var sink: OutputSink

    /// nil while the server does not answer.
    private var client: SojournClient?
    private var status: ServerStatus?
    private var history: WatchHistory
    private var silentSince: EventTime?
    private var hasTitles = false

    /// - Parameters:
    ///   - intervalMilliseconds: between two looks.
    ///   - linesLeft: ends after so many; nil for never.
    init(
        connection: ConnectionOptions, intervalMilliseconds: Int64, output: Output, linesLeft: Int?
    ) throws(InputError) {
        self.connection = connection
        interval = .milliseconds(intervalMilliseconds)
        self.output = output
        self.linesLeft = linesLeft
        sink = try OutputSink(path: "-")
        history = WatchHistory(intervalMilliseconds: intervalMilliseconds)
    }

    /// Returns when all lines are written, or nobody reads them any more.
    ///
    /// - Throws: what makes the first look fail, since the address may be wrong; later ones are shown.
    mutating func run() async throws {
        // With more patience than later: a service that was just started is a moment away.
        let client = try await connection.connect()
        let first: ServerStatus
        do { first = try await client.status() } catch {
            await client.close()
            throw error
        }
        status = first
        // Lines tell of an interval, and there is none yet.
        if case .page = output {
            try show(StatusChange(from: nil, to: first), of: client.server, at: .now)
        }
        await client.close()
        var next = ContinuousClock.now
        while linesLeft != 0, sink.isOpen {
            next = max(next + interval, .now)
            try await Task.sleep(until: next, clock: .continuous)
            try await look()
            linesLeft = linesLeft.map { $0 - 1 }
        }
        await self.client?.close()
    }

    private mutating func look() async throws {
        do {
            let client: SojournClient
            if let open = self.client {
                client = open
            } else {
                // Anew after each failure: the server may have come back as another deployment.
                client = try await connection.connect(patience: Self.patience)
                self.client = client
            }
            let now = try await client.status()
            let change = StatusChange(from: status, to: now)
            status = now
            silentSince = nil
            try show(change, of: client.server, at: .now)
        } catch {
            guard !Task.isCancelled, !(error is InputError), let failure = CommandFailure(error)
            else { throw error }
            await client?.close()
            client = nil
            try show(silence: failure.message, at: .now)
        }
    }

    private mutating func show(
        _ change: StatusChange, of server: ServerInfo, at time: EventTime
    ) throws {
        let reading = WatchReading(change)
        history.add(reading.values)
        switch output {
        case .page:
            let name = "\(server.name) \(server.version) at \(server.endpoint)"
            let uptime = reading.uptimeMilliseconds.map {
                "up " + HumanText.duration(milliseconds: $0)
            }
            let state = reading.isDraining ? "about to stop" : nil
            let words = [name, uptime, state, "\(time)"].compactMap { $0 }
            try draw(WatchScreen(title: words, reading: reading, history: history))
        case .lines(.text):
            if !hasTitles { try write(WatchLine.titles(of: reading)) }
            hasTitles = true
            try write(WatchLine.text(of: reading, at: time))
        case .lines(.json):
            try write(JSONOutput.line(WatchDocument(reading, of: server.endpoint, at: time)))
        }
    }

    private mutating func show(silence reason: String, at time: EventTime) throws {
        history.add([:])
        let since = silentSince ?? time
        silentSince = since
        switch output {
        case .page:
            let words = ["no answer since \(since): \(reason)", "watching for it", "\(time)"]
            try draw(WatchScreen(title: words, reading: nil, history: history))
        case .lines(.text): try write(WatchLine.text(ofSilence: reason, at: time))
        case .lines(.json):
            try write(JSONOutput.line(WatchDocument(silence: reason, at: time)))
        }
    }

    private mutating func draw(_ screen: WatchScreen) throws(InputError) {
        guard case .page(var page) = output else { return }
        let text = page.replacing(with: screen.lines)
        output = .page(page)
        try send(text)
    }

    private mutating func write(_ line: String) throws(InputError) {
        try send(line.printable + "\n")
    }

    /// At once: whoever reads wants to know what is, and not what was.
    private mutating func send(_ text: String) throws(InputError) {
        try sink.append { $0 += Array(text.utf8) }
        try sink.flush()
    }
}
