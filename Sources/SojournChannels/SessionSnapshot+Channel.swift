package import SojournModel

extension SessionSnapshot {
    /// Names the channel, unless the sender did.
    package mutating func nameChannel(by grouping: ChannelGrouping) {
        guard self[.channel].isEmpty else { return }
        context[ContextAttribute.channel.rawValue] = grouping.channel(
            of: TrafficEvidence(
                referrer: self[.referrer], source: self[.campaignSource],
                medium: self[.campaignMedium], campaign: self[.campaignName]))
    }

    private subscript(attribute: ContextAttribute) -> String { context[attribute.rawValue] }
}
