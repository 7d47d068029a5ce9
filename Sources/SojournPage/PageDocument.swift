import SojournModel

/// The page as a browser gets it: drawn whole by the server, and of use without a script.
package enum PageDocument {
    package static func html(_ content: PageContent) -> String {
        let address = content.address
        let title = content.chosenProperty?.name ?? "no property"
        let landingPages = texts(content, .landingPage)
        let pages = landingPages + texts(content, .exitPage).filter { !landingPages.contains($0) }
        let breakdowns = zip(PageQuestions.dimensions, content.breakdowns).map {
            BreakdownSection.html($0, $1, address)
        }
        let interval = address.period.interval(today: content.today)
        let body: HTML = """
            <a class="skip" href="#main">To the figures</a>
            \(HeaderSection.html(content))
            <main id="main"><div class="heading"><h1>\(address.period.title(today: content.today))</h1>\
            \(counted(content))</div>
            \(HeaderSection.picker(content))
            \(TotalsSection.html(content.totals))
            \(SeriesSection.html(content.series, interval: interval, localReading: content.localReading))
            <div class="cards">\(breakdowns)</div>
            \(FunnelSection.html(content.funnel, address, pages: pages.filter { !$0.isEmpty }))
            \(JourneySection.html(content.journeys, address, landingPages: landingPages))
            </main>
            <footer>Sojourn \(content.version)\
            \(content.origin == .router ? " · all workers together" as HTML : nil) · \
            times in \(timeZone(content)) · \
            <a href="/metrics">metrics</a></footer>
            """
        return document(title: "\(title) · Sojourn", theme: content.theme, body)
    }

    /// A page that only says why there is no other.
    package static func fault(_ sentence: String, theme: PageContent.Theme?) -> String {
        document(
            title: "Sojourn", theme: theme,
            """
            <header><div class="brand"><a href="/">Sojourn</a></div></header>
            <main id="main"><section class="card wide"><h1>This cannot be shown</h1>
            <p role="alert">\(sentence).</p><p><a href="/">Begin anew</a></p></section></main>
            """)
    }

    private static func document(
        title: String, theme: PageContent.Theme?, _ body: HTML
    ) -> String {
        let html: HTML = """
            <!doctype html>
            <html lang="en"\(theme.map { " data-theme=\"\($0.rawValue)\"" as HTML })>
            <head><meta charset="utf-8"><title>\(title)</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="\(PageAsset.style.path)">
            <script src="\(PageAsset.script.path)" defer></script></head>
            <body>\(body)</body></html>

            """
        return html.text
    }

    /// What was counted and what was not: a figure is worth what is known of it.
    private static func counted(_ content: PageContent) -> HTML? {
        guard let answer = content.totals.answer else { return nil }
        let live = answer.liveSessions
        let bots = answer.automatedSessions
        return """
            <p class="counted"><strong>\(FigureText.count(live))</strong> \
            \(live == 1 ? "session is" : "sessions are") still live and counted as \
            \(live == 1 ? "it stands" : "they stand"); <strong>\(FigureText.count(bots))</strong> \
            automated \(bots == 1 ? "one is" : "ones are") left out.</p>
            """
    }

    private static func timeZone(_ content: PageContent) -> String {
        let name = content.totals.answer?.timeZone ?? ""
        return name.isEmpty ? "UTC" : name
    }

    /// The values of a dimension that the page knows.
    private static func texts(_ content: PageContent, _ dimension: ReportDimension) -> [String] {
        guard let row = PageQuestions.dimensions.firstIndex(of: dimension),
            row < content.breakdowns.count, let answer = content.breakdowns[row].answer
        else { return [] }
        return answer.rows.filter { $0.kind == .part && !$0.isPrevious }.map(\.text)
    }
}
