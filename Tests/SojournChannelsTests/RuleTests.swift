import Testing

@testable import SojournChannels

@Suite struct RuleTests {
    private static let assistants = ChannelRule(
        "assistants", referrer: ["chatgpt.com", "*.perplexity.ai"])

    /// The channel of a referrer under the rules of an operator.
    private func channel(
        _ referrer: String, source: String = "", medium: String = "", ownSites: [String] = [],
        _ rules: ChannelRule...
    ) -> String {
        ChannelGrouping(ownSites: ownSites, rules: rules).channel(
            of: TrafficEvidence(referrer: referrer, source: source, medium: medium))
    }

    @Test func `an operator's rule stands before the default ones`() {
        #expect(channel("https://chatgpt.com/") == "referral")
        #expect(channel("https://chatgpt.com/", Self.assistants) == "assistants")
        #expect(channel("https://www.perplexity.ai/search", Self.assistants) == "assistants")
        #expect(channel("https://perplexity.ai/", Self.assistants) == "referral")
        #expect(channel("https://www.google.com/", Self.assistants) == "organic_search")
    }

    @Test func `the first of an operator's rules counts`() {
        let all = ChannelRule("all", source: ["*"])
        #expect(channel("https://chatgpt.com/", Self.assistants, all) == "assistants")
        #expect(channel("https://chatgpt.com/", all, Self.assistants) == "all")
        #expect(channel("", all) == "all")
    }

    @Test func `all that a rule names must hold, and of a list any`() {
        let rule = ChannelRule(
            "brand", source: ["google", "bing"], medium: ["cpc"], site: .search)
        #expect(channel("", source: "bing", medium: "cpc", rule) == "brand")
        #expect(channel("", source: "bing", medium: "organic", rule) == "organic_search")
        #expect(channel("", source: "qwant", medium: "cpc", rule) == "paid_search")
    }

    @Test func `an own site is no referrer`() {
        let own = ["shop.example"]
        #expect(channel("https://shop.example/cart", ownSites: own) == "direct")
        #expect(channel("https://pay.shop.example/", ownSites: own) == "direct")
        #expect(channel("https://myshop.example/", ownSites: own) == "referral")
        #expect(
            channel("https://shop.example/", source: "google", medium: "cpc", ownSites: own)
                == "paid_search")
    }

    static let hosts: [(String, String?)] = [
        ("https://www.Example.ORG/a?b#c", "www.example.org"), ("http://a.b", "a.b"),
        ("https://user:password@a.b:8080/", "a.b"), ("a.b/path", "a.b"), ("//a.b/", "a.b"),
        ("https://a.b./", "a.b"), ("https://a.b?http://c.d/", "a.b"), ("", nil), ("word", nil),
        ("https://", nil), ("not a.host", nil), ("https://a.b\\c.d", "a.b"), ("(other)", nil),
        ("https://[2001:db8::1]:80/", "[2001:db8::1]"),
    ]

    @Test(arguments: hosts.indices)
    func `a referrer has a host or not`(row: Int) {
        #expect(TrafficOrigin.host(of: Self.hosts[row].0) == Self.hosts[row].1)
    }

    static let matches: [(pattern: String, text: String, matches: Bool)] = [
        ("a", "a", true), ("a", "ab", false), ("a", "", false), ("", "", true), ("", "a", false),
        ("*", "", true), ("*", "a", true), ("a*", "a", true), ("a*", "ba", false),
        ("*a", "ba", true), ("*a", "ab", false), ("*cp*", "cpc", true), ("*cp*", "c", false),
        ("a*b*c", "a-b-b-c", true), ("a*b*c", "acb", false), ("ab*ba", "aba", false),
        ("A*", "ab", true), ("**", "x", true), ("*ü*", "für", true),
    ]

    @Test(arguments: matches.indices)
    func `a star is any run of characters`(row: Int) {
        let (pattern, text, matches) = Self.matches[row]
        #expect(TextPattern(pattern).matches(Array(text.utf8)) == matches)
    }
}
