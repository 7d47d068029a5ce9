import Testing

@testable import SojournChannels

@Suite struct KnownSiteTests {
    @Test func `no name and no host stands in the tables twice`() {
        var names: Set<String> = []
        var hosts: Set<String> = []
        for (_, text) in KnownSites.tables {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                #expect(names.insert(words[0]).inserted, "\(words[0])")
                for host in words.dropFirst() {
                    #expect(hosts.insert(host).inserted, "\(host)")
                    #expect(host == host.lowercased() && host.contains("."), "\(host)")
                }
            }
        }
        #expect(names.count > 150)
    }

    static let hosts: [(host: String, name: String?)] = [
        ("google.com", "google"), ("www.google.de", "google"), ("google.co.uk", "google"),
        ("news.google.com.br", "google"), ("mail.google.com", "gmail"),
        ("docs.google.com", "google-apps"), ("shopping.google.co.uk", "shopping"),
        ("google.evil.example", nil), ("notgoogle.com", nil), ("evilbing.com", nil),
        ("bing.com.evil.example", nil), ("google", nil), ("com", nil), ("", nil),
        ("me.blogspot.com", "blogger"),
    ]

    @Test(arguments: hosts.indices)
    func `a host belongs to the nearest site above it`(row: Int) {
        #expect(KnownSites.shared.site(host: Self.hosts[row].host)?.name == Self.hosts[row].name)
    }

    @Test func `a source is known by name and by host`() {
        #expect(KnownSites.shared.kind(source: "google") == .search)
        #expect(KnownSites.shared.kind(source: "www.google.fr") == .search)
        #expect(KnownSites.shared.kind(source: "fb") == .social)
        #expect(KnownSites.shared.kind(source: "partner") == nil)
    }
}
