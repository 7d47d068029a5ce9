package import SojournModel

/// Takes the sessions that are finished and the revisions, in the order in which the engine hands them
/// over: revisions as they are numbered, sessions by the tick in which they are due, and within a tick in an order that depends on nothing but the batches.
package protocol SessionSink: ~Copyable {
    /// A session of a property is finished. It is written by `write`, unless the sink does not want it.
    mutating func finished(_ property: PropertyID, _ write: (inout PackedSessions) -> Void)

    /// A session became part of another one.
    mutating func revise(_ property: PropertyID, _ revision: Revision)

    /// A batch has opened sessions, as far as it did. They are written by `write`, unless the sink does not want
    /// them.
    mutating func opened(_ property: PropertyID, _ write: (inout PackedSessions) -> Void)
}

/// Most want what is finished alone.
extension SessionSink where Self: ~Copyable {
    package mutating func opened(
        _ property: PropertyID, _ write: (inout PackedSessions) -> Void
    ) {}
}

/// Drops what it is given; the engine counts finished sessions itself.
package struct NoSink: SessionSink {
    package init() {}
    package mutating func finished(
        _ property: PropertyID, _ write: (inout PackedSessions) -> Void
    ) {}
    package mutating func revise(_ property: PropertyID, _ revision: Revision) {}
}
