package import SojournModel

/// Takes the sessions that are finished and the revisions, in the order in which the engine hands them
/// over: revisions as they are numbered, sessions by the tick in which they are due, and within a tick in an order that depends on nothing but the batches.
package protocol SessionSink: ~Copyable {
    /// Where the next finished session of a property is to be written; nil when the sink does not want it,
    /// and then the engine writes nothing. What is lent is taken back at once.
    mutating func lend(_ property: PropertyID) -> PackedSessions?

    mutating func takeBack(_ list: consuming PackedSessions)

    /// A session became part of another one.
    mutating func revise(_ property: PropertyID, _ revision: Revision)

    /// Where the sessions that a batch has opened are to be written; nil when the sink does not want them.
    mutating func lendForOpened(_ property: PropertyID) -> PackedSessions?

    mutating func takeBackOpened(_ list: consuming PackedSessions)
}

/// Most want what is finished alone.
extension SessionSink where Self: ~Copyable {
    package mutating func lendForOpened(_ property: PropertyID) -> PackedSessions? { nil }
    package mutating func takeBackOpened(_ list: consuming PackedSessions) {}
}

/// Drops what it is given; the engine counts finished sessions itself.
package struct NoSink: SessionSink {
    package init() {}
    package mutating func lend(_ property: PropertyID) -> PackedSessions? { nil }
    package mutating func takeBack(_ list: consuming PackedSessions) {}
    package mutating func revise(_ property: PropertyID, _ revision: Revision) {}
}
