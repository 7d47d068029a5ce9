import SojournModel

/// How many sessions come through pages in an order, and where the others are lost.
enum FunnelSection {
    static func html(_ finding: Finding?, _ address: PageAddress, pages: [String]) -> HTML {
        """
        <section class="card wide" id="funnel"><h2>Funnel</h2>
        \(form(address, pages))
        \(finding.map { result($0, address.steps) })
        </section>
        """
    }

    private static func form(_ address: PageAddress, _ pages: [String]) -> HTML {
        let count = max(3, min(PageAddress.stepsMax, address.steps.count + 1))
        let inputs = (0..<count).map { row in
            """
            <label><span>Step \(row + 1)</span><input name="step" list="pages" autocomplete="off" \
            placeholder="\(row == 0 ? "/product/*" : row == 1 ? "/cart" : "")" \
            value="\(row < address.steps.count ? address.steps[row] : "")"></label>
            """ as HTML
        }
        let options = pages.map { "<option value=\"\($0)\"></option>" as HTML }
        return """
            <form action="/#funnel" method="get" class="steps">\(Layout.hidden(address, without: ["step"]))
            \(inputs)<datalist id="pages">\(options)</datalist>
            <button>Draw</button></form>
            <p class="quiet">Pages in the order in which a session must see them, with anything in \
            between. <code>/product/*</code> is any page that begins so.</p>
            """
    }

    /// - Parameter names: the steps as they were asked for.
    private static func result(_ finding: Finding, _ names: [String]) -> HTML {
        guard let answer = finding.answer else { return Layout.sentence(finding) }
        let total = answer.total?.sessions ?? 0
        let steps = answer.rows.filter { $0.kind == .part && !$0.isPrevious }
        guard total > 0, let first = steps.first, first.figures.sessions > 0 else {
            return """
                <p class="nothing">No session of this period reached the first step, out of \
                \(FigureText.count(total)).</p>
                """
        }
        let lines = steps.indices.map { row in
            line(
                steps, row, of: first.figures.sessions,
                named: row < names.count ? names[row] : steps[row].text)
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Funnel">
            <table class="funnel"><thead><tr><th scope="col">Step</th><th scope="col">Sessions</th>\
            <th scope="col">Of the first</th><th scope="col">Lost before it</th>\
            <th scope="col">Median to the next</th></tr></thead>
            <tbody>\(lines)</tbody></table></div>
            """
    }

    private static func line(
        _ steps: [ReportRow], _ row: Int, of first: Int, named name: String
    ) -> HTML {
        let step = steps[row]
        let reached = step.figures.sessions
        let share = Double(reached) / Double(max(1, first))
        var lost: HTML = "–"
        if row > 0 {
            let before = steps[row - 1].figures.sessions
            let rate = before == 0 ? 0 : Double(before - reached) / Double(before)
            lost = "\(FigureText.count(before - reached)) (\(FigureText.percent(rate)))"
        }
        let isLast = row == steps.count - 1
        let time: HTML =
            isLast || steps[row + 1].figures.sessions == 0
            ? "–" : "\(FigureText.duration(milliseconds: step.figures.medianMilliseconds))"
        return """
            <tr><th scope="row"><svg class="bar" aria-hidden="true" width="100%" height="100%">\
            <rect width="\(share * 100)%" height="100%" rx="3"/></svg><span class="name">\
            <span class="step">\(row + 1)</span> <bdi>\(Layout.name(name))</bdi></span></th>\
            <td>\(FigureText.count(reached))</td><td>\(FigureText.percent(share))</td>\
            <td>\(lost)</td><td>\(time)</td></tr>
            """
    }
}
