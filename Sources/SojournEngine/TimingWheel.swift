import SojournModel

/// Which sessions to look at when, without looking at the others.
///
/// A ring of lists, one a tick. A session is filed once, under the time at which it would finish as
/// it stood then; when that tick comes and the session has gone on, it is filed again. So an event
/// costs the wheel nothing, and a tick costs what it holds.
struct TimingWheel: ~Copyable {
    static let slotCount = 4_096

    var heads = GrowableBuffer<SessionSlot>()
    /// Milliseconds per tick.
    let tickMilliseconds: Int64
    /// The last tick whose list was emptied.
    var cursor: Int64 = 0
    var hasStarted = false
    /// Who goes through all lists just now, a part at a time; it is no part of the state.
    var scan: WheelScan?

    /// - Parameter span: the longest time, in milliseconds, for which a session is usually filed.
    init(span: Int64) {
        heads.resize(to: Self.slotCount, repeating: 0)
        tickMilliseconds = max(100, span / Int64(Self.slotCount / 2))
    }

    private func tick(_ time: Int64) -> Int64 {
        let ticks = time.quotientAndRemainder(dividingBy: tickMilliseconds)
        return ticks.remainder < 0 ? ticks.quotient - 1 : ticks.quotient
    }

    /// Files a session under the first tick that begins at or after `time`.
    mutating func file(_ slot: SessionSlot, at time: Int64, _ sessions: inout SessionTable) {
        if !hasStarted {
            hasStarted = true
            // A span before the first session's turn: others that came later may be due before it.
            cursor = tick(time) - Int64(Self.slotCount / 2) - 1
        }
        // At least the next tick, and at most the farthest one: it is filed again from there.
        let wanted = min(max(tick(time) + 1, cursor + 1), cursor + Int64(Self.slotCount) - 1)
        let index = index(of: wanted)
        sessions[slot].wheelNext = heads[index]
        heads[index] = slot
    }

    /// Files a session again that was taken.
    mutating func refile(_ slot: SessionSlot, at time: Int64, _ sessions: inout SessionTable) {
        file(slot, at: time, &sessions)
        if scan != nil { scan?.moved.insert(slot) }
    }

    /// Begins at a time: what is filed under an earlier one is due at once.
    mutating func start(at clock: Int64) {
        hasStarted = true
        cursor = tick(clock) - 1
    }

    /// All sessions in the wheel, in the order in which they would be taken.
    func filed(_ sessions: borrowing SessionTable) -> GrowableBuffer<SessionSlot> {
        var filed = GrowableBuffer<SessionSlot>()
        for step in 1...Int64(Self.slotCount) {
            var slot = heads[index(of: cursor + step)]
            while slot != 0 {
                filed.append(slot)
                slot = sessions[slot].wheelNext
            }
        }
        return filed
    }

    /// True when a session waits under a tick that is not after `clock`.
    func holdsAny(upTo clock: Int64) -> Bool {
        guard hasStarted else { return false }
        let ticks = min(tick(clock) - cursor, Int64(Self.slotCount))
        var step: Int64 = 1
        while step <= ticks {
            if heads[index(of: cursor + step)] != 0 { return true }
            step += 1
        }
        return false
    }

    private func index(of tick: Int64) -> Int {
        Int(truncatingIfNeeded: tick) & (Self.slotCount - 1)
    }

    /// The session that is taken after the last one, or 0: as far as is known without looking on.
    var upcoming: SessionSlot { heads[index(of: cursor + 1)] }

    /// Takes the next session whose tick is not after `clock`, or returns 0 when there is none.
    mutating func take(upTo clock: Int64, _ sessions: borrowing SessionTable) -> SessionSlot {
        guard hasStarted else { return 0 }
        let last = tick(clock)
        // After one turn of the wheel every list has been seen. Whole turns are left out, so that the
        // lists are still seen in the order of their ticks.
        let turns = (last - cursor) / Int64(Self.slotCount)
        if turns > 1 { cursor += (turns - 1) * Int64(Self.slotCount) }
        while cursor < last {
            let index = index(of: cursor + 1)
            let slot = heads[index]
            if slot != 0 {
                heads[index] = sessions[slot].wheelNext
                if scan != nil { scan?.leave(slot, next: heads[index]) }
                return slot
            }
            cursor += 1
        }
        return 0
    }
}
