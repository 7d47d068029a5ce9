package import SojournModel

/// Takes the sessions that are finished and the revisions, in the order in which the engine hands them
/// over: revisions as they are numbered, sessions by the tick in which they are due, and within a tick in an order that depends on nothing but the batches.
package protocol SessionSink: ~Copyable {
    /// Whether `finish` wants the session with its texts. A sink that only counts says no, and
    /// the engine makes no string for it.
    var wantsSnapshots: Bool { get }

    /// - Parameter snapshot: nil when the sink does not want it.
    mutating func finish(
        _ property: PropertyID, _ visitor: VisitorHash, _ snapshot: SessionSnapshot?)

    /// A session became part of another one.
    mutating func revise(_ property: PropertyID, _ revision: Revision)
}

/// Drops what it is given; the engine counts finished sessions itself.
package struct NoSink: SessionSink {
    package init() {}
    package var wantsSnapshots: Bool { false }
    package mutating func finish(
        _ property: PropertyID, _ visitor: VisitorHash, _ snapshot: SessionSnapshot?
    ) {}
    package mutating func revise(_ property: PropertyID, _ revision: Revision) {}
}
