import SojournModel
import SojournWire

/// The bytes of a snapshot, to be compared with those of another.
struct Image {
    private let bytes: [UInt8]
    private var sections: [(id: UInt32, content: ArraySlice<UInt8>)] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let count: UInt32 = bytes.lend { $0.integer(at: 32) }
        for index in 0..<Int(count) {
            let entry = 64 + 32 * index
            bytes.lend { span in
                let elementBytes = Int(span.integer(at: entry + 4, as: UInt32.self))
                let elements = Int(span.integer(at: entry + 8, as: UInt64.self))
                let offset = Int(span.integer(at: entry + 16, as: UInt64.self))
                sections.append(
                    (span.integer(at: entry), bytes[offset..<offset + elementBytes * elements]))
            }
        }
    }

    var checksum: UInt32 { bytes.lend { CRC32C.checksum(of: $0) } }

    /// The other one is the truth.
    func require(like other: Image, _ what: String) throws(Violation) {
        if bytes == other.bytes { return }
        try require(partOf: other)
        throw Violation("\(what), the state has \(sections.count) sections")
    }

    /// Every section is one of the other's.
    func require(partOf other: Image) throws(Violation) {
        for section in sections {
            guard let found = other.sections.first(where: { $0.id == section.id }) else {
                throw Violation("section \(section.id) is missing")
            }
            if found.content == section.content { continue }
            let place = zip(section.content, found.content).enumerated()
                .first { $0.element.0 != $0.element.1 }?.offset
            throw Violation(
                "section 0x\(String(section.id, radix: 16)) is another from byte "
                    + "\(place.map { "\($0)" } ?? "none") on: \(section.content.count) bytes, not "
                    + "\(found.content.count)")
        }
    }
}
