import SojournChannels
import SojournModel

extension ExpectedSession {
    /// As look-ups show it: with a channel, also when no event brought one.
    package var shown: ExpectedSession {
        func text(_ attribute: ContextAttribute) -> String { context[attribute.rawValue] }
        guard text(.channel).isEmpty else { return self }
        var session = self
        session.context[ContextAttribute.channel.rawValue] = ChannelGrouping().channel(
            of: TrafficEvidence(
                referrer: text(.referrer), source: text(.campaignSource),
                medium: text(.campaignMedium), campaign: text(.campaignName)))
        return session
    }
}
