package import SojournPostgres

/// Where finished sessions are kept, and for how long.
package struct ArchiveSettings: Sendable {
    package enum Store: Sendable {
        /// An SQLite file.
        case file(String)
        /// A PostgreSQL database, which other workers may share.
        case postgres(PostgresAddress)
    }

    package var store: Store
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

    package init(_ store: Store) { self.store = store }
}
