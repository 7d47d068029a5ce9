import Logging
import SojournRouter
import ZeroMQ

extension RouterLoop {
    /// Clients that keep asking are answered with `draining` for so long.
    private static let refuseMilliseconds: UInt64 = 1_500
    /// What was received before the stop is answered within this, or not at all.
    private static let answerMilliseconds: UInt64 = 4_200
    /// Nobody asks any more.
    private static let quietMilliseconds: UInt64 = 150

    /// Ends the router: answers what was received so far, and refuses what still comes until nobody
    /// asks any more or the time is over.
    mutating func drain() throws(ZeroMQError) {
        let began = ServerClock.steadyMilliseconds()
        while try takeRequest() {}
        core.drain()
        var lastBusy = began
        while true {
            let isBusy = try work()
            let now = ServerClock.steadyMilliseconds()
            if isBusy { lastBusy = now }
            if core.requestsInFlight == 0 {
                if now - lastBusy >= Self.quietMilliseconds { return }
                if now - began >= Self.refuseMilliseconds { return }
            }
            if now - began >= Self.answerMilliseconds { break }
            if !isBusy { try wait(atMost: 10) }
        }
        state.log.warning("stopped with \(core.requestsInFlight) requests unanswered")
    }
}
