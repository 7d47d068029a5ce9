import SojournModel
import SojournRouter
import SojournService
import SojournTestKit
import SojournWire
import Testing

/// FETCH: the worker that has the partition answers from its order.
@Suite struct FetchTests {
    private static func cluster(
        _ change: (inout RouterConfiguration) -> Void = { _ in }
    ) -> TestCluster {
        let cluster = TestCluster(["0-31/64", "32-63/64"], change)
        cluster.workers[0].finished = 7
        cluster.workers[1].finished = 9
        return cluster
    }

    private func reply(_ bytes: [UInt8]?) throws -> FetchReply {
        let bytes = bytes ?? []
        let header = try open(bytes, .fetch)
        #expect(header.correlation == 77)
        return try FetchReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
    }

    @Test(arguments: [(0, 0), (17, 0), (31, 0), (32, 1), (63, 1)] as [(UInt16, Int)])
    func `a request goes to the worker that has the partition, as it is`(
        partition: UInt16, worker: Int
    ) throws {
        var cluster = Self.cluster()
        let request = FetchRequest(
            of: partition, after: FeedPlace(position: 5, index: 3), entriesMax: 11)
        let frame = fetchFrame(
            of: partition, after: request.place, entriesMax: request.entriesMax, correlation: 77)
        let reply = try reply(cluster.ask(frame))
        #expect(cluster.workers[worker].fetches.map(\.request) == [request])
        #expect(cluster.workers[1 - worker].fetches.isEmpty)
        #expect(reply.place.position == (worker == 0 ? 7 : 9))
        #expect(reply.firstPartition == UInt16(32 * worker))
        #expect(reply.lastPartition == UInt16(32 * worker + 31))
        #expect(cluster.router.requestsInFlight == 0)
    }

    @Test func `a partition that there is not is refused by a worker`() throws {
        var cluster = Self.cluster()
        for partition in [UInt16(64), 4_095, .max] {
            let refusal = try #require(try cluster.refusal(fetchFrame(of: partition)))
            #expect(refusal.code == .notOwner && refusal.offset == 68 && !refusal.isRetriable)
            #expect(refusal.message.contains("64 partitions"))
            #expect(refusal.message.contains("no partition \(partition)"))
        }
        // And by a worker without an archive as everything is.
        var other = TestCluster()
        #expect(try other.refusal(fetchFrame(of: 64))?.code == .noArchive)
    }

    @Test func `a worker without an archive says so, and one that finds fault with a request`()
        throws
    {
        var cluster = TestCluster()
        #expect(try cluster.refusal(fetchFrame(of: 40))?.code == .noArchive)
        #expect(cluster.workers[1].fetches.count == 1)
        // Its body is cut; the core of a worker looks at it no further.
        #expect(
            try cluster.refusal(emptyFrame(.fetch, property: PropertyID(0)))?.code == .noArchive)
    }

    @Test func `a worker that is away costs its own partitions, and no others`() throws {
        var cluster = Self.cluster()
        cluster.workers[1].isConnected = false
        for partition in [UInt16(32), 63] {
            let refusal = try #require(try cluster.refusal(fetchFrame(of: partition)))
            #expect(refusal.code == .unavailable && refusal.isRetriable)
            #expect(refusal.message.contains("tcp://worker1"))
        }
        #expect(try reply(cluster.ask(fetchFrame(correlation: 77))).place.position == 7)
        cluster.workers[1].isConnected = true
        cluster.wait(300)
        #expect(try reply(cluster.ask(fetchFrame(of: 32, correlation: 77))).place.position == 9)
    }

    @Test func `before all workers are known nobody is asked`() throws {
        var cluster = TestCluster(isUp: false)
        cluster.workers[1].isConnected = false
        cluster.tick()
        let refusal = try #require(try cluster.refusal(fetchFrame()))
        #expect(refusal.code == .unavailable && refusal.isRetriable)
        #expect(cluster.workers[0].fetches.isEmpty)
    }

    @Test func `a worker that works long is not asked again, but where the connection was lost`()
        throws
    {
        var cluster = Self.cluster { $0.limits.silenceMilliseconds = 60_000 }
        cluster.workers[1].isStopped = true
        let id = cluster.send(fetchFrame(of: 32, correlation: 77))
        cluster.wait(10_000)
        #expect(cluster.workers[1].inbox.count { $0.frame[5] == 7 } == 1)
        cluster.workers[1].isStopped = false
        cluster.run()
        #expect(try reply(cluster.answers[id]).place.position == 9)

        var other = Self.cluster()
        other.workers[1].losesReplies = 1
        let lost = other.send(fetchFrame(of: 32, correlation: 77))
        other.run()
        #expect(other.answers[lost] == nil)
        // It owes an answer and is silent: it is greeted anew, and asked again.
        other.workers[1].isStopped = true
        other.wait(2_500)
        other.workers[1].isStopped = false
        other.wait(1_000)
        #expect(try reply(other.answers[lost]).place.position == 9)
    }

    // MARK: Rights

    @Test(arguments: UInt8(0)...7)
    func `who may read everything may fetch, and nobody else`(raw: UInt8) throws {
        let right = Right(rawValue: raw)
        var one = Rights()
        one.grant(.all, on: PropertyID(1))
        one.everywhere = right
        let caller = Caller.client(Client(name: "shop", rights: one))
        for partition in [UInt16(0), 32, 64] {
            var cluster = Self.cluster { $0.ownName = "router" }
            let refusal = try cluster.refusal(
                fetchFrame(of: partition, property: PropertyID(1)), from: caller)
            let isAllowed = right.contains(.read)
            #expect(
                refusal?.code == (isAllowed ? partition == 64 ? .notOwner : nil : .notPermitted))
            // And is asked for by his name.
            let asked = cluster.workers.flatMap(\.fetches).map(\.client)
            #expect(asked == (isAllowed ? ["shop"] : []))
        }
    }

    @Test func `a worker that does not take the router for one is as good as away`() throws {
        var cluster = Self.cluster { $0.ownName = "router" }
        cluster.workers[1].finished = nil
        cluster.workers[1].trustsRouter = false
        let reader = Caller.client(Client(name: "shop", rights: Rights(everywhere: .read)))
        let refusal = try #require(try cluster.refusal(fetchFrame(of: 32), from: reader))
        #expect(refusal.code == .unavailable && refusal.isRetriable)
    }
}
