import SojournArchive
import SojournModel
import SojournReports
import Testing

@Suite struct JourneyTests {
    private static func session(_ visitor: Int, _ pages: (String, UInt32)...) -> MadeSession {
        var session = MadeSession(visitor: visitor)
        session.path = pages.map { (page: $0.0, after: $0.1) }
        session.duration = Int64(pages.last?.1 ?? 0)
        return session
    }

    private static let sessions = [
        session(1, ("/", 0), ("/shoes", 5_000), ("/", 6_000), ("/shoes", 9_000), ("/cart", 10_000)),
        session(2, ("/", 0), ("/shoes", 1_000)),
        session(3, ("/shoes", 0), ("/cart", 3_000)),
        session(4, ("/cart", 0), ("/", 2_000)),
        session(5),
    ]

    private func rows(_ kind: ReportQuestion.Kind, top: Int? = nil) throws -> [ReportRow] {
        var question = ReportQuestion(kind)
        question.rowsMax = top
        let answer = try answerOfAll(
            question, archived: [group(Array(Self.sessions[..<3]))],
            live: Array(Self.sessions[3...]))
        #expect(answer.total?.sessions == 5)
        return answer.rows.filter { $0.kind != .total }
    }

    @Test func `transitions are counted, and in how many sessions`() throws {
        let found = try rows(.transitions).map {
            "\($0.text) > \($0.nextText): \($0.figures.views) in \($0.figures.sessions)"
        }
        #expect(
            found == [
                "/ > /shoes: 3 in 2", "/cart > : 2 in 2", "/shoes > /cart: 2 in 2", "/ > : 1 in 1",
                "/cart > /: 1 in 1", "/shoes > : 1 in 1", "/shoes > /: 1 in 1",
            ])
        let top = try rows(.transitions, top: 2)
        #expect(top.map(\.kind) == [.part, .part, .rest])
        #expect(top[2].figures.views == 6)
    }

    @Test func `paths are a tree`() throws {
        let found = try rows(.paths(from: "/"))
        #expect(found.map(\.text) == ["/", "/shoes", "/", "/shoes", "/cart"])
        #expect(found.map(\.figures.sessions) == [2, 2, 1, 1, 1])
        // Row 0 is the total.
        #expect(found.map(\.parent) == [nil, 1, 2, 3, 4])
        #expect(try rows(.paths(from: "/nowhere")).isEmpty)
        #expect(
            try rows(.paths(from: "")).filter { $0.parent == nil }.map(\.text) == [
                "/", "/cart", "/shoes",
            ])
    }

    @Test func `a funnel counts steps in their order`() throws {
        func reached(_ steps: FunnelStep...) throws -> [[Int]] {
            try rows(.funnel(steps)).map {
                [$0.figures.sessions, Int($0.figures.medianMilliseconds)]
            }
        }
        let (home, shoes, cart) = (FunnelStep("/"), FunnelStep("/shoes"), FunnelStep("/cart"))
        // Of sessions 1 and 2; the lower of two medians.
        #expect(try reached(home, shoes, cart) == [[3, 1_000], [2, 5_000], [1, 0]])
        #expect(try reached(cart, home) == [[3, 2_000], [1, 0]])
        #expect(try reached(home, home) == [[3, 6_000], [1, 0]])
        #expect(
            try reached(FunnelStep("/s", isPrefix: true), FunnelStep("", isPrefix: true)) == [
                [3, 1_000], [2, 0],
            ])
        #expect(try reached(FunnelStep("/nowhere"), home) == [[0, 0], [0, 0]])
    }
}
