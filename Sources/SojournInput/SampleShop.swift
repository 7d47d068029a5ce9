/// The shop of the sample: its visitors' places, the ways that lead to it, and its pages.
enum SampleShop {
    struct Place {
        var country: String
        var region: String
        /// Hours ahead of UTC.
        var offsetHours: Int
    }

    static let places: [(weight: Int, place: Place)] = [
        (24, Place(country: "DE", region: "BE", offsetHours: 1)),
        (14, Place(country: "DE", region: "BY", offsetHours: 1)),
        (8, Place(country: "AT", region: "9", offsetHours: 1)),
        (7, Place(country: "CH", region: "ZH", offsetHours: 1)),
        (10, Place(country: "FR", region: "IDF", offsetHours: 1)),
        (9, Place(country: "NL", region: "NH", offsetHours: 1)),
        (13, Place(country: "GB", region: "ENG", offsetHours: 0)),
        (9, Place(country: "US", region: "NY", offsetHours: -5)),
        (6, Place(country: "US", region: "CA", offsetHours: -8)),
    ]

    static let devices: [(weight: Int, name: String)] = [
        (54, "mobile"), (39, "desktop"), (7, "tablet"),
    ]

    /// What brought a visit here.
    struct Origin {
        var referrer: String
        var campaign = ""
        var source = ""
        var medium = ""
    }

    /// The pages, by what can be done on them.
    enum Page {
        case home
        case category
        case product
        case basket
        case checkout
        case thanks
    }

    struct Channel {
        var weight: Int
        var name: String
        var landing: Page
        var origins: [Origin]
    }

    static let channels: [Channel] = [
        Channel(
            weight: 32, name: "organic_search", landing: .category,
            origins: [
                Origin(referrer: "https://www.google.com/"),
                Origin(referrer: "https://duckduckgo.com/"),
                Origin(referrer: "https://www.bing.com/"),
            ]),
        Channel(weight: 25, name: "direct", landing: .home, origins: [Origin(referrer: "")]),
        Channel(
            weight: 17, name: "paid_search", landing: .product,
            origins: [
                Origin(
                    referrer: "https://www.google.com/", campaign: "spring_sale",
                    source: "google", medium: "cpc"),
                Origin(
                    referrer: "https://www.bing.com/", campaign: "brand", source: "bing",
                    medium: "cpc"),
            ]),
        Channel(
            weight: 12, name: "social", landing: .product,
            origins: [
                Origin(
                    referrer: "https://www.instagram.com/", campaign: "new_arrivals",
                    source: "instagram", medium: "social"),
                Origin(referrer: "https://www.reddit.com/"),
            ]),
        Channel(
            weight: 8, name: "email", landing: .category,
            origins: [
                Origin(
                    referrer: "", campaign: "newsletter_march", source: "newsletter",
                    medium: "email")
            ]),
        Channel(
            weight: 6, name: "referral", landing: .product,
            origins: [
                Origin(referrer: "https://blog.example.org/best-running-shoes"),
                Origin(referrer: "https://prices.example.net/compare"),
            ]),
    ]

    static let categories = ["shoes", "jackets", "bags", "outdoor", "sale"]
    static let products = 100...339

    /// Between 9.90 and 188.90, the same for a product each time.
    static func priceCents(product: Int) -> Int { (product * 79 % 180 + 9) * 100 + 90 }

    /// How busy each hour of a visitor's day is.
    static let hourWeights = [
        2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 14, 13, 12, 12, 13, 15, 18, 21, 23, 20, 13, 6,
    ]

    /// How busy each day of the week is, from Monday, out of 20.
    static let dayWeights = [14, 13, 14, 14, 15, 19, 20]
}
