import Logging
import SojournService
import ZeroMQ

extension FrontLoop {
    /// What was received before the stop may take so long to be taken over.
    private static let takeOverMilliseconds: UInt64 = 500
    /// Clients that keep asking are answered with `draining` for so long.
    private static let refuseMilliseconds: UInt64 = 1_500
    /// What was received before the stop is answered within this, or not at all.
    private static let answerMilliseconds: UInt64 = 3_500
    /// Nobody asks any more.
    private static let quietMilliseconds: UInt64 = 150

    /// Ends the service: answers what was received so far, and refuses what still comes until
    /// nobody asks any more or the time is over.
    ///
    ///     stop    |-- take over --|-- answer and refuse -----------|-- linger --|
    ///     at most 0             0.5 s                 1.5 to 3.5 s            4 s
    mutating func drain() throws(ZeroMQError) {
        let began = ServerClock.steadyMilliseconds()
        while try takeRequest() {
            if lastReceived - began > Self.takeOverMilliseconds { break }
        }
        // Orders keep their place between requests: those before this one are applied still.
        try order(.drain)
        // The engine answers in order.
        let owed = answered + UInt64(queuedMessages)
        while true {
            let isBusy = try work()
            let now = ServerClock.steadyMilliseconds()
            let isQuiet = now - max(lastReceived, began) >= Self.quietMilliseconds
            if queuedMessages == 0, isQuiet { return }
            if answered >= owed, now - began >= Self.refuseMilliseconds { return }
            if now - began >= Self.answerMilliseconds { break }
            if !isBusy { try wait(milliseconds: 10) }
        }
        state.log.warning("stopped with \(queuedMessages) requests unanswered")
    }
}
