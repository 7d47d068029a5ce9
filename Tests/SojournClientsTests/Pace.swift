import Foundation

/// Keeps those who work at the same time together: nobody is far ahead of the slowest.
final class Pace: @unchecked Sendable {
    private let lead: Int
    /// Guards `steps`.
    private let condition = NSCondition()
    private var steps: [Int]

    init(workers: Int, lead: Int) {
        self.lead = lead
        steps = Array(repeating: 0, count: workers)
    }

    /// Counts a step of a worker, and waits while it is too far ahead.
    func step(_ worker: Int) {
        condition.lock()
        defer { condition.unlock() }
        steps[worker] += 1
        condition.broadcast()
        while let last = steps.min(), steps[worker] > last + lead { condition.wait() }
    }

    /// Nobody waits for this worker any more.
    func leave(_ worker: Int) {
        condition.lock()
        defer { condition.unlock() }
        steps[worker] = .max - lead - 1
        condition.broadcast()
    }
}
