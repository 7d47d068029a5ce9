import SojournModel
import SojournService
import SojournTestKit
import SojournWire
import Testing

/// What a worker takes from routers, and from those who are none.
@Suite struct RouterRightsTests {
    private static let start = TestService.start

    private static func client(_ name: String, isRouter: Bool = false) -> Client {
        Client(name: name, rights: isRouter ? Rights() : .all, isRouter: isRouter)
    }

    private static let router = client("router-a", isRouter: true)
    private static let shop = Caller.client(client("shop"))
    private static let routedShop = Caller.routed("shop", by: router)

    private static func frame(_ visitor: String = "a", isPart: Bool) -> [UInt8] {
        assignFrame([TestEvent(visitor, start)], producer: 5, sequence: 9, isPart: isPart)
    }

    @Test func `parts are taken from routers alone`() throws {
        for (caller, code) in [
            (Caller.anyone, ErrorCode?.none), (Self.routedShop, nil),
            (.routed("shop", by: nil), nil), (Self.shop, .notPermitted), (.stranger, .notPermitted),
        ] {
            var service = TestService(at: Self.start)
            let reply = service.answer(Self.frame(isPart: true), from: caller).bytes
            #expect(try readError(reply)?.code == code, "\(caller)")
            #expect(try service.gauges()["batches_total"] == (code == nil ? 1 : 0))
        }
    }

    @Test func `parts of reports are for routers alone`() throws {
        var writer = ByteWriter()
        ReportRequest.encode(
            ReportQuestion(.summary),
            header: MessageHeader(operation: .report, isPart: true, property: PropertyID(1)),
            into: &writer)
        for (caller, code) in [
            // The core has no archive: whoever gets so far was let in.
            (Caller.anyone, ErrorCode.noArchive), (Self.routedShop, .noArchive),
            (Self.shop, .notPermitted),
        ] {
            var service = TestService(at: Self.start)
            #expect(try readError(service.answer(writer.array, from: caller).bytes)?.code == code)
        }
    }

    @Test func `a router fetches for its clients, and without read everywhere not for itself`()
        throws
    {
        var reader = Rights()
        reader.grant(.all, on: PropertyID(1))
        for (caller, code) in [
            // The router has looked at what its client may.
            (Self.routedShop, ErrorCode.noArchive), (.client(Self.router), .notPermitted),
            (
                .client(
                    Client(name: "r", rights: Rights(everywhere: .read), isRouter: true)),
                .noArchive
            ),
            (.client(Client(name: "r", rights: reader, isRouter: true)), .notPermitted),
        ] {
            var service = TestService(at: Self.start)
            let reply = service.answer(fetchFrame(property: PropertyID(1)), from: caller).bytes
            #expect(try readError(reply)?.code == code, "\(caller)")
        }
    }

    @Test func `for a client a router may read and write, and administer nothing`() throws {
        var service = TestService(at: Self.start)
        for (frame, code) in [
            (Self.frame(isPart: false), ErrorCode?.none), (lookupFrame(visitor: "a"), nil),
            (forgetFrame(visitor: "a"), .notPermitted),
        ] {
            #expect(try readError(service.answer(frame, from: Self.routedShop).bytes)?.code == code)
        }
        #expect(try service.gauges(from: Self.routedShop)["batches_total"] == nil)
    }

    @Test func `a router with admin on a property may erase there for a client, and nowhere else`()
        throws
    {
        var rights = Rights()
        rights.grant(.admin, on: PropertyID(1))
        let routed = Caller.routed("shop", by: Client(name: "r", rights: rights, isRouter: true))
        var service = TestService(at: Self.start) { configuration in
            var other = configuration.properties[0]
            other.id = PropertyID(2)
            configuration.properties.append(other)
        }
        for (property, code) in [(1, ErrorCode?.none), (2, .notPermitted)] {
            let frame = forgetFrame(visitor: "a", property: PropertyID(UInt32(property)))
            #expect(try readError(service.answer(frame, from: routed).bytes)?.code == code)
        }
    }

    @Test func `a router without a client has the rights of its own`() throws {
        var service = TestService(at: Self.start)
        let caller = Caller.client(Self.router)
        #expect(try readError(service.answer(helloFrame(), from: caller).bytes) == nil)
        for isPart in [false, true] {
            let reply = service.answer(Self.frame(isPart: isPart), from: caller).bytes
            #expect(try readError(reply)?.code == .unknownProperty)
        }
    }

    @Test func `a client's producers are the same through any router and without one`() throws {
        var service = TestService(at: Self.start)
        let frame = Self.frame(isPart: false)
        let first = service.answer(frame, from: Self.shop).bytes
        let routers = [Self.router, Self.client("router-b", isRouter: true)]
        for router in routers {
            #expect(service.answer(frame, from: .routed("shop", by: router)).bytes == first)
        }
        #expect(service.answer(frame, from: .routed("shop", by: nil)).bytes == first)
        let rival = service.answer(frame, from: .routed("rival", by: Self.router)).bytes
        #expect(try Assigned(rival).outcomes == [.extended])
        #expect(try service.gauges()["batches_total"] == 2)
        #expect(try service.gauges()["repeated_batches_total"] == 3)
    }

    @Test func `a router's client is told of a property that is not there what others are`() throws
    {
        var service = TestService(at: Self.start)
        let frame = assignFrame([TestEvent("a", Self.start)], property: PropertyID(77))
        let routed = try #require(
            try readError(service.answer(frame, from: Self.routedShop).bytes))
        let direct = try #require(try readError(service.answer(frame, from: Self.shop).bytes))
        #expect(routed.code == .unknownProperty && routed == direct)
    }
}
