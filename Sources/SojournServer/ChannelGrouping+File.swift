import SojournChannels

extension ChannelGrouping {
    private static let rulesMax = 200
    private static let patternsMax = 200
    /// As long as a label in a report may be.
    private static let nameBytesMax = 64

    /// Reads the `channels` of a configuration file:
    ///
    ///     channels:
    ///       ownSites: [shop.example]
    ///       rules:
    ///         - {channel: assistants, referrer: [chatgpt.com, "*.perplexity.ai"]}
    init(_ node: ConfigurationNode) throws(ConfigurationError) {
        let entries = try node.entries(allowed: ["ownSites", "rules"])
        var ownSites: [String] = []
        if let node = entries["ownSites"] {
            for element in try Self.elements(node, of: "hosts") {
                ownSites.append(try Self.host(element))
            }
        }
        var rules: [ChannelRule] = []
        if let node = entries["rules"] {
            for element in try node.elements(of: "rules") { rules.append(try Self.rule(element)) }
            guard rules.count <= Self.rulesMax else {
                throw node.error("there must be at most \(Self.rulesMax) rules")
            }
        }
        self.init(ownSites: ownSites, rules: rules)
    }

    private static func host(_ node: ConfigurationNode) throws(ConfigurationError) -> String {
        let text = try node.text()
        guard text.contains("."), !text.contains(where: { "/:*@ ".contains($0) }) else {
            throw node.error("\"\(text)\" is no host; write one like shop.example")
        }
        return text
    }

    private static func rule(_ node: ConfigurationNode) throws(ConfigurationError) -> ChannelRule {
        let entries = try node.entries(allowed: [
            "channel", "source", "medium", "campaign", "referrer", "site",
        ])
        guard let name = entries["channel"] else { throw node.error("the channel is missing") }
        var rule = ChannelRule(try name.text())
        guard rule.channel.utf8.count <= nameBytesMax else {
            throw name.error("a channel's name has at most \(nameBytesMax) bytes")
        }
        if let node = entries["source"] { rule.source = try patterns(node) }
        if let node = entries["medium"] { rule.medium = try patterns(node) }
        if let node = entries["campaign"] { rule.campaign = try patterns(node) }
        if let node = entries["referrer"] { rule.referrer = try patterns(node) }
        if let node = entries["site"] { rule.site = try site(node) }
        guard !rule.isEmpty else {
            throw node.error(
                "every session would match; add source, medium, campaign, referrer or site")
        }
        return rule
    }

    private static func patterns(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> [TextPattern] {
        var patterns: [TextPattern] = []
        for element in try elements(node, of: "patterns") {
            patterns.append(TextPattern(try element.text()))
        }
        return patterns
    }

    /// A list, or one value.
    private static func elements(
        _ node: ConfigurationNode, of what: String
    ) throws(ConfigurationError) -> [ConfigurationNode] {
        if node.isScalar { return [node] }
        let elements = try node.elements(of: what)
        guard (1...patternsMax).contains(elements.count) else {
            throw node.error("there must be 1 to \(patternsMax) \(what)")
        }
        return elements
    }

    private static func site(_ node: ConfigurationNode) throws(ConfigurationError) -> SiteKind {
        let text = try node.text()
        guard let kind = SiteKind.named.first(where: { $0.rawValue == text }) else {
            let names = SiteKind.named.map(\.rawValue).joined(separator: ", ")
            throw node.error("\"\(text)\" is no kind of site; use \(names)")
        }
        return kind
    }
}
