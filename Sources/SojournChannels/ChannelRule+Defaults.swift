extension ChannelRule {
    /// A medium that somebody pays for.
    private static let paid: [TextPattern] = ["*cp*", "ppc", "retargeting", "paid*"]
    private static let emailWords: [TextPattern] = ["email", "e-mail", "e_mail", "e mail"]

    /// The published default channel groups, in their order; the first that matches counts.
    static let defaults: [ChannelRule] = [
        ChannelRule("direct", source: ["(direct)"], medium: ["(none)", "(not set)"]),
        ChannelRule("cross_network", campaign: ["*cross-network*"]),
        ChannelRule("paid_shopping", medium: paid, site: .shopping),
        .shopCampaign("paid_shopping", medium: paid),
        ChannelRule("paid_search", medium: paid, site: .search),
        ChannelRule("paid_social", medium: paid, site: .social),
        ChannelRule("paid_video", medium: paid, site: .video),
        ChannelRule(
            "display", medium: ["display", "banner", "expandable", "interstitial", "cpm"]),
        ChannelRule("paid_other", medium: paid),
        ChannelRule("organic_shopping", site: .shopping),
        .shopCampaign("organic_shopping"),
        ChannelRule("organic_social", site: .social),
        ChannelRule(
            "organic_social",
            medium: [
                "social", "social-network", "social-media", "sm", "social network", "social media",
            ]),
        ChannelRule("organic_video", site: .video),
        ChannelRule("organic_video", medium: ["*video*"]),
        ChannelRule("organic_search", site: .search),
        ChannelRule("organic_search", medium: ["organic"]),
        // Web mail as a referrer is not in the definition, which knows nothing of referrers.
        ChannelRule("email", site: .email),
        ChannelRule("email", source: emailWords),
        ChannelRule("email", medium: emailWords),
        ChannelRule("affiliates", medium: ["affiliate"]),
        ChannelRule("referral", medium: ["referral", "app", "link"]),
        ChannelRule("audio", medium: ["audio"]),
        ChannelRule("sms", source: ["sms"]),
        ChannelRule("sms", medium: ["sms"]),
        ChannelRule("mobile_push", medium: ["*push", "*mobile*", "*notification*"]),
        ChannelRule("mobile_push", source: ["firebase"]),
    ]

    private static func shopCampaign(
        _ channel: String, medium: [TextPattern] = []
    ) -> ChannelRule {
        var rule = ChannelRule(channel, medium: medium)
        rule.campaignNamesShop = true
        return rule
    }
}
