import Foundation
import SojournClient
import SojournModel

/// Batches of which each comes an hour after the one before, and so finishes its sessions.
struct HourlyTraffic {
    private static let minute: Int64 = 60_000
    private var time = Int64(Date().timeIntervalSince1970) * 1_000 - 30_000 * minute
    private(set) var sessions = 0

    /// - Parameter padding: bytes that make each page longer.
    mutating func send(
        _ batches: Int, to client: SojournClient, pages: Int = 7, padding: Int = 0
    ) async throws {
        let end = String(repeating: "x", count: padding)
        for _ in 0..<batches {
            time += 60 * Self.minute
            let now = time
            let first = sessions
            _ = try await client.assign(
                (0..<40).map {
                    Event(
                        visitor: "\(first + $0)",
                        time: EventTime(milliseconds: now + Int64($0)),
                        kind: .view, name: "/page/\((first + $0) % pages)\(end)")
                })
            sessions += 40
        }
    }

    /// Lets all sessions but those of as many last visitors finish: where each partition has a clock of its own, one
    /// of them must fall to each.
    mutating func end(at client: SojournClient, visitors: Int = 1) async throws {
        time += 300 * Self.minute
        let now = time
        _ = try await client.assign(
            (0..<visitors).map {
                Event(visitor: "last\($0)", time: EventTime(milliseconds: now), kind: .view)
            })
    }
}
