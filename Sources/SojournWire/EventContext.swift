public import SojournModel

/// What came with an event besides the event itself (sojourn-1, "Contexts"). Empty texts are none.
public struct EventContext: Hashable, Sendable {
    public var device: String
    public var channel: String
    public var country: String
    public var region: String
    public var referrer: String
    public var campaignSource: String
    public var campaignMedium: String
    public var campaignName: String
    /// The sender knows the visitor to be a bot.
    public var isKnownBot: Bool

    public init(
        device: String = "", channel: String = "", country: String = "", region: String = "",
        referrer: String = "", campaignSource: String = "", campaignMedium: String = "",
        campaignName: String = "", isKnownBot: Bool = false
    ) {
        self.device = device
        self.channel = channel
        self.country = country
        self.region = region
        self.referrer = referrer
        self.campaignSource = campaignSource
        self.campaignMedium = campaignMedium
        self.campaignName = campaignName
        self.isKnownBot = isKnownBot
    }

    /// The text of one attribute.
    public subscript(attribute: ContextAttribute) -> String {
        get {
            switch attribute {
            case .device: device
            case .channel: channel
            case .country: country
            case .region: region
            case .referrer: referrer
            case .campaignSource: campaignSource
            case .campaignMedium: campaignMedium
            case .campaignName: campaignName
            }
        }
        set {
            switch attribute {
            case .device: device = newValue
            case .channel: channel = newValue
            case .country: country = newValue
            case .region: region = newValue
            case .referrer: referrer = newValue
            case .campaignSource: campaignSource = newValue
            case .campaignMedium: campaignMedium = newValue
            case .campaignName: campaignName = newValue
            }
        }
    }
}
