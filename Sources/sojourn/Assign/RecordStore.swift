import SojournInput

/// The records of an input, kept to be read again when it is known what became of them.
///
/// They stand behind one another in large pieces, each of which is an input of its own: an event
/// costs its bytes and nothing else.
struct RecordStore {
    private static let pieceBytes = 8 << 20

    private let format: InputFormat
    /// What a piece begins with, so that it can be read alone.
    private let header: [UInt8]
    private var pieces: [[UInt8]] = []

    init(layout: InputLayout) {
        format = layout.format
        header = layout.header.isEmpty ? [] : layout.header + [UInt8(ascii: "\n")]
    }

    mutating func append(_ record: Span<UInt8>) {
        if pieces.isEmpty || pieces[pieces.count - 1].count + record.count > Self.pieceBytes {
            var piece: [UInt8] = []
            piece.reserveCapacity(Self.pieceBytes + 1)
            piece.append(contentsOf: header)
            pieces.append(piece)
        }
        let last = pieces.count - 1
        // The buffer is the record's own and does not leave the closure.
        unsafe record.withUnsafeBufferPointer { unsafe pieces[last].append(contentsOf: $0) }
        pieces[last].append(UInt8(ascii: "\n"))
    }

    /// Reads all events again, in their order, and lets go of them.
    ///
    /// - Parameter body: returns false to end it.
    consuming func readAgain(_ body: (borrowing InputEvent) throws -> Bool) throws {
        var pieces = pieces
        for index in pieces.indices {
            var reader = try EventReader(bytes: pieces[index], format: format)
            pieces[index] = []
            while let record = try reader.next() {
                guard case .event(let event) = record else {
                    preconditionFailure("a record that was an event is one when it is read again")
                }
                if try !body(event) { return }
            }
        }
    }
}
