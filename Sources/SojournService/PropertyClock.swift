import SojournModel

/// The clock by which a property's sessions finish (sojourn-1, "Session semantics"): the largest
/// event time admitted, moving on with the server's time while nothing newer comes.
///
/// For live traffic that is the wall clock, for a historical file the file's own time, and sessions
/// finish in both when traffic stops. It never goes back: when the server's time is set back, the
/// clock stands still until that time has caught up, for to count the same hour twice would finish
/// sessions that are still alive.
///
///     event time     100       130          (batches at server time 5000 and 5010)
///     clock         -- 100 .. 110 130 .. 137      (137 at server time 5017)
package struct PropertyClock: Equatable, Sendable {
    /// The clock at `anchor`; `Int64.min` before the first event.
    private(set) var time = Int64.min
    /// The largest server time at which an event was admitted.
    private(set) var anchor = Int64.min

    package init() {}

    /// As it stood at some moment.
    init(time: Int64, anchor: Int64) {
        self.time = time
        self.anchor = anchor
    }

    /// The clock at a server time: what a batch that comes now is stamped with. `Int64.min` before
    /// the first event.
    package func now(at serverTime: Int64) -> Int64 {
        guard time > .min, serverTime > anchor else { return time }
        let elapsed = serverTime.subtractingReportingOverflow(anchor)
        let moved = time.addingReportingOverflow(elapsed.partialValue)
        return elapsed.overflow || moved.overflow ? .max : moved.partialValue
    }

    /// Takes in the latest event of a batch that was stamped and applied.
    package mutating func admit(_ eventTime: Int64, at serverTime: Int64) {
        time = max(now(at: serverTime), eventTime)
        anchor = max(anchor, serverTime)
    }
}

extension EventBatch {
    /// The latest event time that is not after `last`; nil when all are.
    func latestTime(notAfter last: Int64) -> Int64? {
        var latest = Int64.min
        for row in 0..<count { latest = max(latest, time(at: row)) }
        if latest <= last { return latest }
        // Some sender's clock is ahead: look again, and leave its events out.
        var admitted: Int64?
        for row in 0..<count {
            let time = time(at: row)
            if time <= last { admitted = max(admitted ?? time, time) }
        }
        return admitted
    }
}
