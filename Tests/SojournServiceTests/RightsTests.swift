import SojournModel
import SojournService
import SojournTestKit
import SojournWire
import Testing

/// Who may do what: every operation, every set of rights, every kind of property.
@Suite struct RightsTests {
    private static let start = TestService.start
    /// Configured, and this client's; configured, and not his; not configured.
    private static let (his, others, nobodys) = (PropertyID(1), PropertyID(2), PropertyID(3))

    private static func service() -> TestService {
        TestService(at: start) {
            $0.properties.append(ServiceProperty(id: others, name: "app", policy: .init()))
        }
    }

    private static func client(_ right: Right, name: String = "shop") -> Caller {
        var rights = Rights()
        rights.grant(right, on: his)
        // A right on what is not there is worth nothing.
        rights.grant(right, on: nobodys)
        return .client(Client(name: name, rights: rights))
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var operation: SojournWire.Operation
        var right: Right
        var property: PropertyID
        /// nil is an answer.
        var error: ErrorCode?
        var testDescription: String {
            "\(operation.name) of property \(property.rawValue) with rights \(right.rawValue)"
        }
    }

    /// Every operation x right x property.
    static let cases: [Case] = {
        var cases: [Case] = []
        for raw in UInt8(0)...7 {
            let right = Right(rawValue: raw)
            for (operation, needed) in [
                (SojournWire.Operation.assign, Right.write), (.lookup, .read), (.report, .read),
                (.forget, .admin),
            ] {
                for property in [his, others, nobodys] {
                    let error: ErrorCode? =
                        property != his || right.isEmpty
                        ? .unknownProperty
                        : !right.contains(needed)
                            // The core has no archive to ask.
                            ? .notPermitted : operation == .report ? .noArchive : nil
                    cases.append(
                        Case(operation: operation, right: right, property: property, error: error))
                }
            }
            // Rights on one property are not enough for what tells of all.
            cases.append(
                Case(operation: .fetch, right: right, property: his, error: .notPermitted))
            for operation in [SojournWire.Operation.hello, .status] {
                cases.append(Case(operation: operation, right: right, property: his, error: nil))
            }
        }
        return cases
    }()

    @Test(arguments: cases)
    func `a client gets what it has a right to`(row: Case) throws {
        var service = Self.service()
        let reply = service.answer(
            requestFrame(row.operation, at: Self.start, property: row.property),
            from: Self.client(row.right))
        #expect(reply.answer == .reply)
        #expect(try readError(reply.bytes)?.code == row.error)
        if row.error != nil {
            #expect(try service.gauges()["batches_total"] == 0)
        }
    }

