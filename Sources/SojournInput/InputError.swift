/// Why a file cannot be read, or output not written, at all.
package enum InputError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The system refused: what was tried, on what, and its reason in words.
    case system(operation: String, path: String, reason: String)
    /// There is nothing in the input that a format could be recognised by.
    case empty(path: String)
    /// The first line is of no format that Sojourn reads.
    case unrecognised(path: String, hint: String, firstLine: String)
    /// The first line of a CSV file cannot be its header.
    case badHeader(path: String, problem: String)
    /// The header lacks columns without which nothing can be assigned.
    case missingColumns(path: String, missing: [String], found: [String])

    package var description: String {
        switch self {
        case .system(let operation, let path, let reason):
            "cannot \(operation) \(path): \(reason)"
        case .empty(let path):
            "\(path) is empty: there is no header and no event in it"
        case .unrecognised(let path, let hint, let firstLine):
            "\(path) \(hint); its first line is \"\(firstLine)\". Sojourn reads CSV with a header, "
                + "JSON Lines, and Apache or nginx access logs"
        case .badHeader(let path, let problem):
            "the header of \(path) \(problem)"
        case .missingColumns(let path, let missing, let found):
            "\(path) has no column \(missing.joined(separator: ", no column ")); "
                + "its header names: \(found.joined(separator: ", "))"
        }
    }
}
