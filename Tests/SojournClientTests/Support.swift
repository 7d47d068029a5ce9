import Foundation
import SojournClient
import Testing

/// Times that keep a test short.
extension SojournClient.Options {
    static var quick: SojournClient.Options {
        var options = SojournClient.Options()
        options.connectTimeout = .seconds(5)
        options.greetingTimeout = .milliseconds(500)
        options.attemptTimeout = .milliseconds(250)
        options.timeout = .seconds(20)
        return options
    }
}

extension SojournClient.Options {
    /// Times so long that only what needs no time-out ends within `Duration.patience`.
    static var patient: SojournClient.Options {
        var options = SojournClient.Options()
        options.connectTimeout = .seconds(150)
        options.attemptTimeout = .seconds(150)
        options.timeout = .seconds(150)
        return options
    }
}

extension Duration {
    /// More than a busy machine needs for what is to happen at once.
    static var patience: Duration { .seconds(60) }
}

func view(_ visitor: String, at milliseconds: Int64 = 1_000_000) -> Event {
    Event(
        visitor: visitor, time: EventTime(milliseconds: milliseconds), kind: .view, name: "/home")
}

/// The error with which `body` failed.
func failure(of body: () async throws -> Void) async throws -> SojournError {
    do {
        try await body()
    } catch let error as SojournError {
        return error
    }
    throw NothingFailed()
}

struct NothingFailed: Error {}

/// Waits until something is so, or the test fails.
func eventually(_ what: String, _ condition: () -> Bool) async throws {
    let start = ContinuousClock.now
    while .now - start < .patience {
        if condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw TimeIsUp(what: what)
}

struct TimeIsUp: Error {
    var what: String
}

/// A place for a server where nobody else listens; one that stops leaves nothing behind.
func freshEndpoint() -> String { "ipc://@sojourn-\(UUID().uuidString)" }
