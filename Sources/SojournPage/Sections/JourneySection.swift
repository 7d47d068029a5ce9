import SojournModel

/// Where sessions go from page to page.
enum JourneySection {
    private static let tableRows = 40

    static func html(
        _ finding: Finding, _ address: PageAddress, landingPages: [String]
    ) -> HTML {
        """
        <section class="card wide" id="journeys"><h2>Journeys</h2>
        \(form(address, landingPages))
        \(result(finding))
        </section>
        """
    }

    private static func form(_ address: PageAddress, _ landingPages: [String]) -> HTML {
        var pages = landingPages.filter { !$0.isEmpty }
        if !address.from.isEmpty, !pages.contains(address.from) {
            pages.insert(address.from, at: 0)
        }
        let options = pages.map { page in
            """
            <option value="\(page)"\(page == address.from ? " selected" as HTML : nil)>\(page)</option>
            """ as HTML
        }
        return """
            <form action="/#journeys" method="get" class="line">\
            \(Layout.hidden(address, without: ["from"]))
            <label><span>Beginning at</span><select name="from"><option value="">any page</option>\
            \(options)</select></label><button>Draw</button></form>
            """
    }

    private static func result(_ finding: Finding) -> HTML {
        guard let answer = finding.answer else { return Layout.sentence(finding) }
        let flow = JourneyFlow(answer.rows)
        guard !flow.columns.isEmpty else {
            return "<p class=\"nothing\">No session of this period saw a page.</p>"
        }
        let bands = flow.bands.sorted { $0.sessions > $1.sessions }.prefix(tableRows)
        let rows = bands.map { band in
            let from = flow.columns[band.column][band.from]
            let into = flow.columns[band.column + 1][band.into]
            return """
                <tr><td>\(band.column + 1)</td><th scope="row"><bdi>\(Layout.name(from.page))</bdi></th>\
                <td class="text"><bdi>\(Layout.name(into.page))</bdi></td>\
                <td>\(FigureText.count(band.sessions))</td>\
                <td>\(FigureText.percent(Double(band.sessions) / Double(max(1, from.sessions))))</td></tr>
                """ as HTML
        }
        let hasRest = answer.rows.contains { $0.kind == .rest && $0.figures.sessions > 0 }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Journeys, drawn">\
            <div class="room">\(flow.drawing)</div></div>
            <p class="quiet">A bar is a page at that step, a band the sessions that went on to the \
            next. What no band takes on ended \
            there\(hasRest ? ", or went a way too rare to be shown" : "").</p>
            <details><summary>As a table</summary><div class="scroll" tabindex="0" role="region" \
            aria-label="Journeys"><table><thead><tr><th scope="col">Step</th>\
            <th scope="col">From</th><th scope="col" class="text">To</th>\
            <th scope="col">Sessions</th><th scope="col">Of those there</th></tr></thead>
            <tbody>\(rows)</tbody></table></div></details>
            """
    }
}
