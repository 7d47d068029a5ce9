import SojournModel
import SojournWire
import Testing

@testable import SojournClient

/// The decisions of a client, without a socket, a thread or a clock.
@Suite struct DispatcherTests {
    private static let start = ContinuousClock.now

    private static func greeted(
        credit: Int = 4, endpoints: [String] = ["one", "two"], attempts: Int = 3
    ) -> Dispatcher {
        var options = SojournClient.Options()
        options.attempts = attempts
        var dispatcher = Dispatcher(
            endpoints: endpoints, options: options, producer: ProducerID(5), now: start)
        _ = dispatcher.greeted(hello(credit: credit), now: start)
        dispatcher.actions = []
        return dispatcher
    }

    private static func hello(credit: Int) -> HelloReply {
        HelloReply(
            deployment: DeploymentID(Bits128(high: 1, low: 2)), serverTime: 0, credit: credit,
            partitions: .whole, serverName: "", serverVersion: "")
    }

    private static func refusal(_ code: ErrorCode, retryAfter: UInt32 = 0) -> ErrorReply {
        ErrorReply(code: code, retryAfterMilliseconds: retryAfter, message: "no.")
    }

    @Test func `requests go out in order, as many as the credit allows`() {
        var dispatcher = Self.greeted(credit: 2)
        for id in 1...3 as ClosedRange<UInt64> {
            dispatcher.submit(id, .assign, deadline: Self.start + .seconds(9))
        }
        let first = dispatcher.nextToSend(now: Self.start)
        #expect(first?.id == 1)
        #expect(first?.stamp == Stamp(producer: ProducerID(5), sequence: 1))
        #expect(dispatcher.nextToSend(now: Self.start)?.stamp?.sequence == 2)
        let none = dispatcher.nextToSend(now: Self.start)
        #expect(none == nil)
        let delivery = dispatcher.answered(1, .assign)
        #expect(delivery == .deliver)
        #expect(dispatcher.nextToSend(now: Self.start)?.id == 3)
    }

    @Test func `a refusal makes everything wait, and what was refused goes first`() {
        var dispatcher = Self.greeted(credit: 1)
        for id in 1...2 as ClosedRange<UInt64> {
            dispatcher.submit(id, .assign, deadline: Self.start + .seconds(9))
        }
        _ = dispatcher.nextToSend(now: Self.start)
        _ = dispatcher.refused(1, Self.refusal(.overloaded, retryAfter: 100), now: Self.start)
        let early = dispatcher.nextToSend(now: Self.start + .milliseconds(99))
        #expect(early == nil)
        #expect(dispatcher.nextTimer == Self.start + .milliseconds(100))
        let next = dispatcher.nextToSend(now: Self.start + .milliseconds(100))
        #expect(next?.id == 1)
        #expect(next?.stamp == nil)
    }

    @Test func `servers that are all about to stop are not asked without a pause`() {
        var dispatcher = Self.greeted(credit: 1)
        dispatcher.submit(1, .assign, deadline: Self.start + .seconds(9))
        var now = Self.start
        var sends = 0
        while dispatcher.requests[1] != nil {
            if dispatcher.link.isGreeting {
                _ = dispatcher.greeted(Self.hello(credit: 1), now: now)
            }
            if dispatcher.nextToSend(now: now) != nil {
                sends += 1
                _ = dispatcher.refused(1, Self.refusal(.draining), now: now)
            } else {
                now = dispatcher.nextTimer ?? now + .seconds(1)
                dispatcher.tick(now: now)
            }
        }
        #expect(sends > 2)
        #expect(sends < 40)
    }

    @Test func `a batch without an answer goes to the next endpoint`() {
        var dispatcher = Self.greeted()
        dispatcher.submit(1, .assign, deadline: Self.start + .seconds(99))
        _ = dispatcher.nextToSend(now: Self.start)
        dispatcher.tick(now: Self.start + .seconds(4))
        #expect(dispatcher.actions.isEmpty)
        dispatcher.tick(now: Self.start + .seconds(5))
        guard case .connect(endpoint: 1)? = dispatcher.actions.first else {
            Issue.record("\(dispatcher.actions)")
            return
        }
        #expect(dispatcher.toSendAgain == 1)
    }

    @Test func `numbers stay within the window of the server`() {
        var dispatcher = Self.greeted(credit: 64)
        let far = Self.start + .seconds(999)
        dispatcher.producerWindow = 8
        for id in 1...40 as ClosedRange<UInt64> { dispatcher.submit(id, .assign, deadline: far) }
        var sent: [UInt64] = []
        while let next = dispatcher.nextToSend(now: Self.start) { sent.append(next.id) }
        // The first is not settled: the ninth must wait.
        #expect(sent == Array(1...8))
        for id in 2...8 as ClosedRange<UInt64> { _ = dispatcher.answered(id, .assign) }
        let blocked = dispatcher.nextToSend(now: Self.start)
        #expect(blocked == nil)
        _ = dispatcher.answered(1, .assign)
        #expect(dispatcher.nextToSend(now: Self.start)?.stamp?.sequence == 9)
    }

