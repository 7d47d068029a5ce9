/// What a batch did to its sessions: the content of the reply to ASSIGN (sojourn-1, "Reply").
///
/// Made once and used for batch after batch.
public struct BatchResult: ~Copyable {
    /// The distinct sessions that the batch touched, as they stand after it.
    public var sessions = GrowableBuffer<SessionRow>()
    /// Per event: row of `sessions` plus one, or 0.
    public var eventSessions = GrowableBuffer<UInt32>()
    /// Per event: which event of its session it is, from 1, in order of arrival; 0 for none.
    public var positions = GrowableBuffer<UInt32>()
    /// Per event: the raw value of its `Outcome`.
    public var outcomes = GrowableBuffer<UInt8>()
    public var revisions = GrowableBuffer<Revision>()
    /// The property's clock when the batch was admitted, in milliseconds.
    public var clock: Int64 = 0

    public init() {}

    public var eventCount: Int { outcomes.count }

    public mutating func removeAll() {
        sessions.removeAll()
        eventSessions.removeAll()
        positions.removeAll()
        outcomes.removeAll()
        revisions.removeAll()
    }
}

/// One session of a reply.
public struct SessionRow: BitwiseCopyable, Equatable, Sendable {
    public var id: SessionID
    /// Milliseconds since the epoch of the session's first event.
    public var start: Int64
    /// This is the visitor's n-th session, from 1.
    public var ordinal: UInt32
    public var state: SessionState

    @inlinable public init(id: SessionID, start: Int64, ordinal: UInt32, state: SessionState) {
        self.id = id
        self.start = start
        self.ordinal = ordinal
        self.state = state
    }
}

/// The byte of sojourn-1, "Session state".
public struct SessionState: RawRepresentable, Equatable, Sendable, BitwiseCopyable {
    public var rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    @inlinable public init(
        boundary: Boundary, late: Bool = false, merged: Bool = false, automated: Bool = false,
        ended: Bool = false, engaged: Bool = false
    ) {
        rawValue =
            boundary.rawValue | (late ? 8 : 0) | (merged ? 16 : 0) | (automated ? 32 : 0)
            | (ended ? 64 : 0) | (engaged ? 128 : 0)
    }

    /// Why the session began; nil for the one value that no boundary has.
    @inlinable public var boundary: Boundary? { Boundary(rawValue: rawValue & 7) }
    /// An event joined it before its last event.
    @inlinable public var isLate: Bool { rawValue & 8 != 0 }
    /// It has taken in another session.
    @inlinable public var isMerged: Bool { rawValue & 16 != 0 }
    /// A bot, by its pace or by the sender's word.
    @inlinable public var isAutomated: Bool { rawValue & 32 != 0 }
    /// An `end` event closed it.
    @inlinable public var isEnded: Bool { rawValue & 64 != 0 }
    /// At least 10 seconds, or a conversion, or two views.
    @inlinable public var isEngaged: Bool { rawValue & 128 != 0 }
}

/// A correction of earlier answers: one session is now part of another (sojourn-1, "Revisions").
public struct Revision: Equatable, Sendable, BitwiseCopyable {
    /// Why a session became part of another.
    public enum Cause: UInt8, Sendable, CaseIterable, BitwiseCopyable {
        /// A late event lay between the two.
        case bridge = 1
    }

    /// From 1, without gaps per property and partition.
    public var number: UInt64
    /// The session that is no more.
    public var from: SessionID
    /// The session that it is part of now.
    public var into: SessionID
    public var cause: Cause
    /// The partition that numbered it.
    public var partition: UInt16

    public init(
        number: UInt64, from: SessionID, into: SessionID, cause: Cause, partition: UInt16
    ) {
        self.number = number
        self.from = from
        self.into = into
        self.cause = cause
        self.partition = partition
    }
}
