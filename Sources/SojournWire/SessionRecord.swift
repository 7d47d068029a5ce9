import SojournModel

/// One record of the column `sessions` (sojourn-1, "LOOKUP"), before its texts are looked up.
///
///      0 | session id      | 16 |
///     16 | first event     | 8 |
///     24 | last event      | 8 |
///     32 | value           | 8 |
///     40 | engaged         | 8 |
///     48 | ordinal         | 4 |
///     52 | events          | 4 |
///     56 | views           | 4 |
///     60 | actions         | 4 |
///     64 | conversions     | 4 |
///     68 | state           | 1 |
///     69 | boundary out    | 1 |
///     70 | reserved        | 2 |
///     72 | context         | 32 |
///    104 | landing page    | 4 |
///    108 | exit page       | 4 |
///    112 | path start      | 4 |
///    116 | path length     | 4 |
///    120 | finishes        | 8 |
enum SessionRecord {
    static var byteCount: Int { 128 }
    /// A record of the column `path`: milliseconds after the first event (4), text plus one (4).
    static var pathStepByteCount: Int { 8 }
    /// Boundary out of a session that has not ended.
    static var notEnded: UInt8 { 255 }

    static func write(
        _ session: SessionSnapshot, pathStart: Int, texts: inout ByteTable,
        to writer: inout ByteWriter, at start: Int
    ) {
        writer.set(session.id.bits.high.byteSwapped, at: start)
        writer.set(session.id.bits.low.byteSwapped, at: start + 8)
        writer.set(session.firstEvent, at: start + 16)
        writer.set(session.lastEvent, at: start + 24)
        writer.set(session.value, at: start + 32)
        writer.set(session.engagedMilliseconds, at: start + 40)
        writer.set(session.ordinal, at: start + 48)
        writer.set(session.events, at: start + 52)
        writer.set(session.views, at: start + 56)
        writer.set(session.actions, at: start + 60)
        writer.set(session.conversions, at: start + 64)
        writer.set(session.state.rawValue, at: start + 68)
        writer.set(session.boundaryOut?.rawValue ?? notEnded, at: start + 69)
        writer.set(0 as UInt16, at: start + 70)
        for attribute in ContextAttribute.allCases {
            let text =
                attribute.rawValue < session.context.count
                ? session.context[attribute.rawValue] : ""
            writer.set(texts.reference(text), at: start + 72 + attribute.rawValue * 4)
        }
        writer.set(texts.reference(session.landingPage), at: start + 104)
        writer.set(texts.reference(session.exitPage), at: start + 108)
        writer.set(UInt32(pathStart), at: start + 112)
        writer.set(UInt32(session.path.count), at: start + 116)
        writer.set(session.finishesAt, at: start + 120)
    }

    static func checkReserved(_ body: RawSpan, at start: Int) throws(WireError) {
        try body.reserved((start + 70)..<(start + 72))
    }

    /// Code 49: state and boundary mean something.
    static func checkCodes(_ body: RawSpan, at start: Int, _ row: Int) throws(WireError) {
        let state = SessionState(rawValue: body.integer(at: start + 68))
        let out = body.integer(at: start + 69, as: UInt8.self)
        let isOutKnown = out == notEnded || Boundary(rawValue: out) != nil
        guard state.boundary != nil, isOutKnown else {
            let isState = state.boundary == nil
            throw WireError(
                .badKind, inBodyAt: start + (isState ? 68 : 69), column: Column.sessions.rawValue,
                row: row, found: Int(isState ? state.rawValue : out))
        }
    }

    /// Code 50: the ten texts are there.
    static func checkTexts(
        _ body: RawSpan, at start: Int, _ row: Int, count: Int
    ) throws(WireError) {
        for offset in stride(from: start + 72, to: start + 112, by: 4) {
            let reference = Int(body.integer(at: offset, as: UInt32.self))
            guard reference <= count else {
                throw WireError(
                    .indexOutOfRange, inBodyAt: offset, column: Column.sessions.rawValue,
                    row: row, found: reference - 1, bound: count)
            }
        }
    }

    /// Which records of the column `path` are the session's.
    static func path(_ body: RawSpan, at start: Int) -> Range<Int> {
        let first = Int(body.integer(at: start + 112, as: UInt32.self))
        return first..<(first + Int(body.integer(at: start + 116, as: UInt32.self)))
    }

    /// Reads a record that was checked.
    ///
    /// - Parameters:
    ///   - path: of all sessions.
    ///   - text: gives a text by its index plus one.
    static func read(
        _ body: RawSpan, at start: Int, path: [SessionSnapshot.PathStep],
        text: (UInt32) -> String
    ) -> SessionSnapshot {
        SessionSnapshot(
            id: SessionID(body.bits128(at: start)), ordinal: body.integer(at: start + 48),
            firstEvent: body.integer(at: start + 16), lastEvent: body.integer(at: start + 24),
            events: body.integer(at: start + 52), views: body.integer(at: start + 56),
            actions: body.integer(at: start + 60), conversions: body.integer(at: start + 64),
            value: body.integer(at: start + 32),
            engagedMilliseconds: body.integer(at: start + 40),
            state: SessionState(rawValue: body.integer(at: start + 68)),
            boundaryOut: Boundary(rawValue: body.integer(at: start + 69)),
            context: ContextAttribute.allCases.map {
                text(body.integer(at: start + 72 + $0.rawValue * 4))
            },
            landingPage: text(body.integer(at: start + 104)),
            exitPage: text(body.integer(at: start + 108)),
            path: Array(path[Self.path(body, at: start)]), finishesAt: body.integer(at: start + 120)
        )
    }
}
