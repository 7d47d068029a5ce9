/// One line of the table that tells channels: a channel, and all that must be true of a session's
/// origin for it. What may be true instead stands in another rule of the same channel.
package struct ChannelRule: Equatable, Sendable {
    package var channel: String
    /// Any of them; none for whatever it is. So with the next three.
    package var source: [TextPattern]
    package var medium: [TextPattern]
    package var campaign: [TextPattern]
    /// The host of the referrer.
    package var referrer: [TextPattern]
    /// The source is a known site of this kind.
    package var site: SiteKind?
    /// The campaign's name has "shop" where a word may begin, also "eshop", or "shopping".
    var campaignNamesShop = false

    package init(
        _ channel: String, source: [TextPattern] = [], medium: [TextPattern] = [],
        campaign: [TextPattern] = [], referrer: [TextPattern] = [], site: SiteKind? = nil
    ) {
        self.channel = channel
        self.source = source
        self.medium = medium
        self.campaign = campaign
        self.referrer = referrer
        self.site = site
    }

    /// It says nothing, so every session would come through it.
    package var isEmpty: Bool {
        source.isEmpty && medium.isEmpty && campaign.isEmpty && referrer.isEmpty && site == nil
            && !campaignNamesShop
    }

    func matches(_ origin: TrafficOrigin) -> Bool {
        if let site, origin.site != site { return false }
        if campaignNamesShop, !Self.namesShop(origin.campaign) { return false }
        return Self.any(source, origin.source) && Self.any(medium, origin.medium)
            && Self.any(campaign, origin.campaign) && Self.any(referrer, origin.referrerHost)
    }

    private static func any(_ patterns: [TextPattern], _ text: [UInt8]) -> Bool {
        patterns.isEmpty || patterns.contains { $0.matches(text) }
    }

    /// As the definition's `([^a-df-z]|^)shop|shopping` does.
    private static func namesShop(_ campaign: [UInt8]) -> Bool {
        let shop = Array("shop".utf8)
        guard campaign.count >= shop.count else { return false }
        for start in 0...(campaign.count - shop.count)
        where campaign[start..<(start + shop.count)] == shop[...] {
            if campaign[(start + shop.count)...].starts(with: "ping".utf8) { return true }
            guard start > 0 else { return true }
            let before = campaign[start - 1]
            let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(before)
            if !isLetter || before == UInt8(ascii: "e") { return true }
        }
        return false
    }
}
