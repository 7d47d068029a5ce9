/// A column that Sojourn knows: its header in a CSV file, its key in a line of JSON.
///
/// The texts come first, so that an `InputEvent` keeps their places in an array of `textCount`.
package enum InputColumn: UInt8, CaseIterable, Sendable {
    case visitor
    case page
    case device
    case channel
    case country
    case region
    case referrer
    case campaign
    case campaignSource
    case campaignMedium
    case kind
    case timeMilliseconds
    case time
    case value
    case eventID
    case bot

    /// How many of the columns are carried as text.
    static let textCount = 10
    static let count = 16

    var index: Int { Int(rawValue) }
    var isText: Bool { index < Self.textCount }

    /// The word used in files.
    package var name: String {
        switch self {
        case .visitor: "visitor"
        case .page: "page"
        case .device: "device"
        case .channel: "channel"
        case .country: "country"
        case .region: "region"
        case .referrer: "referrer"
        case .campaign: "campaign"
        case .campaignSource: "campaign_source"
        case .campaignMedium: "campaign_medium"
        case .kind: "kind"
        case .timeMilliseconds: "time_ms"
        case .time: "time"
        case .value: "value"
        case .eventID: "event_id"
        case .bot: "bot"
        }
    }

    private static let names: [[UInt8]] = allCases.map { Array($0.name.utf8) }

    /// The column with this name, or nil.
    init?(name: Span<UInt8>) {
        for column in Self.allCases where name.equals(Self.names[column.index]) {
            self = column
            return
        }
        return nil
    }
}
