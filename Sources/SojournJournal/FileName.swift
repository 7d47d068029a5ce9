/// What a file of a data directory is, by its name (journal, "Files").
package enum FileName: Hashable, Sendable {
    case segment(first: JournalPosition)
    case snapshot(JournalPosition)
    /// A file that was a segment, and will be one again.
    case spare(JournalPosition)
    /// A file that was not finished.
    case temporary(String)
    /// What a repair put aside.
    case damaged(String)
    /// The lock and the deployment of a `DataDirectory`.
    case directory(String)
    /// Somebody else's.
    case other(String)

    static let temporaryEnding = ".tmp"
    static let damagedBeginning = "damaged-"

    static func segmentName(_ first: JournalPosition) -> String {
        "journal-\(first.hexadecimal).seg"
    }

    static func snapshotName(_ position: JournalPosition) -> String {
        "snapshot-\(position.hexadecimal).snap"
    }

    static func spareName(_ first: JournalPosition) -> String {
        "spare-\(first.hexadecimal).seg"
    }

    init(_ name: String) {
        if let position = Self.position(name, "journal-", ".seg") {
            self = .segment(first: position)
        } else if let position = Self.position(name, "snapshot-", ".snap") {
            self = .snapshot(position)
        } else if let position = Self.position(name, "spare-", ".seg") {
            self = .spare(position)
        } else if Self.isTemporary(name) {
            self = .temporary(name)
        } else if name.hasPrefix(Self.damagedBeginning) {
            self = .damaged(name)
        } else if name == DataDirectory.lockName || name == DataDirectory.deploymentName {
            self = .directory(name)
        } else {
            self = .other(name)
        }
    }

    private static func isTemporary(_ name: String) -> Bool {
        guard name.hasSuffix(temporaryEnding) else { return false }
        switch FileName(String(name.dropLast(temporaryEnding.utf8.count))) {
        case .segment, .snapshot, .directory: return true
        default: return false
        }
    }

    private static func position(
        _ name: String, _ beginning: String, _ ending: String
    ) -> JournalPosition? {
        guard name.hasPrefix(beginning), name.hasSuffix(ending),
            name.utf8.count == beginning.utf8.count + 16 + ending.utf8.count
        else { return nil }
        return JournalPosition(
            hexadecimal: name.dropFirst(beginning.utf8.count).dropLast(ending.utf8.count))
    }
}
