/// Goes through the lists of a timing wheel while sessions are taken out of them and filed again: each session
/// that is in the wheel from the beginning to the end is met, some twice.
struct WheelScan {
    /// The list that is looked at.
    var row = 0
    /// The next session of it; nil when the list was not begun.
    var cursor: SessionSlot?
    /// Taken and filed again since it began, maybe in a list that was looked at already.
    var moved: Set<SessionSlot> = []

    /// Hears of a session that is taken out of a list, where it was the first one.
    mutating func leave(_ slot: SessionSlot, next: SessionSlot) {
        if cursor == slot { cursor = next }
        moved.remove(slot)
    }
}
