import SojournModel
import SojournService
import SojournTestKit
import SojournWire
import Testing

@Suite struct AssignTests {
    private let start = TestService.start

    @Test func `three product pages and a basket are one session`() throws {
        var service = TestService()
        let assigned = try service.assign([
            TestEvent("anna", start, name: "/shoes/1"),
            TestEvent("anna", start + minute, name: "/shoes/2"),
            TestEvent("anna", start + 2 * minute, name: "/shoes/3"),
            TestEvent("anna", start + 3 * minute, .action, name: "add to basket"),
        ])
        #expect(assigned.sessions.count == 1)
        #expect(assigned.outcomes == [.new, .extended, .extended, .extended])
        #expect(assigned.positions == [1, 2, 3, 4])
    }

    @Test func `thirty quiet minutes later a second session begins`() throws {
        var service = TestService()
        let assigned = try service.assign([
            TestEvent("anna", start - 60 * minute, name: "/shoes/1"),
            TestEvent("anna", start - 59 * minute, name: "/shoes/2"),
            TestEvent("anna", start - 58 * minute, name: "/shoes/3"),
            TestEvent("anna", start - 57 * minute, .action, name: "add to basket"),
            TestEvent("anna", start - 27 * minute, .action, name: "open basket"),
            TestEvent("anna", start - 26 * minute, .action, name: "pay"),
        ])
        #expect(assigned.sessionIndexes == [0, 0, 0, 0, 1, 1])
        #expect(assigned.sessions.map(\.ordinal) == [1, 2])
        #expect(assigned.sessions[1].state.boundary == .idle)
    }

    @Test func `a reply repeats what identifies its request`() throws {
        var service = TestService()
        let frame = assignFrame(
            [TestEvent("a", start)], producer: 9, sequence: 4, correlation: 77, deadline: 500)
        let header = try Assigned(service.answer(frame).bytes).header
        let deployment = DeploymentID.derived(from: TestService.secret)
        #expect(
            header
                == MessageHeader(
                    operation: .assign, isReply: true, correlation: 77, producer: ProducerID(9),
                    sequence: 4, property: TestService.property, deploymentTag: deployment.tag))
    }

    @Test func `batches of two properties keep apart`() throws {
        let other = PropertyID(5)
        var service = TestService { configuration in
            configuration.properties.append(ServiceProperty(id: other, name: "app"))
        }
        let event = TestEvent("anna", start)
        let first = try Assigned(service.answer(assignFrame([event])).bytes)
        let second = try Assigned(service.answer(assignFrame([event], property: other)).bytes)
        #expect(first.sessions[0].id != second.sessions[0].id)
        #expect(second.outcomes == [.new])
    }

    @Test func `the same requests give the same replies`() throws {
        var replies: [[[UInt8]]] = []
        for _ in 0..<2 {
            var service = TestService()
            var own: [[UInt8]] = []
            for minute in 0..<50 {
                let time = TestService.start + Int64(minute * 7) * 60_000
                service.now = time
                let events = (0..<20).map {
                    TestEvent("v\($0 % 7)", time - Int64($0 * 90_000), name: "/\($0)")
                }
                own.append(service.answer(assignFrame(events, producer: 1, sequence: 1)).bytes)
                _ = service.core.tick(at: Moment(serverTime: time))
            }
            replies.append(own)
        }
        #expect(replies[0] == replies[1])
    }
}
