package import SojournModel

extension Engine {
    /// Begins to go through the unfinished sessions of a property; see `packLive`.
    package func beginLiveScan(of property: PropertyID) {
        let box = box(property)
        var state = box.take()
        state.wheel.scan = WheelScan()
        box.put(state)
    }

    /// Appends the next unfinished sessions of a property, each as it stands now.
    ///
    /// Every session is met that was there at the beginning and is not finished at the end, whatever happens
    /// between two parts; some are met twice. Those that are opened meanwhile may be missed.
    ///
    /// - Parameter budget: how many sessions are looked at.
    /// - Returns: true when there are more.
    package func packLive(
        _ propertyID: PropertyID, budget: Int, into list: inout PackedSessions
    ) -> Bool {
        let box = box(propertyID)
        var property = box.take()
        guard var scan = property.wheel.scan.take() else {
            preconditionFailure("a scan is begun before it goes on")
        }
        var left = budget
        while left > 0, scan.row < property.wheel.heads.count {
            var slot = scan.cursor ?? property.wheel.heads[scan.row]
            while slot != 0, left > 0 {
                packIfLive(slot, &property, into: &list)
                slot = sessions[slot].wheelNext
                left -= 1
            }
            scan.cursor = slot
            if slot == 0 {
                scan.cursor = nil
                scan.row += 1
            }
        }
        while left > 0, let slot = scan.moved.popFirst() {
            packIfLive(slot, &property, into: &list)
            left -= 1
        }
        let isMore = scan.row < property.wheel.heads.count || !scan.moved.isEmpty
        if isMore { property.wheel.scan = scan }
        box.put(property)
        return isMore
    }

    private func packIfLive(
        _ slot: SessionSlot, _ property: inout PropertyState, into list: inout PackedSessions
    ) {
        let marks = sessions[slot].marks
        if marks.contains(.dead) || marks.contains(.alias) { return }
        pack(slot, as: .live, &property, into: &list)
    }
}
