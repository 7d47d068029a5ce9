/// What is going to happen, in the order in which it will: by virtual time, and where that is equal by
/// the order in which it was put down.
struct Agenda<Event> {
    private struct Entry {
        let time: Int64
        let order: Int
        let event: Event
    }

    /// The next one stands last.
    private var entries: [Entry] = []
    private var count = 0

    mutating func add(_ event: Event, at time: Int64) {
        count += 1
        let entry = Entry(time: time, order: count, event: event)
        var place = entries.count
        // What is new is often soon.
        while place > 0, entries[place - 1].time <= time { place -= 1 }
        entries.insert(entry, at: place)
    }

    mutating func next() -> (time: Int64, event: Event)? {
        entries.popLast().map { ($0.time, $0.event) }
    }
}
