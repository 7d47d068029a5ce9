import Yams

/// A place in a configuration file: what stands there, and how to name it when it is wrong.
struct ConfigurationNode {
    let file: String
    /// "properties[0].timeout"; empty for the file as a whole.
    let key: String
    private let node: Node

    /// Reads the text of a file; nil when it holds nothing but comments.
    static func parse(
        _ text: String, file: String
    ) throws(ConfigurationError) -> ConfigurationNode? {
        do {
            guard let node = try compose(yaml: text), node.scalar?.string != "" else { return nil }
            return ConfigurationNode(file: file, key: "", node: node)
        } catch let error as YamlError {
            throw ConfigurationError(error, file: file)
        } catch {
            throw ConfigurationError(source: file, "\(error)")
        }
    }

    init(file: String, key: String, node: Node) {
        self.file = file
        self.key = key
        self.node = node
    }

    func error(_ reason: String) -> ConfigurationError {
        ConfigurationError(
            source: file, line: node.mark?.line, key: key.isEmpty ? nil : key, reason)
    }

    // MARK: What holds others

    /// The entries of a mapping by their key; a key that is not allowed is an error.
    func entries(
        allowed: [String]
    ) throws(ConfigurationError) -> [String: ConfigurationNode] {
        guard let mapping = node.mapping else {
            throw error("a mapping is expected, with the keys \(allowed.joined(separator: ", "))")
        }
        var entries: [String: ConfigurationNode] = [:]
        for (name, value) in mapping {
            let text = name.scalar?.string ?? ""
            let path = key.isEmpty ? text : "\(key).\(text)"
            guard allowed.contains(text) else {
                // The key's own line, for its value may stand below it.
                let wrong = ConfigurationNode(file: file, key: path, node: name)
                if let meant = ConfigurationText.suggestion(for: text, among: allowed) {
                    throw wrong.error("there is no such key; did you mean \(meant)?")
                }
                throw wrong.error(
                    "there is no such key; allowed are \(allowed.joined(separator: ", "))")
            }
            entries[text] = ConfigurationNode(file: file, key: path, node: value)
        }
        return entries
    }

    var isList: Bool { node.sequence != nil }

    var isMapping: Bool { node.mapping != nil }

    /// The elements of a list.
    func elements(of what: String) throws(ConfigurationError) -> [ConfigurationNode] {
        guard let sequence = node.sequence else {
            throw error("a list of \(what) is expected, each behind a dash")
        }
        return sequence.enumerated().map { row, element in
            ConfigurationNode(file: file, key: "\(key)[\(row)]", node: element)
        }
    }

    // MARK: Values

    /// One value, and neither a list nor a mapping.
    var isScalar: Bool { node.scalar != nil }

    func text() throws(ConfigurationError) -> String {
        guard let text = node.scalar?.string else { throw error("one value is expected") }
        guard !text.isEmpty else { throw error("the value is missing") }
        return text
    }

    func integer(in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let text = try text()
        guard let value = ConfigurationText.integer(text), range.contains(value) else {
            throw error(
                "\"\(text)\" is no whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func flag() throws(ConfigurationError) -> Bool {
        let text = try text()
        guard let value = ConfigurationText.flag(text) else {
            throw error("\"\(text)\" is neither on nor off")
        }
        return value
    }

    /// Milliseconds.
    func duration() throws(ConfigurationError) -> Int64 {
        let text = try text()
        guard let value = ConfigurationText.duration(text) else {
            throw error("\"\(text)\" is no duration; \(ConfigurationText.durationForm)")
        }
        return value
    }

    /// True for the word `off`, which every optional value knows.
    func isOff() throws(ConfigurationError) -> Bool { try text() == "off" }
}

extension ConfigurationError {
    fileprivate init(_ error: YamlError, file: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(source: file, line: mark.line, "this is no YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(
                source: file, line: context.mark.line, key: keys.first, "the key stands here twice")
        default:
            self.init(source: file, "this is no YAML: \(error)")
        }
    }
}
