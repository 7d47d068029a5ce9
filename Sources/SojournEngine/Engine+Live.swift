package import SojournModel

extension Engine {
    /// Appends unfinished sessions of a property, list by list of its timing wheel, so that it can be done
    /// a part at a time.
    ///
    /// - Parameters:
    ///   - first: the list to begin with; 0 at first.
    ///   - budget: sessions after which no further list is begun.
    /// - Returns: the list to go on with; nil when all were looked at. A session that finishes its turn in
    ///   the wheel between two parts can be met twice.
    package func packLive(
        _ propertyID: PropertyID, from first: Int, budget: Int, into list: inout PackedSessions
    ) -> Int? {
        let box = box(propertyID)
        var property = box.take()
        let end = list.count + budget
        var row = first
        while row < property.wheel.heads.count, list.count < end {
            var slot = property.wheel.heads[row]
            while slot != 0 {
                let marks = sessions[slot].marks
                if !marks.contains(.dead), !marks.contains(.alias) {
                    pack(slot, as: .live, &property, into: &list)
                }
                slot = sessions[slot].wheelNext
            }
            row += 1
        }
        let isDone = row == property.wheel.heads.count
        box.put(property)
        return isDone ? nil : row
    }
}
