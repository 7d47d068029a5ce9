import SojournModel

/// Landing page, exit page and path: the views of a session in order of event time, and of arrival
/// where times are equal.
extension Engine {
    /// Adds a view at the session's last event.
    @inline(always)
    mutating func appendView(
        _ slot: SessionSlot, at time: Int64, _ page: TextID, _ property: inout PropertyState
    ) {
        setExit(slot, page, milliseconds: 0, &property)
        let (length, milliseconds) = sessions[slot].countView(at: time, page)
        if length >= PathStore.stepsMax { return }
        property.texts.hold(page)
        if length == 0 { return }
        property.paths.reserve(&sessions[slot].path, count: length &- 1)
        property.paths[sessions[slot].path, length &- 1] =
            PathStore.Step(milliseconds: milliseconds, page: page)
    }

    /// Adds a view anywhere in the session's span.
    mutating func insertView(
        _ slot: SessionSlot, at time: Int64, _ page: TextID, _ property: inout PropertyState
    ) {
        let last = sessions[slot].lastEvent
        if time == last {
            appendView(slot, at: time, page, &property)
            return
        }
        let exitTime = last - Int64(sessions[slot].exitMilliseconds)
        if sessions[slot].views == 0 || time >= exitTime {
            setExit(slot, page, milliseconds: UInt32(clamping: last - time), &property)
        }
        sessions[slot].views &+= 1
        let milliseconds = UInt32(clamping: time - sessions[slot].firstEvent)
        insert(PathStore.Step(milliseconds: milliseconds, page: page), slot, &property)
    }

    @inline(always)
    private mutating func setExit(
        _ slot: SessionSlot, _ page: TextID, milliseconds: UInt32,
        _ property: inout PropertyState
    ) {
        let old = sessions[slot].exitPage
        if old != page {
            property.texts.hold(page)
            property.texts.release(old)
            sessions[slot].exitPage = page
        }
        sessions[slot].exitMilliseconds = milliseconds
    }

    /// Puts a step where its time belongs; beyond the longest path the last step falls off.
    private mutating func insert(
        _ step: PathStore.Step, _ slot: SessionSlot, _ property: inout PropertyState
    ) {
        let length = Int(sessions[slot].pathLength)
        var place = length
        while place > 0,
            self.step(slot, place - 1, &property).milliseconds > step.milliseconds
        {
            place -= 1
        }
        if length == PathStore.stepsMax {
            if place == length { return }
            let dropped = self.step(slot, length - 1, &property).page
            property.texts.release(dropped)
        } else {
            if length > 0 { property.paths.reserve(&sessions[slot].path, count: length - 1) }
            sessions[slot].pathLength = UInt8(length + 1)
        }
        property.texts.hold(step.page)
        var index = Int(sessions[slot].pathLength) - 1
        while index > place {
            let moved = self.step(slot, index - 1, &property)
            set(slot, index, moved, &property)
            index -= 1
        }
        set(slot, place, step, &property)
    }

    /// Step `index` of a session's path; step 0 is the landing page.
    func step(
        _ slot: SessionSlot, _ index: Int, _ property: inout PropertyState
    ) -> PathStore.Step {
        index == 0
            ? PathStore.Step(
                milliseconds: sessions[slot].landingMilliseconds, page: sessions[slot].landingPage)
            : property.paths[sessions[slot].path, index - 1]
    }

    private mutating func set(
        _ slot: SessionSlot, _ index: Int, _ step: PathStore.Step,
        _ property: inout PropertyState
    ) {
        if index == 0 {
            sessions[slot].landingPage = step.page
            sessions[slot].landingMilliseconds = step.milliseconds
        } else {
            property.paths[sessions[slot].path, index - 1] = step
        }
    }

    /// Puts the path of a later session behind that of an earlier one, and leaves it empty.
    mutating func movePath(
        from later: SessionSlot, to earlier: SessionSlot, _ property: inout PropertyState
    ) {
        let distance = sessions[later].firstEvent - sessions[earlier].firstEvent
        for index in 0..<Int(sessions[later].pathLength) {
            var step = step(later, index, &property)
            let length = Int(sessions[earlier].pathLength)
            if length == PathStore.stepsMax {
                property.texts.release(step.page)
                continue
            }
            step.milliseconds = step.milliseconds.advanced(byMilliseconds: distance)
            if length > 0 { property.paths.reserve(&sessions[earlier].path, count: length - 1) }
            sessions[earlier].pathLength = UInt8(length + 1)
            set(earlier, length, step, &property)
        }
        if sessions[later].path != 0 { property.paths.free(sessions[later].path) }
        sessions[later].path = 0
        sessions[later].pathLength = 0
        sessions[later].landingPage = 0
    }

    /// Drops a session's path.
    mutating func freePath(_ slot: SessionSlot, _ property: inout PropertyState) {
        for index in 0..<Int(sessions[slot].pathLength) {
            let page = step(slot, index, &property).page
            property.texts.release(page)
        }
        if sessions[slot].path != 0 { property.paths.free(sessions[slot].path) }
    }
}
