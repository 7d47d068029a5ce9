import Foundation
import SojournClient
import SojournModel
import SojournServer
import SojournService
import SojournTestKit
import Testing

@testable import SojournAdmin

/// The page of a real server with sessions that were counted by hand, as a browser shows it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PageTests {
    private static let minute: Int64 = 60_000

    /// A server with an archive, and these events in it.
    private static func serve(
        _ events: [Event], change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> (ServedDirectory, SojournServer, AdminPort) {
        let directory = try ServedDirectory()
        var configuration = ServerConfiguration(listens: ["tcp://127.0.0.1:*"])
        configuration.archive = ArchiveSettings(.file("\(directory.folder)/archive.db"))
        change(&configuration)
        let port = try await ServedPort.newPort(configuration.service)
        let server = try SojournServer(configuration)
        port.serve(server)
        let client = try await SojournClient.connect(to: server.endpoints[0])
        _ = try await client.assign(events, property: 1)
        await client.close()
        // The first day is over once the service has looked at its clock.
        try await eventually("one session is left") {
            try await port.get("/live").body.contains("\"live_sessions\":1,")
        }
        return (directory, server, port)
    }

    /// Two days of a small shop. The first day is over and archived, the second still goes on.
    ///
    /// | session | visitor | began | pages | |
    /// |---|---|---|---|---|
    /// | 1 | anna | 1 June 10:00 | /, /product/1, /product/2, /product/3, /cart | from Google, phone |
    /// | 2 | berta | 1 June 11:00 | / | newsletter, desktop: bounced |
    /// | 3 | anna | 1 June 12:00 | /product/1, /cart, /thanks | direct, phone: bought for 12.50 |
    /// | 4 | carl | 2 June 09:00 | / , /product/2 | hostile page after that, phone; still live |
    /// | – | crawler | 1 June 10:00 | / | a known bot |
    private static func shop() -> [Event] {
        let first: Int64 = 1_748_736_000_000
        func at(_ day: Int64, _ hour: Int64, _ minute: Int64) -> EventTime {
            EventTime(milliseconds: first + ((day * 24 + hour) * 60 + minute) * Self.minute)
        }
        var events: [Event] = []
        func add(
            _ visitor: String, _ time: EventTime, _ page: String, _ context: EventContext,
            kind: EventKind = .view, value: Int64 = 0
        ) {
            events.append(
                Event(
                    visitor: visitor, time: time, kind: kind, name: page, context: context,
                    valueMicroUnits: value))
        }
        let google = EventContext(device: "phone", referrer: "https://www.google.com/")
        for (minute, page) in ["/", "/product/1", "/product/2", "/product/3", "/cart"].enumerated()
        {
            add("anna", at(0, 10, Int64(minute)), page, google)
        }
        add("crawler", at(0, 10, 0), "/", EventContext(device: "bot", isKnownBot: true))
        add(
            "berta", at(0, 11, 0), "/",
            EventContext(
                device: "desktop", campaignSource: "newsletter", campaignMedium: "email",
                campaignName: "june"))
        let direct = EventContext(device: "phone")
        add("anna", at(0, 12, 0), "/product/1", direct)
        add("anna", at(0, 12, 2), "/cart", direct)
        add("anna", at(0, 12, 5), "/thanks", direct)
        add("anna", at(0, 12, 5), "order", direct, kind: .conversion, value: 12_500_000)
        add("carl", at(1, 9, 0), "/", direct)
        add("carl", at(1, 9, 1), "/product/2", direct)
        add("carl", at(1, 9, 2), "<script>alert('carl')</script>", direct)
        return events
    }

    private static let query =
        "/?first=2025-06-01&last=2025-06-02&step=/product/*&step=/cart&step=/thanks"

    @Test func `a browser shows the sessions that there are, and a keyboard is enough`()
        async throws
    {
        let (directory, server, port) = try await Self.serve(Self.shop())
        let seen = try await Browser.look(
            at: "http://\(port.address)\(Self.query)", name: "small-shop")

        #expect(seen.complaints == [])
        // Pictures within the browser's own controls are no requests.
        for request in seen.requests where !request.hasPrefix("data:") {
            #expect(request.hasPrefix("http://\(port.address)/"))
        }
        #expect(seen.title == "default · Sojourn")
        #expect(seen.text.contains("1 session is still live and counted as it stands"))
        #expect(seen.text.contains("1 automated one is left out"))
        #expect(
            seen.tiles == [
                "Sessions": "4", "Visitors": "3", "Engaged": "75.0%", "Converted": "25.0%",
                "Value": "12.50", "Median duration": "2m 00s",
            ])
        #expect(seen.live["sessions"] == "1" && seen.live["visitors"] == "1")
        func rows(_ table: String) -> [String: String] {
            let rows = (seen.tables[table] ?? []).map { ($0[0], $0[1]) }
            return Dictionary(rows) { $0 + " and " + $1 }
        }
        #expect(rows("channel") == ["direct": "2", "organic_search": "1", "email": "1"])
        #expect(rows("device") == ["phone": "3", "desktop": "1"])
        #expect(rows("campaignName") == ["(not known)": "3", "june": "1"])
        #expect(rows("country") == ["(not known)": "4"])
        #expect(rows("landingPage") == ["/": "3", "/product/1": "1"])
        #expect(
            rows("exitPage") == [
                "/cart": "1", "/": "1", "/thanks": "1", "<script>alert('carl')</script>": "1",
            ])
        #expect(
            seen.tables["funnel"] == [
                ["1 /product/*", "3", "100.0%", "–", "2m 00s"],
                ["2 /cart", "2", "66.7%", "1 (33.3%)", "3m 00s"],
                ["3 /thanks", "1", "33.3%", "1 (50.0%)", "–"],
            ])
        #expect(seen.tables["journeys"]?.contains(["1", "/", "/product/2", "1", "33.3%"]) == true)

        #expect(seen.keyboard.first == "To the figures")
        #expect(seen.keyboard.usable > 30)
        #expect(seen.keyboard.missed == [])
        #expect(seen.keyboard.withoutFocusRing == [])
        #expect(seen.unnamed == 0)
        #expect(seen.headings.filter { $0.hasPrefix("H1") }.count == 1)
        #expect(seen.theme.before != seen.theme.after)
        #expect(seen.theme.after == seen.theme.kept)
        // Nothing sticks out of the screen of a phone.
        #expect(seen.phoneWidth == 390)

        withExtendedLifetime((directory, server)) {}
        await port.stop()
    }

    @Test func `filters and periods narrow what is shown`() async throws {
        let (directory, server, port) = try await Self.serve(Self.shop())
        func tile(_ query: String) async throws -> String {
            let page = try await port.get(query)
            #expect(page.status == 200)
            return page.body.first(of: "<dt>Sessions</dt><dd><strong>", until: "<") ?? page.body
        }
        let both = "/?first=2025-06-01&last=2025-06-02"
        #expect(try await tile(both) == "4")
        #expect(try await tile(both + "&device=phone") == "3")
        #expect(try await tile(both + "&device=phone&channel=direct") == "2")
        #expect(try await tile(both + "&country=") == "4")
        #expect(try await tile(both + "&landingPage=%2Fproduct%2F1") == "1")
        #expect(try await tile("/?first=2025-06-02&last=2025-06-02") == "1")
        // The clock of the property stands at its last event, years ago: that day is today.
        #expect(try await tile("/?period=today") == "1")
        #expect(try await tile("/?period=yesterday") == "3")
        #expect(try await tile("/?period=all") == "4")
        withExtendedLifetime((directory, server)) {}
        await port.stop()
    }

    @Test func `an address that makes no sense gets a page that says so`() async throws {
        let (directory, server, port) = try await Self.serve(Self.shop())
        for query in ["/?period=soon", "/?property=77", "/?first=x"] {
            let answer = try await port.get(query)
            #expect(answer.status == 400)
            #expect(answer.body.contains("This cannot be shown"))
        }
        withExtendedLifetime((directory, server)) {}
        await port.stop()
    }

    @Test func `each property has its page`() async throws {
        let (directory, server, port) = try await Self.serve(Self.shop()) { configuration in
            configuration.service.properties.append(
                ServiceProperty(id: PropertyID(2), name: "the <app>"))
        }
        let other = try await port.get("/?property=2")
        #expect(other.body.contains("<title>the &lt;app&gt; · Sojourn</title>"))
        #expect(other.body.contains("No sessions began in this period"))
        #expect(try await port.get("/?property=1&period=all").body.contains("<strong>4</strong>"))
        withExtendedLifetime((directory, server)) {}
        await port.stop()
    }

    @Test func `without an archive the page says why it is empty`() async throws {
        let served = try await ServedPort()
        let page = try await served.port.get("/")
        #expect(page.status == 200)
        #expect(page.body.contains("This could not be answered"))
        let live = try await served.port.get("/live")
        #expect(live.body.contains("\"live_sessions\":0"))
    }

    @Test func `a page while the service starts says so`() async throws {
        let port = try await ServedPort.newPort()
        let page = try await port.get("/")
        #expect(page.status == 503)
        #expect(page.body.contains("starting"))
        await port.stop()
    }

    @Test
    func `style and script may be kept by browsers, and change their name with their content`()
        async throws
    {
        let port = try await ServedPort.newPort()
        let page = try await port.get("/")
        let path = try #require(page.body.first(of: "href=\"/page-", until: "\""))
        let style = try await port.get("/page-\(path)")
        #expect(style.status == 200)
        #expect(style.headers["content-type"] == "text/css; charset=utf-8")
        #expect(style.headers["cache-control"]?.contains("immutable") == true)
        #expect(try await port.get("/page-0.css").status == 404)
        await port.stop()
    }
}

extension String {
    /// What stands between two texts.
    fileprivate func first(of start: String, until end: String) -> String? {
        guard let from = range(of: start), let to = self[from.upperBound...].range(of: end) else {
            return nil
        }
        return String(self[from.upperBound..<to.lowerBound])
    }
}
