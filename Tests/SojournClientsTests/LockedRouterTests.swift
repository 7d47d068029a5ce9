import Foundation
import SojournTestKit
import Testing

/// Clients of two languages through a router with CURVE, to two workers with CURVE.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LockedRouterTests {
    @Test func `Swift and Python meet behind a router that encrypts`() throws {
        let cluster = try RouterCluster(
            routers: 2,
            clients: [.init("swift", "write: [1]"), .init("python", "write: [1]")])
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let clients = try [Language.swift, .python].enumerated().map { number, language in
            let keys = try [
                cluster.publicKey("router\(number)"), cluster.publicKey(language.rawValue),
                cluster.secretKey(language.rawValue),
            ]
            // The same producer: they are two all the same.
            return try ClientProcess(
                language, endpoint: cluster.router(number), producer: 7, sequence: 1,
                curveKeys: keys.joined(separator: " "))
        }
        // One visitor of each worker.
        var sessions: [String: Set<String>] = [:]
        for round in 0..<5 {
            for (number, client) in clients.enumerated() {
                let time = now + Int64(round * 1_000 + number)
                try client.send(
                    ["anna", "a"].map { TrafficEvent(event: TestEvent($0, time, name: "/")) })
                let answer = try client.answer()
                for (visitor, one) in zip(["anna", "a"], answer.assignments) {
                    sessions[visitor, default: []].insert(one.session ?? "-")
                    // Session, ordinal, position, outcome.
                    let position = one.line.split(separator: "\t")[2]
                    #expect(position == "\(round * 2 + number + 1)")
                }
            }
        }
        for client in clients { try client.finish() }
        #expect(sessions.values.allSatisfy { $0.count == 1 && !$0.contains("-") })
    }

    @Test(arguments: [Language.swift, .python])
    func `a client without a right is told so`(language: Language) throws {
        let cluster = try RouterCluster(clients: [.init("reader", "read: [1]")])
        let keys = try [
            cluster.publicKey("router0"), cluster.publicKey("reader"), cluster.secretKey("reader"),
        ]
        let client = try ClientProcess(
            language, endpoint: cluster.router(), producer: 7, sequence: 1,
            curveKeys: keys.joined(separator: " "))
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        try client.send([TrafficEvent(event: TestEvent("anna", now, name: "/"))])
        let error = #expect(throws: (any Error).self) { try client.answer() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("notPermitted"))
    }
}
