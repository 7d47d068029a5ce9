package import SojournModel

/// What a producer's number says of a batch (sojourn-1, "Behaviour of a server").
package enum SequenceVerdict {
    /// It was not applied before.
    case new
    /// It was applied, and this is what was answered.
    case known(KeptReply)
    /// Below the window, which begins at `lowest`: whether it was applied is no longer known.
    case tooOld(lowest: UInt64)
    /// Further beyond the highest number than the window reaches.
    case gap(highest: UInt64)
    /// Another batch had this number.
    case reused

    /// The same of a part: other servers have the batches that are missing here, so the window moves.
    var ofPart: SequenceVerdict {
        if case .gap = self { .new } else { self }
    }
}

/// The producers that have sent batches, and the replies to their last ones: what makes a retry
/// harmless.
///
/// Per producer a ring of `Limits.producerWindow` replies, at the place of the sequence modulo its
/// size:
///
///     lowest = highest - 127            highest                 highest + 128
///     | kept, or not applied yet ...... | may come ............ | gap
///
/// Both the number of producers and the bytes of all replies are bounded. Beyond either bound the
/// producer of whom no batch was applied for longest is forgotten (a repeated one does not count, for
/// only what is journaled decides); a producer that is alone forgets its oldest
/// replies. Every step is O(1), and nothing depends on the order of a dictionary.
package struct ProducerTable: ~Copyable {
    private let producersMax: Int
    private let replyBytesMax: Int
    /// Where a producer's record is. Only asked, never walked.
    private var rows: [ProducerID: Int] = [:]
    private var records: [Record] = []
    /// Records whose producer was forgotten.
    private var free: [Int] = []
    /// Ends of the chain of use.
    private var newest: Int?
    private var oldest: Int?

    /// Bytes of all replies and records.
    package private(set) var byteCount = 0
    /// Producers that were forgotten for want of room.
    package private(set) var evictions: UInt64 = 0
    /// Replies that were forgotten for want of room though their producer is still known.
    package private(set) var replyEvictions: UInt64 = 0

    struct Record {
        static let byteCount = 128 + Limits.producerWindow * MemoryLayout<KeptReply?>.stride

        var producer: ProducerID
        var highest: UInt64
        /// Sequences below it are forgotten though they are in the window.
        var floor: UInt64 = 0
        var replies: [KeptReply?]
        var newer: Int?
        var older: Int?

        var lowest: UInt64 {
            let window = UInt64(Limits.producerWindow)
            return max(floor, highest >= window ? highest - window + 1 : 0)
        }

        /// The replies that are kept, in the order of their sequences.
        var kept: [KeptReply] {
            replies.compactMap { $0 }.sorted { $0.sequence < $1.sequence }
        }

        static func place(of sequence: UInt64) -> Int {
            Int(sequence % UInt64(Limits.producerWindow))
        }
    }

    /// - Precondition: there is room for one producer at least.
    package init(producersMax: Int, replyBytesMax: Int) {
        precondition(producersMax > 0)
        self.producersMax = producersMax
        self.replyBytesMax = replyBytesMax
    }

    /// Producers of which something is known.
    package var count: Int { rows.count }

    /// Judges a batch and changes nothing.
    package func judge(
        _ producer: ProducerID, _ sequence: UInt64, _ fingerprint: BatchFingerprint
    ) -> SequenceVerdict {
        guard let row = rows[producer] else { return .new }
        let record = records[row]
        if sequence < record.lowest { return .tooOld(lowest: record.lowest) }
        if sequence > record.highest {
            return sequence - record.highest > UInt64(Limits.producerWindow)
                ? .gap(highest: record.highest) : .new
        }
        guard let kept = record.replies[Record.place(of: sequence)] else { return .new }
        return kept.fingerprint == fingerprint ? .known(kept) : .reused
    }

    /// Keeps the reply to a batch that was applied.
    ///
    /// - Precondition: it was judged `new`.
    package mutating func remember(
        _ producer: ProducerID, _ sequence: UInt64, _ fingerprint: BatchFingerprint,
        reply: RawSpan
    ) {
        let row = row(of: producer, startingAt: sequence)
        if sequence > records[row].highest { raise(row, to: sequence) }
        let place = Record.place(of: sequence)
        precondition(records[row].replies[place] == nil)
        let kept = KeptReply(sequence: sequence, fingerprint: fingerprint, frame: reply)
        records[row].replies[place] = kept
        byteCount += kept.byteCount
        makeRoom(for: row)
    }

    /// The record of a producer, in front of the chain.
    private mutating func row(of producer: ProducerID, startingAt sequence: UInt64) -> Int {
        if let row = rows[producer] {
            unlink(row)
            linkAsNewest(row)
            return row
        }
        let record = Record(
            producer: producer, highest: sequence,
            replies: Array(repeating: nil, count: Limits.producerWindow))
        let row: Int
        if let reused = free.popLast() {
            row = reused
            records[row] = record
        } else {
            row = records.count
            records.append(record)
        }
        rows[producer] = row
        byteCount += Record.byteCount
        linkAsNewest(row)
        return row
    }

    /// Moves the window up and drops what falls out of it.
    private mutating func raise(_ row: Int, to sequence: UInt64) {
        let before = records[row].highest
        let step = min(sequence - before, UInt64(Limits.producerWindow))
        for distance in 0..<step {
            drop(row, at: Record.place(of: sequence - distance))
        }
        records[row].highest = sequence
    }

    private mutating func drop(_ row: Int, at place: Int) {
        guard let kept = records[row].replies[place] else { return }
        records[row].replies[place] = nil
        byteCount -= kept.byteCount
    }

    // MARK: Snapshots

    func forEachOldestFirst(_ body: (Record) -> Void) {
        var row = oldest
        while let current = row {
            body(records[current])
            row = records[current].newer
        }
    }

    /// Adds a producer of a snapshot as the newest.
    ///
    /// - Returns: false when it is there already.
    mutating func add(_ producer: ProducerID, highest: UInt64, floor: UInt64) -> Bool {
        if rows[producer] != nil { return false }
        let row = row(of: producer, startingAt: highest)
        records[row].floor = floor
        return true
    }

    /// Keeps a reply of a snapshot.
    ///
    /// - Returns: false when its place is taken, or it is outside the producer's window.
    mutating func keep(_ reply: KeptReply, of producer: ProducerID) -> Bool {
        guard let row = rows[producer], reply.sequence >= records[row].lowest,
            reply.sequence <= records[row].highest,
            records[row].replies[Record.place(of: reply.sequence)] == nil
        else { return false }
        records[row].replies[Record.place(of: reply.sequence)] = reply
        byteCount += reply.byteCount
        return true
    }

    // MARK: Room

    private mutating func makeRoom(for row: Int) {
        while count > producersMax || byteCount > replyBytesMax, let oldest, oldest != row {
            evict(oldest)
        }
        var sequence = records[row].lowest
        while byteCount > replyBytesMax, sequence <= records[row].highest {
            let place = Record.place(of: sequence)
            if records[row].replies[place] != nil { replyEvictions += 1 }
            drop(row, at: place)
            guard sequence < .max else { break }
            sequence += 1
            records[row].floor = sequence
        }
    }

    private mutating func evict(_ row: Int) {
        for place in 0..<Limits.producerWindow { drop(row, at: place) }
        byteCount -= Record.byteCount
        rows[records[row].producer] = nil
        unlink(row)
        records[row].replies = []
        free.append(row)
        evictions += 1
    }

    // MARK: The chain of use

    private mutating func unlink(_ row: Int) {
        let (newer, older) = (records[row].newer, records[row].older)
        if let newer { records[newer].older = older } else { newest = older }
        if let older { records[older].newer = newer } else { oldest = newer }
    }

    private mutating func linkAsNewest(_ row: Int) {
        records[row].newer = nil
        records[row].older = newest
        if let newest { records[newest].newer = row } else { oldest = row }
        newest = row
    }
}
