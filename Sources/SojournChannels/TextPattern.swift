/// A text in which `*` stands for any run of characters, also none. Letter case does not matter.
package struct TextPattern: Equatable, Sendable, ExpressibleByStringLiteral {
    /// What stands between the stars, in lower case.
    private let pieces: [[UInt8]]

    package init(_ text: String) {
        pieces = text.lowercased().utf8
            .split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
            .map(Array.init)
    }

    package init(stringLiteral text: String) { self.init(text) }

    /// - Parameter text: UTF-8, in lower case.
    func matches(_ text: [UInt8]) -> Bool {
        var text = text[...]
        let first = pieces[0]
        guard text.starts(with: first) else { return false }
        if pieces.count == 1 { return text.count == first.count }
        text = text.dropFirst(first.count)
        // The earliest place of each piece leaves most to the next.
        for piece in pieces[1..<(pieces.count - 1)] where !piece.isEmpty {
            guard let place = Self.place(of: piece, in: text) else { return false }
            text = text[(place + piece.count)...]
        }
        let last = pieces[pieces.count - 1]
        return text.count >= last.count && text.suffix(last.count) == last[...]
    }

    private static func place(of piece: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        guard text.count >= piece.count else { return nil }
        return (text.startIndex...(text.endIndex - piece.count)).first {
            text[$0..<($0 + piece.count)] == piece[...]
        }
    }
}
