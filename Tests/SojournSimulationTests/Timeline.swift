import SojournJournal
import SojournModel
import SojournTestKit
import SojournWire

/// What has happened to the service's state: the records that it made, and what it said of them. A crash
/// may take away the end of it; what is left is what must be found again.
final class Timeline {
    struct Record: Equatable {
        var kind: RecordKind
        var payload: [UInt8]
    }

    /// A question, and what it was answered when the state was that of a position.
    struct Question {
        var position: Int
        var request: [UInt8]
        var reply: [UInt8]
    }

    /// Record 1 has index 0.
    private(set) var records: [Record] = []
    /// The replies to the batches of records, by position, without correlation.
    private(set) var given: [Int: [UInt8]] = [:]
    /// Where numbered batches were applied, by their index; more than once when the service had to
    /// forget them.
    private var positions: [Int: [Int]] = [:]
    private(set) var questions: [Question] = []
    /// Something that was answered was allowed to be lost, and was.
    private(set) var hasLostAnswers = false

    /// The last record that must be there after the end, and the last that would be after a power cut.
    private(set) var floor = 0
    private var durableFloor = 0
    /// The last record that an answer rests on which has left, as far as answers promise something.
    private(set) var promised = 0

    // MARK: Growing

    /// Takes the records of a group that is about to be written.
    func add(_ group: borrowing RecordGroup) throws(Violation) {
        let bytes = group.bytes
        var offset = 0
        while offset < bytes.byteCount {
            let length = Int(bytes.integer(at: offset, as: UInt32.self))
            let position = Int(bytes.integer(at: offset + 8, as: UInt64.self))
            try require(
                position == records.count + 1,
                "record \(position) was made behind \(records.count)")
            guard let kind = RecordKind(rawValue: bytes.integer(at: offset + 24)) else {
                throw Violation("record \(position) is of no kind")
            }
            let start = offset + 32
            records.append(
                Record(kind: kind, payload: [UInt8](bytes.extracting(start..<start + length))))
            offset = start + (length + 7) / 8 * 8
        }
    }

    /// Takes word of a batch that was applied and answered.
    func apply(_ batch: SentBatch, at position: Int, reply: [UInt8], mayRepeat: Bool)
        throws(Violation)
    {
        given[position] = reply.withoutCorrelation
        guard batch.isNumbered else { return }
        if let first = positions[batch.index]?.last, !mayRepeat {
            throw Violation(
                "batch \(batch.index) was applied as record \(first) and again as \(position)")
        }
        positions[batch.index, default: []].append(position)
    }

    /// Where a numbered batch was applied last.
    func position(of batch: SentBatch) -> Int? { positions[batch.index]?.last }

    func note(_ question: Question) { questions.append(question) }

    /// An answer has left that rests on a record.
    func promise(_ position: Int) { promised = max(promised, position) }

    // MARK: Ends

    /// The process has ended.
    ///
    /// - Parameters:
    ///   - last: the journal's last record, which is with the system.
    ///   - durable: the last that is known to be on disk.
    func end(last: Int, durable: Int, _ durability: Durability) {
        floor = last
        durableFloor = durable
        if durability == .none { breakPromises() }
    }

    /// The power was cut, and the process has ended or not yet begun its work.
    func cutPower(_ durability: Durability) {
        floor = durableFloor
        if durability != .disk { breakPromises() }
    }

    /// What is not sure to be there may be lost, although it was answered.
    private func breakPromises() {
        if promised > floor { hasLostAnswers = true }
        promised = min(promised, floor)
    }

    /// The journal was opened again.
    ///
    /// - Parameter last: its last record.
    func resume(at last: Int) throws(Violation) {
        try require(
            last >= promised, "record \(promised) was answered, and the journal ends at \(last)")
        try require(last >= floor, "record \(floor) was written, and the journal ends at \(last)")
        try require(
            last <= records.count, "the journal has \(last) records, and \(records.count) were made"
        )
        records.removeLast(records.count - last)
        given = given.filter { $0.key <= last }
        positions = positions.mapValues { $0.filter { $0 <= last } }
        questions.removeAll { $0.position > last }
        floor = last
        durableFloor = last
    }
}

extension [UInt8] {
    init(_ bytes: RawSpan) {
        // Lent for the closure, which copies them.
        self = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    }
}
