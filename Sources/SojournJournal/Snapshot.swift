package import SojournModel
import SojournWire

/// A snapshot that was read: a partition's state at a position, in sections.
package struct Snapshot: ~Copyable, Sendable, StateSource {
    private let contents: FileContents
    package let position: JournalPosition
    package let partition: UInt16
    package let sectionCount: Int

    /// What a section holds, in the file's memory.
    package struct Section: ~Escapable {
        package let id: UInt32
        package let elementBytes: Int
        package let count: Int
        /// The elements, little-endian. The first begins at a multiple of 64.
        package let bytes: RawSpan

        @_lifetime(copy bytes)
        fileprivate init(_ entry: SnapshotEntry, _ bytes: RawSpan) {
            id = entry.id
            elementBytes = entry.elementBytes
            count = entry.count
            self.bytes = bytes
        }
    }

    /// Checks everything: header, table, and the content of every section.
    init(
        _ contents: consuming FileContents, deployment: DeploymentID?, position: JournalPosition
    ) throws(FileHeader.Fault) {
        let header = try FileHeader(
            contents.bytes, of: .snapshot, deployment: deployment, position: position)
        try Self.check(contents.bytes, header)
        self.contents = contents
        self.position = position
        partition = header.partition
        sectionCount = Int(header.sectionCount)
    }

    private static func check(_ bytes: RawSpan, _ header: FileHeader) throws(FileHeader.Fault) {
        let count = Int(header.sectionCount)
        var end = FileHeader.byteCount + count * SnapshotEntry.byteCount
        guard end <= bytes.byteCount else { throw .damaged(.cutShort) }
        let table = bytes.extracting(FileHeader.byteCount..<end)
        guard CRC32C.checksum(of: table) == header.tableChecksum else {
            throw .damaged(.tableChecksum)
        }
        var id: UInt32?
        for index in 0..<count {
            let entry = SnapshotEntry(bytes, index)
            let start = (end + 63) & ~63
            guard let byteCount = entry.byteCount, entry.offset == start, entry.elementBytes > 0,
                entry.reserved == 0, id.map({ $0 < entry.id }) ?? true
            else { throw .damaged(.tableEntry(index)) }
            guard byteCount <= bytes.byteCount - start else { throw .damaged(.cutShort) }
            guard bytes.extracting(end..<start).isZero(from: 0) else { throw .damaged(.excess) }
            end = start + byteCount
            guard CRC32C.checksum(of: bytes.extracting(start..<end)) == entry.checksum else {
                throw .damaged(.sectionChecksum(entry.id))
            }
            id = entry.id
        }
        guard end == bytes.byteCount else { throw .damaged(.excess) }
    }

    /// A section by its id; nil when the snapshot has none.
    @_lifetime(borrow self)
    package func section(_ id: UInt32) -> StateSection? {
        var (low, high) = (0, sectionCount)
        while low < high {
            let middle = (low + high) / 2
            if SnapshotEntry(contents.bytes, middle).id < id {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < sectionCount, SnapshotEntry(contents.bytes, low).id == id else { return nil }
        let found = section(at: low)
        return StateSection(
            elementBytes: found.elementBytes, count: found.count, bytes: found.bytes)
    }

    /// A section by its index, in ascending order of their ids.
    @_lifetime(borrow self)
    package func section(at index: Int) -> Section {
        precondition(index >= 0 && index < sectionCount)
        let entry = SnapshotEntry(contents.bytes, index)
        // It was found to lie within the file.
        let end = entry.offset + entry.elementBytes * entry.count
        return Section(entry, contents.bytes.extracting(entry.offset..<end))
    }
}

/// An entry of a snapshot's table (journal, "Snapshot").
///
///      0 +--------------------------+
///        | section id               |  4
///      4 +--------------------------+
///        | element bytes            |  4
///      8 +--------------------------+
///        | element count            |  8
///     16 +--------------------------+
///        | offset                   |  8   in the file
///     24 +--------------------------+
///        | checksum                 |  4   CRC-32C of the content
///     28 +--------------------------+
///        | reserved                 |  4   zero
///     32 +--------------------------+
struct SnapshotEntry {
    static let byteCount = 32

    let id: UInt32
    let elementBytes: Int
    let count: Int
    let offset: Int
    let checksum: UInt32
    let reserved: UInt32

    init(_ bytes: RawSpan, _ index: Int) {
        let start = FileHeader.byteCount + index * Self.byteCount
        id = bytes.integer(at: start)
        elementBytes = Int(bytes.integer(at: start + 4, as: UInt32.self))
        // Larger ones than Int has are refused by their product, or by their place.
        count = Int(truncatingIfNeeded: bytes.integer(at: start + 8, as: UInt64.self))
        offset = Int(truncatingIfNeeded: bytes.integer(at: start + 16, as: UInt64.self))
        checksum = bytes.integer(at: start + 24)
        reserved = bytes.integer(at: start + 28)
    }

    /// Bytes of the content; nil when there can't be so many.
    var byteCount: Int? {
        let (product, overflow) = elementBytes.multipliedReportingOverflow(by: count)
        return overflow || product < 0 ? nil : product
    }
}
