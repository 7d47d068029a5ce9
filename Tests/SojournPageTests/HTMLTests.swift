import SojournModel
import Testing

@testable import SojournPage

@Suite struct HTMLTests {
    static let texts: [(text: String, html: String)] = [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a & b", "a &amp; b"), ("\"'", "&quot;&#39;"), ("&amp;", "&amp;amp;"),
        ("grün ☂ 日本", "grün ☂ 日本"), ("a\0b\u{1B}[31m", "a\u{FFFD}b\u{FFFD}[31m"),
        ("line\nbreak", "line\nbreak"), ("", ""),
    ]

    @Test(arguments: texts.indices)
    func `a text cannot become markup`(row: Int) {
        let html: HTML = "<p>\(Self.texts[row].text)</p>"
        #expect(html.text == "<p>\(Self.texts[row].html)</p>")
    }

    @Test func `markup stays markup`() {
        let inner: HTML = "<b>\("<")</b>"
        let nothing: HTML? = nil
        let html: HTML = "<p>\(inner)\([inner, inner])\(nothing)\(7)</p>"
        #expect(html.text == "<p><b>&lt;</b><b>&lt;</b><b>&lt;</b>7</p>")
    }

    static let numbers: [(Double, String)] = [
        (0, "0"), (1, "1"), (1.5, "1.50"), (1.05, "1.05"), (-0.25, "-0.25"), (33.333, "33.33"),
        (99.999, "100"), (-0.001, "0"),
    ]

    @Test(arguments: numbers.indices)
    func `coordinates are short`(row: Int) {
        let html: HTML = "\(Self.numbers[row].0)"
        #expect(html.text == Self.numbers[row].1)
    }

    /// Values that visitors send are on the page of an analyst.
    @Test func `hostile names of pages and channels stay text`() throws {
        let hostile = "\"><img src=x onerror=alert(1)><script>'"
        var content = try PageContent.shop("step=\(hostile)&from=\(hostile)&channel=\(hostile)")
        content.properties = [.init(id: .init(1), name: hostile)]
        content.totals = .answer(.init([.total(10)]))
        content.breakdowns = content.breakdowns.map { _ in
            .answer(.init([.total(10), .part(hostile, 9), .part("javascript:alert(1)", 1)]))
        }
        content.journeys = .answer(
            .init([.total(10), .part(hostile, 9), .part(hostile, 3, parent: 1)]))
        content.funnel = .answer(.init([.total(10), .part(hostile, 9), .part(hostile, 3)]))
        content.series = .failure(hostile)
        let page = PageDocument.html(content)
        #expect(page.contains("&lt;img src=x"))
        #expect(!page.contains("<img"))
        #expect(!page.contains("onerror=alert(1)>"))
        #expect(!page.contains("href=\"javascript:"))
        // The page's own script alone.
        #expect(page.components(separatedBy: "<script").count == 2)
        #expect(!PageDocument.fault(hostile, theme: nil).contains("<img"))
    }

    @Test func `the page has no style or script within, and nothing from elsewhere`() throws {
        let page = PageDocument.html(try .shop("step=/a"))
        #expect(!page.contains(" style="))
        #expect(!page.contains("<style"))
        #expect(!page.contains(" onclick="))
        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("\"//"))
    }

    @Test func `a router's page has no place for what a router does not know`() throws {
        var content = try PageContent.shop()
        let service = PageDocument.html(content)
        content.origin = .router
        let router = PageDocument.html(content)
        for name in ["sessions", "visitors", "rate"] {
            #expect(service.contains("data-live=\"\(name)\""))
            #expect(router.contains("data-live=\"\(name)\"") == (name == "rate"))
        }
        #expect(router.contains("data-live=\"partitions\""))
        #expect(!service.contains("data-live=\"partitions\""))
        // Else they show the same.
        func figures(_ page: String) -> Substring? {
            page.components(separatedBy: "<main").last?.components(separatedBy: "</main>").first
        }
        #expect(figures(router) == figures(service))
        #expect(router.contains("all workers together"))
    }
}

extension StringProtocol where SubSequence == Substring {
    fileprivate func components(separatedBy text: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let place = rest.indices.first(where: { rest[$0...].hasPrefix(text) }) {
            parts.append(rest[..<place])
            rest = rest[place...].dropFirst(text.count)
        }
        return parts + [rest]
    }
}
