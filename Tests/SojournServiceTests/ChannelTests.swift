import SojournChannels
import SojournModel
import SojournService
import SojournTestKit
import Testing

@Suite struct ChannelTests {
    /// The channel that LOOKUP shows of a session with this context.
    private func channel(
        _ attributes: [ContextAttribute: String], _ rules: [ChannelRule] = []
    ) throws -> String {
        var service = TestService { $0.channels = ChannelGrouping(rules: rules) }
        var context = TestContext()
        for (attribute, text) in attributes { context.attributes[attribute.rawValue] = text }
        _ = try service.assign([TestEvent("a", TestService.start, context: context)])
        return try service.sessions(of: "a")[0].context[ContextAttribute.channel.rawValue]
    }

    @Test func `LOOKUP tells the channel from referrer and campaign`() throws {
        #expect(try channel([:]) == "direct")
        #expect(try channel([.referrer: "https://www.google.com/"]) == "organic_search")
        #expect(
            try channel([.campaignSource: "google", .campaignMedium: "cpc"]) == "paid_search")
        #expect(try channel([.device: "phone", .campaignName: "cross-network"]) == "cross_network")
    }

    @Test func `a channel that the sender gives stays`() throws {
        #expect(
            try channel([.channel: "kiosk", .referrer: "https://www.google.com/"]) == "kiosk")
    }

    @Test func `the operator's rules count`() throws {
        let rule = ChannelRule("assistants", referrer: ["chatgpt.com"])
        #expect(try channel([.referrer: "https://chatgpt.com/"], [rule]) == "assistants")
        #expect(try channel([.referrer: "https://chatgpt.com/"]) == "referral")
    }
}
