package import SojournModel

/// What the address of the page says: every view of it can be linked to, kept and sent to somebody.
///
///     /?property=1&period=28d&channel=email&step=/cart&step=/thanks&from=/
///
/// A dimension with an empty value means the sessions of which it is not known.
package struct PageAddress: Equatable, Sendable {
    /// What was asked makes no sense; a sentence for who asked.
    package struct Fault: Error, Equatable, Sendable {
        package let sentence: String

        package init(sentence: String) { self.sentence = sentence }
    }

    private static let queryBytesMax = 8_192
    private static let filtersMax = 16
    static let stepsMax = 8

    /// nil for the first there is.
    package var property: PropertyID?
    var period = PagePeriod.default
    var filters: [ReportFilter] = []
    /// Steps of the funnel; `/product/*` is any page that begins so.
    var steps: [String] = []
    /// Where journeys begin; empty for anywhere.
    var from = ""
    /// The breakdown that is shown longer than the others.
    var more: ReportDimension?

    package init() {}

    /// Reads what stands behind the question mark. Fields that are not known are left alone, for
    /// others add theirs to links.
    package init(query: String) throws(Fault) {
        guard query.utf8.count <= Self.queryBytesMax else {
            throw Fault(sentence: "the address is longer than \(Self.queryBytesMax) bytes")
        }
        var first = ""
        var last = ""
        for (name, value) in FormText.fields(of: query) {
            guard value.utf8.count <= 2_048 else {
                throw Fault(sentence: "\(name) is longer than 2,048 bytes")
            }
            switch name {
            case "property":
                guard let id = UInt32(value) else {
                    throw Fault(sentence: "property \(value) is no number")
                }
                property = PropertyID(id)
            case "period":
                guard let named = PagePeriod.offered.first(where: { $0.word == value }) else {
                    let words = PagePeriod.offered.map(\.word).joined(separator: ", ")
                    throw Fault(sentence: "there is no period \(value); use one of \(words)")
                }
                period = named.period
            case "first": first = value
            case "last": last = value
            case "step": if !value.isEmpty { steps.append(value) }
            case "from": from = value
            case "more": more = ReportDimension.allCases.first { $0.name == value }
            default:
                if let dimension = ReportDimension.allCases.first(where: { $0.name == name }) {
                    let filter = ReportFilter(dimension, value)
                    if !filters.contains(filter) { filters.append(filter) }
                }
            }
        }
        guard filters.count <= Self.filtersMax else {
            throw Fault(sentence: "there are more than \(Self.filtersMax) filters")
        }
        guard steps.count <= Self.stepsMax else {
            throw Fault(sentence: "a funnel has at most \(Self.stepsMax) steps here")
        }
        if !first.isEmpty || !last.isEmpty { period = try Self.between(first, last) }
    }

    private static func between(_ first: String, _ last: String) throws(Fault) -> PagePeriod {
        guard let from = CivilDate(first), let to = CivilDate(last.isEmpty ? first : last) else {
            throw Fault(sentence: "write both days like 2026-03-09")
        }
        guard from <= to else {
            throw Fault(sentence: "the period ends on \(to), before it begins on \(from)")
        }
        guard to.day - from.day < 3_660 else {
            throw Fault(sentence: "a period has at most ten years")
        }
        return .between(from, to)
    }

    /// What a link to this view of the page is.
    package var link: String { "/?" + FormText.text(of: fields) }

    /// The fields of the address, in their order.
    var fields: [(name: String, value: String)] { fields(without: []) }

    /// The fields, but for those that a form of the page asks for itself.
    func fields(without own: Set<String>) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if let property { fields.append(("property", "\(property.rawValue)")) }
        switch period {
        case .between(let first, let last):
            fields += [("first", "\(first)"), ("last", "\(last)")]
        default:
            if let named = PagePeriod.offered.first(where: { $0.period == period }) {
                fields.append(("period", named.word))
            }
        }
        fields += filters.map { ($0.dimension.name, $0.value) }
        fields += steps.map { ("step", $0) }
        if !from.isEmpty { fields.append(("from", from)) }
        if let more { fields.append(("more", more.name)) }
        return fields.filter { !own.contains($0.name) }
    }

    /// The same with a change.
    func with(_ change: (inout PageAddress) -> Void) -> PageAddress {
        var address = self
        change(&address)
        return address
    }

    func with(filter: ReportFilter) -> PageAddress {
        with { address in
            // A session has one value of a dimension, so a second one would leave nothing.
            address.filters.removeAll { $0.dimension == filter.dimension }
            address.filters.append(filter)
            address.more = nil
        }
    }

    func without(filter: ReportFilter) -> PageAddress {
        with { $0.filters.removeAll { $0 == filter } }
    }
}
