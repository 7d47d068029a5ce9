/// Where finished sessions are kept, and for how long.
package struct ArchiveSettings: Sendable {
    /// The SQLite file.
    package var path: String
    /// Sessions that began longer before the newest one of their property are erased; nil keeps all.
    package var keepMilliseconds: Int64? = 400 * 86_400_000
    /// Questions that are answered at the same time, each by a thread of its own.
    package var reportsMax = 2
    /// Questions that wait for one of those threads. Beyond it the answer is `overloaded`.
    package var reportQueueMax = 64
    /// A question that takes longer is given up.
    package var reportMilliseconds: UInt64 = 30_000
    /// Parts of an answer when the question says nothing.
    package var reportRowsDefault = 100

    package init(path: String) { self.path = path }
}
