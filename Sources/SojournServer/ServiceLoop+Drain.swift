import Logging
import SojournModel
import SojournService
import ZeroMQ

extension ServiceLoop {
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
    ///     stop    |-- take over --|-- answer ------|-- refuse -----|-- linger --|
    ///     at most 0             0.5 s            3.5 s       1.5 s after 0     4 s
    mutating func drain() throws(ZeroMQError) {
        let began = ServerClock.steadyMilliseconds()
        while try takeRequest() {
            if lastReceived - began > Self.takeOverMilliseconds { break }
        }
        // What came before the stop is applied; the requests that come meanwhile stand behind it.
        var owed = waiting.count
        while owed > 0, ServerClock.steadyMilliseconds() - began < Self.answerMilliseconds {
            owed -= try answerSome(atMost: owed)
        }
        core.drain()
        // Silence counts from here: nobody was listened to while the last requests were answered.
        var lastBusy = ServerClock.steadyMilliseconds()
        while true {
            let isBusy = try work()
            let now = ServerClock.steadyMilliseconds()
            if isBusy { lastBusy = now }
            // At the level `none` replies do not wait for their records, but the end does.
            let isWritten = core.journal.waitingBytes == 0
            if unanswered == 0, isWritten, now - lastBusy >= Self.quietMilliseconds { return }
            if owed == 0, unanswered == waiting.count, isWritten,
                now - began >= Self.refuseMilliseconds
            {
                return
            }
            if now - began >= Self.answerMilliseconds { break }
            if !isBusy { try wait(atMost: 10) }
        }
        let bytes = core.journal.waitingBytes
        state.log.warning(
            "stopped with \(unanswered) requests unanswered and \(bytes) bytes not in the journal")
    }
}
