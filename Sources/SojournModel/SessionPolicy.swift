/// When a property's sessions begin, end and finish (sojourn-1, "Session semantics").
public struct SessionPolicy: Sendable, Equatable {
    /// An event this long or longer after the last one starts a new session. Milliseconds,
    /// 1 second to 24 hours.
    public var timeoutMilliseconds: Int64 = 30 * 60_000
    /// An event that would stretch a session beyond this starts a new one; nil for no limit.
    public var maxDurationMilliseconds: Int64? = 24 * 3_600_000
    /// A session with this many events takes no further one at its ends; nil for no limit.
    public var maxEvents: UInt32? = 10_000
    /// How long a quiet session stays open to late events beyond its timeout. Milliseconds, 0 to
    /// 7 days.
    public var latenessMilliseconds: Int64 = 10 * 60_000
    /// How far ahead of the server's time an event may be. Milliseconds.
    public var maxClockSkewMilliseconds: Int64 = 5 * 60_000
    /// A new campaign on an in-order event starts a new session.
    public var splitsOnCampaign = false
    /// The days at whose beginning a session ends; nil when midnight means nothing.
    public var midnight: LocalDays?
    /// How long a visitor's number of sessions is remembered after the last one. Milliseconds.
    public var visitorRetentionMilliseconds: Int64 = 30 * 86_400_000

    public init() {}

    /// What is wrong with the policy, in words, or nil.
    public var fault: String? {
        if !(1_000...86_400_000).contains(timeoutMilliseconds) {
            return "timeout must be from 1 s to 24 h"
        }
        if let maxDurationMilliseconds, maxDurationMilliseconds < timeoutMilliseconds {
            return "maxDuration must not be shorter than the timeout; use off for no limit"
        }
        if maxEvents == 0 { return "maxEvents must be at least 1; use off for no limit" }
        if !(0...7 * 86_400_000).contains(latenessMilliseconds) {
            return "lateness must be from 0 to 7 days"
        }
        if !(0...86_400_000).contains(maxClockSkewMilliseconds) {
            return "maxClockSkew must be from 0 to 24 h"
        }
        if !(0...3_660 * 86_400_000).contains(visitorRetentionMilliseconds) {
            return "visitorRetention must be from 0 to 3,660 days"
        }
        return nil
    }

    /// The clock at which a session with this last event is finished.
    @inlinable public func finishTime(lastEvent: Int64) -> Int64 {
        lastEvent &+ timeoutMilliseconds &+ latenessMilliseconds
    }
}
