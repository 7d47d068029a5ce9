/// Why a state cannot be restored: it was saved by another version or deployment, or is not what an
/// engine saves.
package struct StateFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// The section in which it was noticed.
    package let section: UInt32
    /// What is wrong with it, without a capital and a full stop.
    package let reason: String

    package init(_ section: UInt32, _ reason: String) {
        self.section = section
        self.reason = reason
    }

    package var description: String { "section \(section): \(reason)" }
}
