import SojournModel
import Testing

@testable import SojournWire

@Suite struct AssignReplyTests {
    private func frame(_ result: borrowing BatchResult) -> TestFrame {
        var writer = ByteWriter()
        AssignReply.encode(result, header: Samples.header(.assign, isReply: true), into: &writer)
        return TestFrame(writer)
    }

    /// Compares what a client reads with what a server wrote.
    private func check(_ result: borrowing BatchResult) throws {
        let frame = frame(result)
        let span = unsafe frame.bytes.span.bytes
        let header = try Frame.open(span, role: .client)
        #expect(header == Samples.header(.assign, isReply: true))
        let view = try AssignReplyView.decode(body: Frame.body(of: span))
        var isEqual = view.clock == result.clock && view.eventCount == result.eventCount
        for row in 0..<view.sessionCount {
            isEqual = isEqual && view.session(row) == result.sessions[row]
        }
        for event in 0..<view.eventCount {
            let session = (view.sessionIndex(event: event) ?? -1) + 1
            isEqual = isEqual && session == Int(result.eventSessions[event])
            isEqual = isEqual && view.position(event: event) == Int(result.positions[event])
            isEqual = isEqual && view.outcome(event: event).rawValue == result.outcomes[event]
        }
        for row in 0..<view.revisionCount {
            isEqual = isEqual && view.revision(row) == result.revisions[row]
        }
        let (sessions, revisions) = (view.sessionCount, view.revisionCount)
        #expect(sessions == result.sessions.count)
        #expect(revisions == result.revisions.count)
        #expect(isEqual)
    }

    @Test func `a reply reads as it was written`() throws { try check(Samples.result) }

    @Test func `a reply without sessions reads as it was written`() throws {
        var result = BatchResult()
        result.eventSessions.append(0)
        result.positions.append(0)
        result.outcomes.append(Outcome.rejectedNoSession.rawValue)
        result.clock = .min
        try check(result)
    }

    static let widths: [(Int64, Int, Int)] = [
        (0, 0, 1), (1, 1, 1), (255, 1, 1), (256, 2, 2), (65_535, 2, 2), (65_536, 4, 4),
        (Int64(UInt32.max), 4, 4), (Int64(1) << 41, 8, 4),
    ]

    @Test(arguments: widths)
    func `columns are as narrow as their largest element`(
        largest: Int64, shiftWidth: Int, width: Int
    ) throws {
        var result = BatchResult()
        let id = SessionID(milliseconds: 1 << 42, a: 1, b: 2)
        let number = UInt32(clamping: largest)
        result.sessions.append(
            SessionRow(
                id: id, start: id.milliseconds - largest, ordinal: number,
                state: SessionState(boundary: .first)))
        result.sessions.append(
            SessionRow(
                id: id, start: id.milliseconds, ordinal: 0, state: SessionState(boundary: .idle)))
        for _ in 0..<2 {
            result.eventSessions.append(2)
            result.positions.append(number)
            result.outcomes.append(0)
        }
        try check(result)
        let frame = frame(result)
        #expect(frame.width(.ordinal, fixedBytes: 24) == width)
        #expect(frame.width(.position, fixedBytes: 24) == width)
        if largest == 0 {
            #expect(frame[68, as: UInt16.self] == 6)
        } else {
            #expect(frame.width(.sessionShift, fixedBytes: 24) == shiftWidth)
        }
    }

    @Test func `65,535 events in 65,535 sessions come back`() throws {
        var result = BatchResult()
        for row in 0..<65_535 {
            result.sessions.append(
                SessionRow(
                    id: SessionID(milliseconds: Int64(row), a: 0, b: UInt64(row)),
                    start: Int64(row),
                    ordinal: 1, state: SessionState(boundary: .first)))
            result.eventSessions.append(UInt32(65_535 - row))
            result.positions.append(1)
            result.outcomes.append(0)
        }
        try check(result)
        #expect(frame(result).width(.session, fixedBytes: 24) == 2)
    }

    struct Fault: Sendable {
        var name: String
        var damage: @Sendable (inout TestFrame) -> Void
        var code: ErrorCode
        var offset: @Sendable (TestFrame) -> Int?
    }

    static let faults: [Fault] = [
        Fault(
            name: "fixed part", damage: { $0.bytes.removeLast($0.bytes.count - 87) },
            code: .truncatedBody, offset: { _ in 87 }),
        Fault(
            name: "sessions", damage: { $0[72, as: UInt32.self] = 4 }, code: .badElementCount,
            offset: { $0.descriptor(.sessionID, fixedBytes: 24) + 4 }),
        Fault(
            name: "events", damage: { $0[64, as: UInt32.self] = .max }, code: .badElementCount,
            offset: { $0.descriptor(.session, fixedBytes: 24) + 4 }),
        Fault(
            name: "record",
            damage: { $0.bytes[$0.descriptor(.sessionID, fixedBytes: 24) + 2] = 15 },
            code: .badColumnWidth, offset: { $0.descriptor(.sessionID, fixedBytes: 24) + 1 }),
        Fault(
            name: "index", damage: { $0.bytes[$0.start(.session, fixedBytes: 24) + 2] = 6 },
            code: .indexOutOfRange, offset: { $0.start(.session, fixedBytes: 24) + 2 }),
        Fault(
            name: "outcome", damage: { $0.bytes[$0.start(.outcome, fixedBytes: 24) + 2] = 6 },
            code: .badKind, offset: { $0.start(.outcome, fixedBytes: 24) + 2 }),
        Fault(
            name: "boundary", damage: { $0.bytes[$0.start(.sessionState, fixedBytes: 24)] = 7 },
            code: .badKind, offset: { $0.start(.sessionState, fixedBytes: 24) }),
        Fault(
            name: "cause", damage: { $0.bytes[$0.start(.revisionCause, fixedBytes: 24) + 1] = 2 },
            code: .badKind, offset: { $0.start(.revisionCause, fixedBytes: 24) + 1 }),
        Fault(
            name: "shift before the epoch",
            damage: {
                let id = $0.start(.sessionID, fixedBytes: 24) + 16
                for byte in 0..<6 { $0.bytes[id + byte] = 0 }
            }, code: .timeOutOfRange, offset: { $0.start(.sessionShift, fixedBytes: 24) + 2 }),
        Fault(
            name: "revisions", damage: { $0[76, as: UInt32.self] = 0 }, code: .badElementCount,
            offset: { $0.descriptor(.revisionNumber, fixedBytes: 24) + 4 }),
    ]

    @Test(arguments: faults.indices) func `a bad reply is refused`(index: Int) throws {
        let fault = Self.faults[index]
        var frame = frame(Samples.result)
        fault.damage(&frame)
        frame.seal()
        let found = frame.fault(.client)
        #expect(found?.code == fault.code, "\(fault.name): \(String(describing: found))")
        #expect(found?.offset == fault.offset(frame), "\(fault.name)")
    }
}
