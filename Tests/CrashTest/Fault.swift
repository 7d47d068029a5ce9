/// Something that is not as it should be.
struct Fault {
    /// What was compared.
    enum Kind: String, CaseIterable {
        case server
        case answers
        case repetitions
        case revisions
        case sessions
        case lookUps = "look-ups"
        case counters
    }

    var kind: Kind
    var text: String

    init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}
