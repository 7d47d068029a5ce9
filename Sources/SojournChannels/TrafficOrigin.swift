/// Evidence made comparable: lower case, a source and a medium also where only a referrer is there.
///
/// | evidence | source | medium |
/// |---|---|---|
/// | a campaign's source or medium | as sent, or else the referrer's | as sent |
/// | else a search engine as referrer | its name | organic |
/// | else another referrer | its name if it is known, or its host | referral |
/// | else a campaign's name, or a referrer without a host | none | none |
/// | nothing, or a referrer of the operator's own | (direct) | (none) |
struct TrafficOrigin {
    // UTF-8, in lower case.
    let source: [UInt8]
    let medium: [UInt8]
    let campaign: [UInt8]
    /// The referrer's host; empty for none.
    let referrerHost: [UInt8]
    /// What is known of the source.
    let site: SiteKind?

    init(_ evidence: TrafficEvidence, ownSites: [TextPattern]) {
        var host = Self.host(of: evidence.referrer) ?? ""
        let isOwn = !host.isEmpty && ownSites.contains { $0.matches(Array(host.utf8)) }
        if isOwn { host = "" }
        let sentSource = evidence.source.lowercased()
        let sentMedium = evidence.medium.lowercased()
        let hasCampaign = !sentSource.isEmpty || !sentMedium.isEmpty
        let isDirect =
            !hasCampaign && evidence.campaign.isEmpty && (evidence.referrer.isEmpty || isOwn)
        let referrer = KnownSites.shared.site(host: host)

        let source = sentSource.isEmpty ? referrer?.name ?? host : sentSource
        site =
            sentSource.isEmpty ? referrer?.kind : KnownSites.shared.kind(source: sentSource)
        let medium =
            if hasCampaign || host.isEmpty {
                sentMedium
            } else {
                referrer?.kind == .search ? "organic" : "referral"
            }
        self.source = Array((isDirect ? "(direct)" : source).utf8)
        self.medium = Array((isDirect ? "(none)" : medium).utf8)
        campaign = Array(evidence.campaign.lowercased().utf8)
        referrerHost = Array(host.utf8)
    }

    /// The host of a referrer in lower case, without port and user; nil when it has none. A referrer
    /// may lack the scheme.
    static func host(of referrer: String) -> String? {
        var rest = Substring(referrer)
        if let scheme = rest.firstRange(of: "://") {
            rest = rest[scheme.upperBound...]
        } else if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
        }
        rest = rest.prefix { !"/?#\\".contains($0) }
        if let user = rest.lastIndex(of: "@") { rest = rest[rest.index(after: user)...] }
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            return rest[...end].lowercased()
        }
        if let port = rest.firstIndex(of: ":") { rest = rest[..<port] }
        if rest.hasSuffix(".") { rest = rest.dropLast() }
        guard rest.contains("."), !rest.contains(where: \.isWhitespace) else { return nil }
        return rest.lowercased()
    }
}

extension Substring {
    /// Where a text stands first. (The standard library's `firstRange` needs a regular expression.)
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<index(start, offsetBy: text.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
