import SojournModel

/// A property that state is kept of.
struct ServedProperty {
    let id: PropertyID
    var clock = PropertyClock()
}
