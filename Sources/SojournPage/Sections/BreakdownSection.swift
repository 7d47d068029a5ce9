import SojournModel

/// Sessions by one dimension: a table whose rows are links to themselves alone.
enum BreakdownSection {
    static func html(
        _ dimension: ReportDimension, _ finding: Finding, _ address: PageAddress
    ) -> HTML {
        let title = dimension.title
        guard let answer = finding.answer else { return Layout.failure(title, finding) }
        let rows = answer.rows.filter { $0.kind != .total && $0.figures.sessions > 0 }
        guard !rows.isEmpty else {
            return Layout.empty(title, "No sessions in this period.", nil)
        }
        // The rest is no value: beside it the others would look small.
        let largest = rows.filter { $0.kind == .part }.map(\.figures.sessions).max() ?? 1
        let lines = rows.map { line($0, dimension, largest, address) }
        let hasRest = rows.contains { $0.kind == .rest }
        let isLong = address.more == dimension
        let more: HTML? =
            isLong
            ? "<p class=\"more\"><a href=\"\(address.with { $0.more = nil }.link)#\(dimension.name)\">Show less</a></p>"
            : hasRest
                ? "<p class=\"more\"><a href=\"\(address.with { $0.more = dimension }.link)#\(dimension.name)\">Show more</a></p>"
                : nil
        return """
            <section class="card" id="\(dimension.name)"><h2>\(title)</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="\(title)">
            <table class="breakdown"><thead><tr><th scope="col">\(dimension.column)</th>\
            <th scope="col">Sessions</th><th scope="col" class="minor">Engaged</th>\
            <th scope="col">Converted</th></tr></thead>
            <tbody>\(lines)</tbody></table></div>\(more)</section>
            """
    }

    private static func line(
        _ row: ReportRow, _ dimension: ReportDimension, _ largest: Int, _ address: PageAddress
    ) -> HTML {
        let width =
            row.kind == .rest ? 0 : Double(row.figures.sessions) / Double(max(1, largest)) * 100
        let filter = ReportFilter(dimension, row.text)
        let name: HTML =
            if row.kind == .rest {
                "<span class=\"quiet\">all others</span>"
            } else if address.filters.contains(filter) {
                "<bdi>\(Layout.name(row.text))</bdi>"
            } else {
                """
                <a href="\(address.with(filter: filter).link)" title="Only \(dimension.word) \
                \(Layout.name(row.text))"><bdi>\(Layout.name(row.text))</bdi></a>
                """
            }
        return """
            <tr><th scope="row"><svg class="bar" aria-hidden="true" width="100%" height="100%">\
            <rect width="\(width)%" height="100%" rx="3"/></svg><span class="name">\(name)</span></th>\
            <td>\(FigureText.count(row.figures.sessions))</td>\
            <td class="minor">\(FigureText.percent(row.figures.engagementRate))</td>\
            <td>\(FigureText.percent(row.figures.conversionRate))</td></tr>
            """
    }
}

extension ReportDimension {
    /// Over its table.
    var title: String {
        switch self {
        case .device: "Devices"
        case .channel: "Channels"
        case .country: "Countries"
        case .region: "Regions"
        case .referrer: "Referrers"
        case .campaignSource: "Campaign sources"
        case .campaignMedium: "Campaign media"
        case .campaignName: "Campaigns"
        case .landingPage: "Landing pages"
        case .exitPage: "Exit pages"
        }
    }

    /// Within a sentence.
    var word: String {
        switch self {
        case .device: "device"
        case .channel: "channel"
        case .country: "country"
        case .region: "region"
        case .referrer: "referrer"
        case .campaignSource: "campaign source"
        case .campaignMedium: "campaign medium"
        case .campaignName: "campaign"
        case .landingPage: "landing page"
        case .exitPage: "exit page"
        }
    }

    /// Over its column.
    var column: String {
        switch self {
        case .landingPage, .exitPage: "Page"
        default: word.prefix(1).uppercased() + word.dropFirst()
        }
    }
}
