/// What the bytes of a segment hold, found by reading it from its first record on. Behind the records may
/// stand what the file held before, which has another salt.
///
/// Pure: it decides what is torn, what is damaged and what is whole, and touches no file.
struct SegmentScan {
    /// The last whole record; the one before the segment's first when there is none.
    private(set) var last: JournalPosition
    private(set) var recordCount = 0
    /// Where the last whole record ends.
    private(set) var end = FileHeader.byteCount
    /// Every record up to here was on disk: what the records say, and that the segment was made.
    private(set) var durable: JournalPosition
    private(set) var verdict = Verdict.whole
    private let salt: SegmentSalt

    enum Verdict: Equatable {
        case whole
        /// Behind the last whole record there is the end of a group that was never known to be on disk.
        case torn
        /// Records were there from `end` on, and cannot be read.
        case damaged(RecordFault)
    }

    /// - Parameters:
    ///   - bytes: the segment, whose header is right.
    ///   - salt: of its header.
    ///   - first: the position in its header.
    ///   - successor: the first position of the next segment, which takes over there; nil for the
    ///     last segment.
    init(
        _ bytes: RawSpan, _ salt: SegmentSalt, first: JournalPosition,
        successor: JournalPosition?
    ) {
        self.salt = salt
        last = first.previous
        durable = first.previous
        while true {
            if last.next == successor { return }
            switch RecordRead.read(bytes, at: end, salt, expecting: last.next) {
            case .record(let record, let end):
                // A record cannot know of itself; the checksum is right, so it does not say so.
                durable = max(durable, min(record.durable, last))
                last = record.position
                recordCount += 1
                self.end = end
                continue
            case .end:
                if successor != nil {
                    verdict = .damaged(.missing)
                } else if Self.lastTrace(bytes, salt, from: end, behind: last) > last {
                    judge(.missing, bytes)
                }
            case .fault(let fault):
                // A record of a newer version is whole, so nothing was torn there.
                if case .unknownKind = fault {
                    verdict = .damaged(fault)
                } else if successor != nil {
                    verdict = .damaged(fault)
                } else {
                    judge(fault, bytes)
                }
            }
            return
        }
    }

    /// Tells a torn tail from damage: whether something behind the bad record was written when it
    /// was on disk.
    private mutating func judge(_ fault: RecordFault, _ bytes: RawSpan) {
        verdict = isProvenDurable(last.next, in: bytes) ? .damaged(fault) : .torn
    }

    private func isProvenDurable(_ position: JournalPosition, in bytes: RawSpan) -> Bool {
        var isProven = false
        // What cannot be told with bounded work is damage, for that loses nothing.
        let isFinished = Self.search(bytes, salt, from: end, behind: last) { header in
            // It knows of the bad one.
            header.durable >= position && header.durable < header.position
        } found: { _ in
            isProven = true
            return false
        }
        return isProven || !isFinished
    }

    /// The last record behind `position` that can be told from the bytes from `offset` on.
    static func lastTrace(
        _ bytes: RawSpan, _ salt: SegmentSalt, from offset: Int, behind position: JournalPosition
    ) -> JournalPosition {
        var last = position
        _ = search(bytes, salt, from: offset, behind: position) {
            $0.position > last
        } found: { header in
            last = header.position
            return true
        }
        return last
    }

    /// Looks for whole records behind `position` wherever one may begin.
    ///
    /// Payloads are what senders like, also rows of headers that each ask for all that follows. So
    /// the work is bounded.
    ///
    /// - Parameters:
    ///   - isWanted: whether a header is worth a look at its record.
    ///   - found: gets the header of a whole record, and says whether to go on.
    /// - Returns: false when it was given up.
    private static func search(
        _ bytes: RawSpan, _ salt: SegmentSalt, from offset: Int, behind position: JournalPosition,
        where isWanted: (RecordHeader) -> Bool, found: (RecordHeader) -> Bool
    ) -> Bool {
        // No more records than this can be there.
        let (sum, overflow) = position.rawValue.addingReportingOverflow(
            UInt64(bytes.byteCount / RecordHeader.byteCount))
        let most = JournalPosition(overflow ? .max : sum)
        var budget = 8 * bytes.byteCount + 1_048_576
        var at = offset
        while at + RecordHeader.byteCount <= bytes.byteCount {
            let header = RecordHeader(bytes, at: at)
            if header.position > position, header.position <= most, isWanted(header),
                header.recordBytes <= bytes.byteCount - at
            {
                budget -= header.recordBytes
                if budget < 0 { return false }
                if header.isWhole(bytes, at: at, salt), !found(header) { return true }
            }
            at += RecordHeader.alignment
        }
        return true
    }
}
