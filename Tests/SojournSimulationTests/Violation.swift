/// A promise that was not kept.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Throws when something that was promised is not so.
func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws(Violation) {
    if !condition { throw Violation(reason()) }
}