    /// Sends batches that are all refused, and returns who numbered them and how.
    private static func stamps(ofRefused count: UInt64, producer: UInt64?) -> [Stamp] {
        var options = SojournClient.Options()
        options.producer = producer
        options.firstSequence = 100
        var dispatcher = Dispatcher(
            endpoints: ["one"], options: options, producer: ProducerID(5), now: start)
        _ = dispatcher.greeted(hello(credit: 4), now: start)
        dispatcher.producerWindow = 8
        return (1...count).compactMap { id in
            dispatcher.submit(id, .assign, deadline: start + .seconds(9))
            let stamp = dispatcher.nextToSend(now: start)?.stamp
            _ = dispatcher.refused(id, refusal(.unknownProperty), now: start)
            return stamp
        }
    }

    @Test func `a random producer is left before refused batches carry its numbers too far`() {
        let stamps = Self.stamps(ofRefused: 9, producer: nil)
        #expect(stamps.prefix(8).map(\.sequence) == Array(100...107))
        #expect(stamps.prefix(8).allSatisfy { $0.producer == ProducerID(5) })
        #expect(stamps[8].producer != ProducerID(5))
        #expect(stamps[8].sequence == 1)
    }

    @Test func `a producer that the program chose is kept, and the server says what it thinks`() {
        let stamps = Self.stamps(ofRefused: 20, producer: 5)
        #expect(stamps.map(\.sequence) == Array(100...119))
        #expect(stamps.allSatisfy { $0.producer == ProducerID(5) })
    }

    /// Plays a server and a network that do their worst, and checks what must hold at every step.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `whatever happens, each request ends once and is numbered once`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var now = Self.start
        var dispatcher = Self.greeted(
            credit: 1 + random.number(below: 8), attempts: 1 + random.number(below: 4))
        dispatcher.producerWindow = UInt64(8 + random.number(below: 120))
        var network: [UInt64: Int] = [:]  // sends that are not answered, by request
        var stamps: [UInt64: Stamp] = [:]
        var ended: Set<UInt64> = []
        var last: UInt64 = 0

        func end(_ id: UInt64) {
            #expect(ended.insert(id).inserted, "request \(id) ended twice, seed \(seed)")
        }
        func carryOut() {
            for action in dispatcher.actions {
                switch action {
                case .connect, .disconnect: network = [:]
                case .fail(let id, _): end(id)
                case .welcome, .giveUp: Issue.record("after the greeting, seed \(seed)")
                }
            }
            dispatcher.actions = []
        }

        for step in 0..<600 {
            // After a while nothing new comes, and all must end.
            let isEnding = step > 400
            switch random.number(below: isEnding ? 8 : 10) {
            case 0: now += .milliseconds(random.number(below: 3_000))
            case 1: dispatcher.linkLost(now: now)
            case 2, 3:
                if dispatcher.link.isGreeting {
                    if random.number(below: 3) == 0 {
                        dispatcher.greetingRefused(Self.refusal(.draining), now: now)
                    } else {
                        _ = dispatcher.greeted(
                            Self.hello(credit: 1 + random.number(below: 8)), now: now)
                        dispatcher.producerWindow = 16
                    }
                }
            case 4, 5:
                if let id = network.keys.sorted().randomElement(using: &random) {
                    network[id] = nil
                    if dispatcher.answered(id, .assign) == .deliver { end(id) }
                }
            case 6:
                if let id = network.keys.sorted().randomElement(using: &random) {
                    network[id] = nil
                    let code: ErrorCode =
                        [.overloaded, .draining, .internal, .unknownProperty][
                            random.number(below: 4)]
                    _ = dispatcher.refused(id, Self.refusal(code), now: now)
                }
            case 7:
                if random.number(below: 4) == 0, last > 0 {
                    let id = 1 + UInt64(random.number(below: Int(last)))
                    if !ended.contains(id), dispatcher.requests[id]?.isAbandoned == false {
                        dispatcher.abandon(id)
                        end(id)
                    }
                }
            default:
                last += 1
                dispatcher.submit(
                    last, .assign, deadline: now + .milliseconds(1 + random.number(below: 20_000)))
            }
            dispatcher.tick(now: now)
            carryOut()
            while let next = dispatcher.nextToSend(now: now) {
                if random.number(below: 10) == 0 {
                    if let stamp = next.stamp { stamps[next.id] = stamp }
                    dispatcher.couldNotSend(next.id)
                    break
                }
                if let stamp = next.stamp {
                    #expect(stamps[next.id] == nil, "numbered twice, seed \(seed)")
                    #expect(!stamps.values.contains(stamp), "a number given twice, seed \(seed)")
                    stamps[next.id] = stamp
                }
                #expect(stamps[next.id] != nil, "sent without a number, seed \(seed)")
                network[next.id, default: 0] += 1
            }
            #expect(dispatcher.inFlight <= 8, "seed \(seed)")
            if let timer = dispatcher.nextTimer { #expect(timer > now - .seconds(60)) }
        }
        dispatcher.close()
        carryOut()
        #expect(ended == Set(1...max(1, last)).filter { $0 <= last }, "seed \(seed)")
        #expect(dispatcher.requests.isEmpty)
        #expect(dispatcher.inFlight == 0)
        #expect(dispatcher.toSendAgain == 0)
    }
}

extension SplitMix64 {
    fileprivate mutating func number(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
