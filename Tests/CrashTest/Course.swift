import SojournClient
import SojournModel
import Synchronization

/// What producers and whoever kills the server share: which batches there are, and what was answered.
final class Course: Sendable {
    /// What was answered to a batch.
    struct Settled: Sendable {
        var number: Int
        var producer: Int
        var mayHaveMarks: Bool
        var outcomes: [Outcome]
        var sessions: [SessionID?]
        var revisions: [Revision]
    }

    private struct State {
        var nextNumber = 0
        /// Numbers that were given out and not answered; ascending.
        var open: [Int] = []
        var settled: [Settled] = []
        var events = 0
        var unknownOutcomes = 0
        var reconnections = 0
        var isOver = false
        var faults: [Fault] = []
    }

    private let state = Mutex(State())

    /// The number of the next batch; nil while another one must be answered first.
    func nextBatch() -> Int? {
        state.withLock { state in
            let number = state.nextNumber
            if let first = state.open.first, number - first >= Workload.batchesAheadMax {
                return nil
            }
            state.nextNumber += 1
            state.open.append(number)
            return number
        }
    }

    func settle(_ settled: Settled) {
        state.withLock { state in
            guard let row = state.open.firstIndex(of: settled.number) else {
                state.faults.append(
                    Fault(.answers, "batch \(settled.number) was answered twice"))
                return
            }
            state.open.remove(at: row)
            state.events += settled.outcomes.count
            state.settled.append(settled)
        }
    }

    func countUnknownOutcome() { state.withLock { $0.unknownOutcomes += 1 } }
    func count(reconnections: Int) { state.withLock { $0.reconnections += reconnections } }
    func fail(_ kind: Fault.Kind, _ text: String) {
        state.withLock { $0.faults.append(Fault(kind, text)) }
    }

    func finish() { state.withLock { $0.isOver = true } }

    var isOver: Bool { state.withLock { $0.isOver || !$0.faults.isEmpty } }
    var answered: Int { state.withLock { $0.settled.count } }
    var unanswered: Int { state.withLock { $0.open.count } }
    var events: Int { state.withLock { $0.events } }
    var unknownOutcomes: Int { state.withLock { $0.unknownOutcomes } }
    var reconnections: Int { state.withLock { $0.reconnections } }
    var settled: [Settled] { state.withLock { $0.settled } }
    var faults: [Fault] { state.withLock { $0.faults } }
}
