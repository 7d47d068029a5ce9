import GRDB

/// Why an archive cannot be read or written.
package struct ArchiveError: Error, Equatable, CustomStringConvertible, Sendable {
    package enum Code: Equatable, Sendable {
        /// Space, permission, a lock: it may go well another time.
        case passing
        /// The file is damaged, or no archive.
        case damaged
        /// Another version of this program made it.
        case otherVersion
        /// It belongs to another deployment.
        case otherDeployment
        /// Somebody else has become the owner of what was to be written.
        case deposed
        /// A question took longer than it may.
        case tooLong
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// Does something with the database.
    static func wrapping<Result>(
        _ path: String, _ body: () throws -> Result
    ) throws(ArchiveError) -> Result {
        do {
            return try body()
        } catch let error as ArchiveError {
            throw error
        } catch let error as DatabaseError {
            let isDamaged =
                error.resultCode == .SQLITE_CORRUPT || error.resultCode == .SQLITE_NOTADB
            throw ArchiveError(
                isDamaged ? .damaged : .passing,
                "the archive \(path) cannot be used: \(error.message ?? "\(error)") "
                    + "(\(error.resultCode))")
        } catch {
            throw ArchiveError(.passing, "the archive \(path) cannot be used: \(error)")
        }
    }
}
