/// Says through which channel a session came when its sender does not (sojourn-1, "Channels"): the
/// rules of the operator in their order, then the published default channel groups.
///
/// It is asked when a session is shown or archived, never when an event comes: state and journal
/// have what the sender said, so a change of the rules never changes what a replay makes of them.
package struct ChannelGrouping: Equatable, Sendable {
    /// The channel of a session that no rule knows.
    package static let unassigned = "unassigned"
    /// The channel of a session of which nothing says where it came from.
    package static let direct = "direct"

    private let ownSites: [TextPattern]
    private let rules: [ChannelRule]
    private let hasOwnRules: Bool

    /// - Parameters:
    ///   - ownSites: hosts that belong to the operator; one of them, or a host below it, is no
    ///     referrer.
    ///   - rules: looked at in order, before the default ones.
    package init(ownSites: [String] = [], rules: [ChannelRule] = []) {
        self.ownSites = ownSites.flatMap { [TextPattern($0), TextPattern("*.\($0)")] }
        self.rules = rules + ChannelRule.defaults
        hasOwnRules = !rules.isEmpty
    }

    /// The channel of a session, in words with underscores unless a rule of the operator says it.
    package func channel(of evidence: TrafficEvidence) -> String {
        if evidence.isEmpty, !hasOwnRules { return Self.direct }
        let origin = TrafficOrigin(evidence, ownSites: ownSites)
        return rules.first { $0.matches(origin) }?.channel ?? Self.unassigned
    }
}

/// What the context of a session says of where it came from; empty texts say nothing.
package struct TrafficEvidence: Equatable, Sendable {
    package var referrer: String
    package var source: String
    package var medium: String
    package var campaign: String

    package init(
        referrer: String = "", source: String = "", medium: String = "", campaign: String = ""
    ) {
        self.referrer = referrer
        self.source = source
        self.medium = medium
        self.campaign = campaign
    }

    var isEmpty: Bool {
        referrer.isEmpty && source.isEmpty && medium.isEmpty && campaign.isEmpty
    }
}
