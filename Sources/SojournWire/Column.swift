/// A column that this version knows (sojourn-1, "Column registry").
package enum Column: UInt8, Sendable, CaseIterable {
    case time = 1
    case kind = 2
    case visitor = 3
    case visitorKeys = 4
    case name = 5
    case texts = 6
    case textPrefixes = 7
    case context = 8
    case contexts = 9
    case value = 10
    case eventID = 11

    case sessionID = 32
    case sessionShift = 33
    case ordinal = 34
    case sessionState = 35
    case session = 36
    case position = 37
    case outcome = 38
    case revisionNumber = 39
    case revisionFrom = 40
    case revisionInto = 41
    case revisionCause = 42
    case revisionPartition = 43

    case sessions = 64
    case path = 65

    case gauges = 96

    case filters = 112
    case steps = 113
    case reportRows = 114
    case entries = 115
    case groups = 116
    case days = 117

    /// The name in the registry.
    package var name: String { "\(self)" }
}
