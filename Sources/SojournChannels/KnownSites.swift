/// What a known site is for.
package enum SiteKind: String, CaseIterable, Sendable {
    case search
    case social
    case shopping
    case video
    /// A web mailer.
    case email
    /// A site that is none of these, though a host above it is: an office suite of a search engine.
    case plain

    /// What an operator's rule may name.
    package static let named: [SiteKind] = [.search, .social, .shopping, .video, .email]
}

/// The sites that channels are told by, from the tables of this folder.
struct KnownSites: Sendable {
    struct Site: Equatable, Sendable {
        /// As campaigns name it: "google".
        var name: String
        var kind: SiteKind
    }

    static let shared = KnownSites(tables: tables)

    /// The tables by kind. A line has a site's name and then its hosts: `google google.*`.
    static let tables: [(kind: SiteKind, text: String)] = [
        (.search, searchEngines), (.social, socialNetworks), (.shopping, shoppingSites),
        (.video, videoSites), (.email, webMailers), (.plain, plainSites),
    ]

    /// What stands before two letters of a country: "co" in "google.co.uk".
    private static let secondLevels: Set<Substring> = [
        "ac", "co", "com", "edu", "gov", "ne", "net", "or", "org",
    ]

    private var byHost: [String: Site] = [:]
    private var byName: [String: SiteKind] = [:]

    init(tables: [(kind: SiteKind, text: String)]) {
        for (kind, text) in tables {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                guard let name = words.first else { continue }
                byName[name] = kind
                for host in words.dropFirst() { byHost[host] = Site(name: name, kind: kind) }
            }
        }
    }

    /// The site that a host belongs to, itself or one of the hosts above it; the nearest counts.
    ///
    /// - Parameter host: in lower case.
    func site(host: String) -> Site? {
        var labels = host.split(separator: ".")[...]
        while labels.count >= 2 {
            if let site = byHost[labels.joined(separator: ".")] ?? byHost[anyCountry(labels)] {
                return site
            }
            labels = labels.dropFirst()
        }
        return nil
    }

    /// What is known of a campaign's source, which is a name or a host.
    func kind(source: String) -> SiteKind? { byName[source] ?? site(host: source)?.kind }

    /// "google.*" for "google.com" and "google.co.uk".
    private func anyCountry(_ labels: ArraySlice<Substring>) -> String {
        let levels = labels.suffix(2)
        let isCountry = (levels.last?.count ?? 0) == 2
        let hasSecondLevel =
            labels.count >= 3 && isCountry && Self.secondLevels.contains(levels.first ?? "")
        return labels.dropLast(hasSecondLevel ? 2 : 1).joined(separator: ".") + ".*"
    }
}