    @Test(arguments: UInt8(0)...7)
    func `who may read everything may fetch`(raw: UInt8) throws {
        let right = Right(rawValue: raw)
        let caller = Caller.client(Client(name: "reader", rights: Rights(everywhere: right)))
        var service = Self.service()
        let reply = service.answer(fetchFrame(), from: caller).bytes
        // The core has no archive: whoever gets so far was let in.
        #expect(
            try readError(reply)?.code == (right.contains(.read) ? .noArchive : .notPermitted))
    }

    @Test(arguments: [SojournWire.Operation.assign, .lookup, .report, .forget])
    func `a property of others looks like one that is not there`(
        operation: SojournWire.Operation
    ) throws {
        var service = Self.service()
        _ = service.answer(requestFrame(.assign, at: Self.start, property: Self.others))
        for right in [Right.read, .write, .admin, .all] {
            let caller = Self.client(right)
            // The same bytes but for the number that the client asked about.
            var there = service.answer(
                requestFrame(operation, at: Self.start, property: Self.others), from: caller
            ).bytes
            var gone = service.answer(
                requestFrame(operation, at: Self.start, property: Self.nobodys), from: caller
            ).bytes
            for reply in [there, gone] {
                #expect(try readError(reply)?.message.contains("property") == true)
            }
            (there, gone) = (there.blank(), gone.blank())
            #expect(there == gone)
        }
    }

    @Test func `status shows what a client administers, and no more`() throws {
        var service = Self.service()
        _ = service.answer(requestFrame(.assign, at: Self.start, property: Self.his))
        let all = try service.gauges()
        #expect(all["property_1_texts"] != nil && all["property_2_texts"] != nil)
        for raw in UInt8(0)...7 {
            let right = Right(rawValue: raw)
            let seen = try service.gauges(from: Self.client(right))
            #expect(seen["uptime_milliseconds"] != nil && seen["batches_total"] == nil)
            #expect((seen["property_1_texts"] != nil) == right.contains(.admin))
            #expect(!seen.keys.contains { $0.hasPrefix("property_2") })
        }
        let overseer = Caller.client(Client(name: "operator", rights: Rights(everywhere: .admin)))
        #expect(try service.gauges(from: overseer).keys.sorted() == all.keys.sorted())
    }

    @Test(arguments: [SojournWire.Operation.assign, .lookup, .hello, .status])
    func `a stranger is told nothing`(operation: SojournWire.Operation) throws {
        var service = Self.service()
        var replies: Set<[UInt8]> = []
        for property in [Self.his, Self.others, Self.nobodys] {
            let bytes = service.answer(
                requestFrame(operation, at: Self.start, property: property), from: .stranger
            ).bytes
            #expect(try readError(bytes)?.code == .notPermitted)
            replies.insert(bytes.blank())
        }
        #expect(replies.count == 1)
        let garbage = service.answer([UInt8](repeating: 0, count: 80), from: .stranger)
        #expect(garbage.answer == .drop(.badMagic))
    }

    @Test func `want of room does not tell more than a refusal`() throws {
        let admission = Admission(ServiceConfiguration(secret: TestService.secret))
        var reply = ByteWriter()
        for (caller, code) in [
            (Caller.anyone, ErrorCode.overloaded), (.stranger, .notPermitted),
            (Self.client(.read), .notPermitted), (Self.client([]), .unknownProperty),
            (Self.client(.write), .overloaded),
        ] {
            let frame = requestFrame(.assign, at: Self.start, property: Self.his)
            let answer = admission.answerOverloaded(
                unsafe frame.span.bytes, from: caller, retryAfterMilliseconds: 9, into: &reply)
            #expect(answer.code == code)
        }
    }

    // MARK: Producers

    @Test func `producers of two clients are two, though they have the same number`() throws {
        var service = Self.service()
        let (shop, rival) = (Self.client(.all), Self.client(.all, name: "rival"))
        let frame = assignFrame([TestEvent("a", Self.start)], producer: 5, sequence: 9)
        let first = service.answer(frame, from: shop).bytes
        #expect(try header(first).producer == ProducerID(5))
        // The other client's same number is neither answered from memory nor refused.
        let other = service.answer(frame, from: rival).bytes
        #expect(try Assigned(other).outcomes == [.extended])
        let another = assignFrame([TestEvent("b", Self.start)], producer: 5, sequence: 10_000)
        let third = service.answer(another, from: .anyone).bytes
        #expect(try Assigned(third).outcomes == [.new])
        // Its own retry is answered the same, to the byte.
        let retries = [shop, rival].map { service.answer(frame, from: $0).bytes }
        #expect(retries == [first, other])
        #expect(try service.gauges()["repeated_batches_total"] == 2)
        #expect(try service.gauges()["producers"] == 3)
    }

    @Test func `what a client may not write any more is not answered from memory either`() throws {
        var service = Self.service()
        let frame = assignFrame([TestEvent("a", Self.start)], producer: 5, sequence: 9)
        _ = service.answer(frame, from: Self.client(.write))
        let bytes = service.answer(frame, from: Self.client(.read)).bytes
        #expect(try readError(bytes)?.code == .notPermitted)
    }

    // MARK: Rate

    @Test func `a client that sends too much waits, and others do not`() throws {
        var service = Self.service()
        let rights = Rights(everywhere: .all)
        let slow = Caller.client(Client(name: "slow", rights: rights, eventsPerSecond: 100))
        let fast = Caller.client(Client(name: "fast", rights: rights, eventsPerSecond: 100_000))
        let batch = (0..<80).map { TestEvent("visitor \($0)", Self.start) }
        let (first, plain) = (
            assignFrame(batch, producer: 1, sequence: 1), assignFrame(batch)
        )
        // A second's worth, and a debt of 60.
        #expect(try service.refusal(first, from: slow) == nil)
        #expect(try service.refusal(plain, from: slow) == nil)
        let error = try #require(try service.refusal(plain, from: slow))
        #expect(error.code == .overloaded && error.isRetriable)
        #expect(error.retryAfterMilliseconds == 601)
        // A retry is answered from memory, and costs nothing.
        #expect(try service.refusal(first, from: slow) == nil)
        for _ in 0..<9 {
            #expect(try service.refusal(plain, from: fast) == nil)
            #expect(try service.refusal(plain, from: .anyone) == nil)
        }
        service.now += 600
        #expect(try service.refusal(plain, from: slow)?.retryAfterMilliseconds == 1)
        service.now += 1
        #expect(try service.refusal(plain, from: slow) == nil)
        #expect(try service.gauges()["rate_limited_batches_total"] == 2)
        // However long it was quiet, there is a second's worth.
        service.now += 3_600_000
        #expect(try service.refusal(plain, from: slow) == nil)
        #expect(try service.refusal(plain, from: slow) == nil)
        #expect(try service.refusal(plain, from: slow) != nil)
        // A clock that is set back fills nothing.
        service.now -= 7_200_000
        #expect(try service.refusal(plain, from: slow) != nil)
        service.now += 1_000
        #expect(try service.refusal(plain, from: slow) == nil)
    }

    @Test func `accounts of clients that are gone are forgotten`() throws {
        var service = Self.service()
        let client = Client(name: "a", rights: .all, eventsPerSecond: 1)
        let frame = requestFrame(.assign, at: Self.start, property: Self.his)
        var errors: [ErrorReply?] = []
        for round in 0..<4 {
            if round == 3 { service.core.follow(ClientDirectory()) }
            errors.append(try readError(service.answer(frame, from: .client(client)).bytes))
        }
        #expect(errors.map { $0 == nil } == [true, false, false, true])
    }

    // MARK: Shares of the queue

    @Test func `nobody has more of the queue than his share`() {
        var shares = QueueShares(messagesMax: 2, bytesMax: 100)
        let (a, b) = (QueueShares.Owner.client("a"), QueueShares.Owner.connection(1))
        // The first finds room whatever its size.
        let answers = [(a, 500), (a, 1), (b, 50), (b, 51), (b, 50), (b, 0)].map {
            shares.admit($0, bytes: $1)
        }
        #expect(answers == [true, false, true, false, true, false])
        #expect(shares.refusals == 3)
        shares.release(b, bytes: 50)
        _ = shares.admit(b, bytes: 1)
        shares.release(a, bytes: 500)
        shares.release(b, bytes: 1)
        shares.release(b, bytes: 50)
        #expect(shares.count == 0)
    }
}

