import SojournInput
import SojournModel
import Testing

@Suite struct AccessLogReaderTests {
    static let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:27.0) Gecko/20100101 Firefox/27.0"

    /// A line of the combined format.
    static func line(
        request: String = "GET / HTTP/1.1", status: String = "200", referrer: String = "-",
        agent: String = firefox
    ) -> String {
        "198.18.0.1 - - [17/May/2015:10:05:03 +0000] \"\(request)\" \(status) 512 "
            + "\"\(referrer)\" \"\(agent)\"\n"
    }

    @Test func `a combined line gives time, visitor, page, device and referrer`() throws {
        let found = try Found(
            Self.line(request: "GET /blog/?p=1 HTTP/1.1", referrer: "http://example.org/"))
        let event = try #require(found.events.first)
        #expect(event.timeMilliseconds == 1_431_857_103_000)
        #expect(event.visitorText == "198.18.0.1|" + Self.firefox)
        #expect(event.kind == .view)
        #expect(event.page == "/blog/?p=1")
        #expect(event.device == "desktop")
        #expect(event.referrer == "http://example.org/")
        #expect(event.channel.isEmpty)
        #expect(event.value == nil)
        #expect(!event.isKnownBot)
    }

    @Test func `a common line has no agent, so the address alone is the visitor`() throws {
        let found = try Found(
            "2001:db8::1 - frank smith [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.0\" 200 -\n")
        let event = try #require(found.events.first)
        #expect(event.timeMilliseconds == 971_211_336_000)
        #expect(event.visitorText == "2001:db8::1")
        #expect(event.page == "/a")
        #expect(event.device.isEmpty)
        #expect(!event.isKnownBot)
    }

    @Test func `what a server writes behind the agent is ignored`() throws {
        let line = Self.line().dropLast() + " 0.004 \"-\"\n"
        #expect(try Found(String(line)).events.map(\.device) == ["desktop"])
    }

    @Test func `an agent that is cut off is taken as far as it goes`() throws {
        let line = Self.line(agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.goo")
        let found = try Found(String(line.dropLast(2)))
        #expect(
            found.events.map(\.visitorText)
                == ["198.18.0.1|Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.goo"])
        #expect(found.events.map(\.isKnownBot) == [true])
    }

    @Test func `a quote behind a backslash does not end a text`() throws {
        let found = try Found(Self.line(agent: #"odd \"agent\" Windows"#))
        #expect(found.events.map(\.visitorText) == [#"198.18.0.1|odd \"agent\" Windows"#])
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1", "200", .view),
            ("GET /about.html HTTP/1.1", "304", .view),
            ("GET /moved HTTP/1.1", "301", .view),
            ("HEAD /about HTTP/1.1", "200", .view),
            ("POST /search HTTP/1.1", "200", .view),
            ("GET /notes.txt HTTP/1.1", "200", .view),
            ("GET /v1.2/page HTTP/1.1", "200", .view),
            ("GET /a?file=x.png HTTP/1.1", "200", .view),
            ("GET /a?utm_source=rss HTTP/1.1", "200", .view),
            ("GET /style.css HTTP/1.1", "200", .action),
            ("GET /style.CSS?v=3 HTTP/1.1", "200", .action),
            ("GET /favicon.ico HTTP/1.1", "200", .action),
            ("GET /fonts/a.woff2 HTTP/1.1", "200", .action),
            ("GET /paper.pdf HTTP/1.1", "206", .action),
            ("GET /index.xml HTTP/1.1", "200", .action),
            ("GET /?flav=rss20 HTTP/1.1", "200", .action),
            ("GET /blog/tags/puppet?flav=atom HTTP/1.1", "200", .action),
            ("GET /missing HTTP/1.1", "404", .action),
            ("GET /broken HTTP/1.1", "500", .action),
            ("GET /film HTTP/1.1", "206", .action),
            ("-", "408", .action),
            (#"\x16\x03\x01"#, "200", .action),
        ] as [(String, String, EventKind)])
    func `a page that was shown is a view and the rest are actions`(
        request: String, status: String, kind: EventKind
    ) throws {
        let found = try Found(Self.line(request: request, status: status))
        #expect(found.bad.map(\.description) == [])
        #expect(found.events.map(\.kind) == [kind])
    }

    @Test func `a request that is not of three words is a page by its whole`() throws {
        let found = try Found(Self.line(request: #"\x16\x03\x01"#, status: "400"))
        #expect(found.events.map(\.page) == [#"\x16\x03\x01"#])
    }

    @Test(
        arguments: [
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 6_0) (compatible; Googlebot/2.1)", "bot"),
            ("Baiduspider+(+http://www.baidu.com/search/spider.htm)", "bot"),
            ("magpie-crawler/1.1", "bot"), ("curl/8.5.0", "bot"), ("Wget/1.21", "bot"),
            ("python-requests/2.31", "bot"), ("Go-http-client/1.1", "bot"), ("-", "bot"),
            ("", "bot"),
            ("Mozilla/5.0 (iPad; CPU OS 7_0 like Mac OS X) Mobile/11A465", "tablet"),
            ("Mozilla/5.0 (Android; Tablet; rv:27.0)", "tablet"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 7_0 like Mac OS X)", "mobile"),
            ("Mozilla/5.0 (Linux; Android 4.4.2; Nexus 5)", "mobile"),
            ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en)", "mobile"),
            ("Mozilla/5.0 (Windows NT 6.1; WOW64)", "desktop"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1)", "desktop"),
            (AccessLogReaderTests.firefox, "desktop"),
            ("ELinks (0.4.3; NetBSD 3.0.2)", "other"),
        ])
    func `the agent tells the device, and robots are flagged`(agent: String, device: String) throws
    {
        let found = try Found(Self.line(agent: agent))
        #expect(found.events.map(\.device) == [device])
        #expect(found.events.map(\.isKnownBot) == [device == "bot"])
    }

    @Test func `the campaign is in the query, decoded`() throws {
        let found = try Found(
            Self.line(
                request:
                    "GET /a?x=1&utm_source=feed&utm_medium=e%2Dmail&utm_campaign=Spring+%28%C3%A9t%C3%A9%29 HTTP/1.1"
            ))
        let event = try #require(found.events.first)
        #expect(event.campaign == "Spring (été)")
        #expect(event.campaignSource == "feed")
        #expect(event.campaignMedium == "e-mail")
    }

    @Test(
        arguments: [
            ("%", "%"), ("100%zz", "100%zz"), ("%ff", "%ff"), ("a%2", "a%2"), ("a=b", "a=b"),
        ])
    func `a campaign that cannot be decoded stays as it was asked for`(
        written: String, campaign: String
    ) throws {
        let found = try Found(Self.line(request: "GET /a?utm_campaign=\(written)#top HTTP/1.1"))
        #expect(found.events.map(\.campaign) == [campaign])
    }

    @Test(
        arguments: [
            ("garbage", "the line is not of an access log: it has no address"),
            ("198.18.0.1 - - no time", "the line is not of an access log: it has no [time]"),
            (
                "198.18.0.1 - - [17/May/2015:10:05:03 +0000] GET / 200 1",
                "the line is not of an access log: it has no \"request\""
            ),
            (
                "198.18.0.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" OK 1",
                "the line has no status of three digits behind its request"
            ),
            (
                "198.18.0.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 many",
                "the line has no number of bytes behind its status"
            ),
            (
                "198.18.0.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1 \"http://cut",
                "the line ends before its \"referrer\" and \"agent\""
            ),
            (
                "198.18.0.1 - - [17/Mai/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1",
                "is not a time such as 17/May/2015:10:05:03 +0000"
            ),
            (
                "198.18.0.1 - - [31/Jun/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1",
                "names a day that is not in the calendar"
            ),
            (
                "198.18.0.1 - - [31/Dec/1969:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1",
                "lies before 1970"
            ),
        ])
    func `a line that is not of a log is a bad line that says what is not there`(
        line: String, problem: String
    ) throws {
        let found = try Found("\(Self.line())\(line)\n\(Self.line())", format: .accessLog)
        #expect(found.bad.map(\.problem) == [problem])
        #expect(found.bad.map(\.lineNumber) == [2])
        #expect(found.events.map(\.lineNumber) == [1, 3])
    }
}
