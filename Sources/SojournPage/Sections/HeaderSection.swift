import SojournModel

/// What the page is about, and how to make it about something else.
enum HeaderSection {
    static func html(_ content: PageContent) -> HTML {
        """
        <header><div class="brand"><a href="/"><svg width="22" height="22" viewBox="0 0 22 22" \
        aria-hidden="true"><path d="M2 16 C6 16 6 6 11 6 S16 16 20 16"/><circle cx="11" cy="6" r="2.6"/>\
        </svg> Sojourn</a></div>
        \(propertyPicker(content))
        <dl class="live" id="live" data-property="\(content.propertyNumber)" hidden>\
        \(live(content.origin))</dl>
        <button type="button" id="theme" hidden>Dark</button></header>
        """
    }

    /// What the page's script keeps up to date. A router knows neither how many sessions its workers have nor
    /// what passes through other routers, and does not look as if.
    private static func live(_ origin: PageContent.Origin) -> [HTML] {
        let figures =
            switch origin {
            case .service:
                [
                    ("live sessions", "sessions"), ("live visitors", "visitors"),
                    ("events/s", "rate"),
                ]
            case .router:
                [("partitions", "partitions"), ("events/s of this router", "rate")]
            }
        return figures.map { name, key in
            "<div><dt>\(name)</dt><dd data-live=\"\(key)\">–</dd></div>"
        }
    }

    private static func propertyPicker(_ content: PageContent) -> HTML {
        let chosen = content.chosenProperty
        guard content.properties.count > 1 else {
            return "<div class=\"property\"><bdi>\(chosen?.name ?? "")</bdi></div>"
        }
        let options = content.properties.map { property in
            """
            <option value="\(Int(property.id.rawValue))"\
            \(property == chosen ? " selected" as HTML : nil)>\(property.name)</option>
            """ as HTML
        }
        // Filters are of the property that was looked at; they would rarely fit another.
        return """
            <form action="/" method="get" class="property"><input type="hidden" name="period" \
            value="\(content.address.fields.first { $0.name == "period" }?.value ?? "28d")">\
            <label><span class="hidden">Property</span><select name="property">\(options)</select>\
            </label><button>Show</button></form>
            """
    }

    /// Period and filters.
    static func picker(_ content: PageContent) -> HTML {
        let address = content.address
        let links = PagePeriod.offered.map { offer in
            """
            <li><a href="\(address.with { $0.period = offer.period }.link)"\
            \(offer.period == address.period ? " aria-current=\"true\"" as HTML : nil)>\
            \(offer.title)</a></li>
            """ as HTML
        }
        let bounds = address.period.bounds(today: content.today)
        return """
            <nav aria-label="Period" class="periods"><ul>\(links)</ul>
            <form action="/" method="get" class="line">\
            \(Layout.hidden(address, without: ["period", "first", "last"]))\
            <label><span>From</span><input type="date" name="first" required \
            value="\(bounds.map { "\($0.first)" } ?? "")"></label>\
            <label><span>to</span><input type="date" name="last" required \
            value="\(bounds.map { "\($0.last)" } ?? "")"></label><button>Show</button></form></nav>
            \(filters(address))
            """
    }

    private static func filters(_ address: PageAddress) -> HTML? {
        guard !address.filters.isEmpty else { return nil }
        let chips = address.filters.map { filter in
            """
            <li><a href="\(address.without(filter: filter).link)"><span class="hidden">Remove the \
            filter </span>\(filter.dimension.word): <bdi>\(Layout.name(filter.value))</bdi> \
            <span aria-hidden="true">×</span></a></li>
            """ as HTML
        }
        return """
            <nav aria-label="Filters" class="filters"><span>Only sessions with</span><ul>\(chips)</ul>\
            <a href="\(address.with { $0.filters = [] }.link)">Remove all</a></nav>
            """
    }
}

extension PageContent {
    var chosenProperty: Property? {
        properties.first { $0.id == address.property } ?? properties.first
    }

    var propertyNumber: Int { Int(chosenProperty?.id.rawValue ?? 0) }
}
