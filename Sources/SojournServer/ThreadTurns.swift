import CSystem

/// How long the scheduler lets a thread compute at a time.
enum ThreadTurns {
    /// Asks for turns as short as there are: a thread that mostly waits for the disk is woken sooner,
    /// while others compute. Where the system knows no such wish nothing changes.
    static func shorten() { _ = sojourn_take_short_turns(100_000) }
}
