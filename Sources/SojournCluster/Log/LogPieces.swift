package import SojournJournal

/// Cuts groups of records into messages that the log takes.
package enum LogPieces {
    /// Of a payload: with header and the headers of NATS it stays below the usual limit of 1 MiB.
    package static let bytesMax = 960 << 10

    /// - Parameters:
    ///   - group: sealed, not empty.
    ///   - header: of the owner, of kind `records`.
    package static func messages(
        of group: borrowing RecordGroup, _ header: LogHeader, bytesMax: Int = bytesMax
    ) -> [LogMessage] {
        var header = header
        header.first = group.first
        header.last = group.last
        let bytes = group.bytes
        var messages: [LogMessage] = []
        var start = 0
        while start < bytes.byteCount {
            let end = min(start + bytesMax, bytes.byteCount)
            header.goesOn = end < bytes.byteCount
            messages.append(header.message(bytes.extracting(start..<end)))
            header.piece += 1
            start = end
        }
        return messages
    }
}