extension TestService {
    mutating func answer(
        _ frame: [UInt8], from caller: Caller
    ) -> (answer: Answer, bytes: [UInt8]) {
        var reply = ByteWriter()
        // Bytes have no invalid patterns.
        let answer = core.answer(
            unsafe frame.span.bytes, from: caller, at: Moment(serverTime: now), into: &reply)
        return (answer, answer == .reply ? reply.array : [])
    }

    mutating func refusal(_ frame: [UInt8], from caller: Caller) throws -> ErrorReply? {
        try readError(answer(frame, from: caller).bytes)
    }

    mutating func gauges(from caller: Caller) throws -> [String: Int64] {
        let bytes = answer(statusFrame(), from: caller).bytes
        _ = try open(bytes, .status)
        let status = try StatusReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
        return Dictionary(uniqueKeysWithValues: status.gauges.map { ($0.name, $0.value) })
    }
}

private func header(_ bytes: [UInt8]) throws -> MessageHeader {
    try Frame.open(unsafe bytes.span.bytes, role: .client)
}

extension [UInt8] {
    /// Without the property that the header and the sentence name, and the checksums that follow from it.
    fileprivate func blank() -> [UInt8] {
        var bytes = self
        for offset in [36, 52, 60] { bytes.put(0 as UInt32, at: offset) }
        return bytes.map { (UInt8(ascii: "1")...UInt8(ascii: "3")).contains($0) ? 0 : $0 }
    }
}
