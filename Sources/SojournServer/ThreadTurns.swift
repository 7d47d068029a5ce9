import CSystem

/// When the scheduler lets a thread compute, and how long at a time.
enum ThreadTurns {
    /// Asks for turns as short as there are: a thread that mostly waits for the disk is woken sooner,
    /// while others compute. Where the system knows no such wish nothing changes.
    static func shorten() { _ = sojourn_take_short_turns(100_000) }

    /// Leaves the processors to all other threads, for good. Those that are woken are put where such a thread
    /// computes, and not where one does that they would have to wait for.
    static func standBack() { _ = sojourn_stand_back() }
}
