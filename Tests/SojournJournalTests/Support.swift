import Foundation
import SojournJournal
import SojournModel
import SojournWire

/// A directory that is removed at the end.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "sojourn-journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func bytes(of name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
    }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }
}

let testDeployment = DeploymentID(Bits128(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF))

extension JournalOptions {
    static func small(
        _ durability: Durability = .disk, segmentBytes: Int = 4_096
    ) -> JournalOptions {
        JournalOptions(
            deployment: testDeployment, durability: durability, segmentBytes: segmentBytes,
            saltSeed: 1)
    }
}

/// A record as values.
struct Entry: Equatable, CustomStringConvertible {
    var position: UInt64
    var kind = RecordKind.batch
    var payload: [UInt8]

    var description: String { "\(position): \(kind) of \(payload.count) bytes" }
}

extension RecordGroup {
    mutating func append(_ entry: Entry, durable: JournalPosition) {
        append(entry.kind, at: JournalPosition(entry.position), durable: durable) { writer in
            writer.append(contentsOf: unsafe entry.payload.span.bytes)
        }
    }
}

extension FileJournal {
    /// Appends entries as one group.
    mutating func append(_ entries: [Entry]) throws(JournalError) {
        var group = RecordGroup()
        for entry in entries { group.append(entry, durable: durable) }
        try append(&group)
    }

    /// Appends groups of records, each with a payload that tells it from all others.
    mutating func append(groups: [Int], bytes: Int = 40) throws(JournalError) {
        for count in groups {
            let first = last.rawValue + 1
            try append((first..<first + UInt64(count)).map { Entry.sample($0, bytes: bytes) })
        }
    }

    func entries(after position: UInt64 = 0) throws(JournalError) -> [Entry] {
        var reader = try records(after: JournalPosition(position))
        var entries: [Entry] = []
        while let record = try reader.next() { entries.append(Entry(record)) }
        return entries
    }
}

extension Entry {
    init(_ record: JournalRecord) {
        self.init(
            position: record.position.rawValue, kind: record.kind, payload: Array(record.payload))
    }

    static func sample(_ position: UInt64, bytes: Int = 40) -> Entry {
        let kinds: [RecordKind] = [.batch, .batch, .tick, .policy]
        return Entry(
            position: position, kind: kinds[Int(position % 4)],
            payload: (0..<bytes).map { UInt8(truncatingIfNeeded: UInt64($0) &* 7 &+ position) })
    }

    static func samples(_ positions: ClosedRange<UInt64>, bytes: Int = 40) -> [Entry] {
        positions.map { sample($0, bytes: bytes) }
    }
}

extension Array where Element == UInt8 {
    init(_ span: RawSpan) {
        // The bytes are borrowed for the closure, which copies them.
        self = unsafe span.withUnsafeBytes { unsafe Array($0) }
    }
}

enum Checksum {
    /// Writes the checksum of some bytes over four others.
    ///
    /// - Parameter salt: four bytes that it is made different with.
    static func set(
        _ bytes: inout [UInt8], at offset: Int, over range: Range<Int>,
        salt: [UInt8] = [0, 0, 0, 0]
    ) {
        let checksum = CRC32C.checksum(of: unsafe bytes.span.bytes.extracting(range))
        for index in 0..<4 {
            bytes[offset + index] =
                UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(index))) ^ salt[index]
        }
    }
}
