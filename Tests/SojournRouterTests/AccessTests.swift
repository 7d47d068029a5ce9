import SojournModel
import SojournRouter
import SojournService
import SojournTestKit
import SojournWire
import Testing

/// Who may do what through a router, and as whom it is done at the workers.
@Suite struct AccessTests {
    private static let start = TestCluster.start
    private static let (his, others) = (PropertyID(1), PropertyID(2))

    private static func client(
        _ right: Right, name: String = "shop", eventsPerSecond: Int? = nil
    ) -> Caller {
        var rights = Rights()
        rights.grant(right, on: his)
        return .client(Client(name: name, rights: rights, eventsPerSecond: eventsPerSecond))
    }

    private static func cluster() -> TestCluster { TestCluster { $0.ownName = "router" } }

    @Test(
        arguments: [SojournWire.Operation.assign, .lookup, .report, .fetch, .forget],
        UInt8(0)...7)
    func `a router refuses what a client has no right to`(
        operation: SojournWire.Operation, raw: UInt8
    ) throws {
        var cluster = Self.cluster()
        let right = Right(rawValue: raw)
        let needed: Right =
            switch operation {
            case .assign: .write
            case .forget: .admin
            default: .read
            }
        for property in [Self.his, Self.others] {
            let expected: ErrorCode? =
                if operation == .fetch {
                    // Rights on one property are not enough for what tells of all.
                    .notPermitted
                } else if property != Self.his || right.isEmpty {
                    .unknownProperty
                } else if !right.contains(needed) {
                    .notPermitted
                } else {
                    operation == .report ? .noArchive : nil
                }
            let refusal = try cluster.refusal(
                requestFrame(operation, at: Self.start, property: property),
                from: Self.client(right))
            #expect(refusal?.code == expected, "property \(property.rawValue)")
        }
        let wasAllowed = operation == .assign && right.contains(.write)
        #expect(cluster.workers.map(\.batches).reduce(0, +) == (wasAllowed ? 1 : 0))
    }

    @Test func `a property that no worker has looks like one of others`() throws {
        var cluster = Self.cluster()
        var rights = Rights()
        rights.grant(.all, on: Self.others)
        let caller = Caller.client(Client(name: "shop", rights: rights))
        let gone = try #require(
            try cluster.refusal(
                requestFrame(.assign, at: Self.start, property: Self.others), from: caller))
        let hidden = try #require(
            try cluster.refusal(
                requestFrame(.assign, at: Self.start, property: PropertyID(3)), from: caller))
        #expect(gone.code == .unknownProperty && hidden.code == .unknownProperty)
        #expect(gone.message.replacing("2", with: "3") == hidden.message)
    }

    @Test func `a stranger is told nothing, and nobody but a router sends parts`() throws {
        var cluster = Self.cluster()
        for operation in SojournWire.Operation.allCases where operation != .error {
            let refusal = try cluster.refusal(
                requestFrame(operation, at: Self.start, property: Self.his), from: .stranger)
            #expect(refusal?.code == .notPermitted)
        }
        let part = assignFrame([TestEvent("a", Self.start)], isPart: true)
        #expect(try cluster.refusal(part, from: Self.client(.all))?.code == .notPermitted)
        #expect(cluster.workers.map(\.batches) == [0, 0])
    }

    @Test func `status shows a client that the router is there, and an operator everything`() throws
    {
        var cluster = Self.cluster()
        #expect(
            try cluster.gauges(from: Self.client(.all)).keys.sorted()
                == ["draining", "uptime_milliseconds"])
        let overseer = Caller.client(Client(name: "operator", rights: Rights(everywhere: .admin)))
        #expect(try cluster.gauges(from: overseer).keys.sorted() == cluster.gauges().keys.sorted())
    }

    // MARK: As whom

    @Test func `a client is the same at the workers through any router, and another is not`() throws
    {
        var cluster = Self.cluster()
        let events = [
            TestEvent(TestVisitor.first, Self.start), TestEvent(TestVisitor.second, Self.start),
        ]
        let frame = assignFrame(events, producer: 5, sequence: 9)
        let first = try cluster.reply(frame, from: Self.client(.all))
        var other = TestCluster(workers: cluster.workers) { $0.ownName = "another" }
        #expect(try other.reply(frame, from: Self.client(.all)) == first)
        let rival = try other.reply(frame, from: Self.client(.all, name: "rival"))
        #expect(try Assigned(rival).outcomes == [.extended, .extended])
        #expect(try cluster.reply(frame, from: Self.client(.all, name: "rival")) == rival)
        for worker in cluster.workers { #expect(try SplitTests.batchesApplied(worker) == 2) }
    }

    @Test func `without CURVE a client has no name, and its number is its own`() throws {
        var cluster = TestCluster()
        cluster.workers[1].isStopped = true
        _ = cluster.send(assignFrame([TestEvent(TestVisitor.second, Self.start)]))
        #expect(cluster.workers[1].inbox.map(\.client) == [nil])
    }

    @Test func `a worker that does not take the router for one is not used`() throws {
        var cluster = TestCluster(isUp: false) { $0.ownName = "router" }
        cluster.workers[1].trustsRouter = false
        cluster.tick()
        let isTold = cluster.events.contains {
            if case .workerRefused(_, let reason) = $0 {
                reason.contains("not authorized")
            } else {
                false
            }
        }
        #expect(isTold)
        #expect(
            try cluster.refusal(
                requestFrame(.assign, at: Self.start, property: Self.his), from: Self.client(.all))?
                .code
                == .unavailable)

        // It was one, and is not any more: the client did nothing wrong.
        var trusted = Self.cluster()
        trusted.workers[1].trustsRouter = false
        let refusal = try #require(
            try trusted.refusal(
                requestFrame(.assign, at: Self.start, property: Self.his), from: Self.client(.all)))
        #expect(refusal.code == .unavailable && refusal.isRetriable)
        #expect(refusal.message.contains("tcp://worker1 does not take this router for one"))
    }

    // MARK: Limits

    @Test func `a client that sends more events than it may waits, and others do not`() throws {
        var cluster = Self.cluster()
        let slow = Self.client(.all, eventsPerSecond: 1)
        let fast = Self.client(.all, name: "fast")
        let frame = requestFrame(.assign, at: Self.start, property: Self.his)
        #expect(try cluster.refusal(frame, from: slow) == nil)
        let refusal = try #require(try cluster.refusal(frame, from: slow))
        #expect(refusal.code == .overloaded && refusal.retryAfterMilliseconds > 0)
        #expect(try cluster.refusal(frame, from: fast) == nil)
        cluster.wait(1_100)
        #expect(try cluster.refusal(frame, from: slow) == nil)
        #expect(try cluster.gauges()["rate_limited_batches_total"] == 1)
    }

    @Test func `want of room does not tell more than a refusal`() throws {
        var cluster = Self.cluster()
        let frame = requestFrame(.assign, at: Self.start, property: Self.his)
        for (caller, code) in [
            (Caller.anyone, ErrorCode.overloaded), (.stranger, .notPermitted),
            (Self.client(.read), .notPermitted), (Self.client([]), .unknownProperty),
            (Self.client(.write), .overloaded),
        ] {
            let id = cluster.send(frame, from: caller, hasRoom: false)
            #expect(try cluster.answers[id].flatMap(readError)?.code == code)
        }
        #expect(cluster.workers.map(\.batches) == [0, 0])
    }
}
