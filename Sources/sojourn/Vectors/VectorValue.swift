/// The content of a golden message, as its file has it.
enum VectorValue: Equatable {
    case null
    case bool(Bool)
    case number(Int64)
    case text(String)
    case list([VectorValue])
    case object([String: VectorValue])

    subscript(key: String) -> VectorValue? {
        if case .object(let fields) = self { fields[key] } else { nil }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    var number: Int64? { if case .number(let number) = self { number } else { nil } }

    /// The same without some fields, at every depth.
    func without(_ dropped: (String, VectorValue) -> Bool) -> VectorValue {
        switch self {
        case .list(let items): .list(items.map { $0.without(dropped) })
        case .object(let fields):
            .object(
                fields.filter { !dropped($0.key, $0.value) }
                    .mapValues { $0.without(dropped) })
        default: self
        }
    }

    /// Where two contents differ first, for a person.
    static func difference(_ found: VectorValue, _ expected: VectorValue, at path: String = "")
        -> String?
    {
        switch (found, expected) {
        case (.object(let a), .object(let b)):
            for key in Set(a.keys).union(b.keys).sorted() {
                let difference = difference(
                    a[key] ?? .text("nothing"), b[key] ?? .text("nothing"), at: "\(path).\(key)")
                if let difference { return difference }
            }
            return nil
        case (.list(let a), .list(let b)) where a.count == b.count:
            for (row, (left, right)) in zip(a, b).enumerated() {
                if let difference = difference(left, right, at: "\(path)[\(row)]") {
                    return difference
                }
            }
            return nil
        default:
            return found == expected ? nil : "\(path) is \(found), not \(expected)"
        }
    }
}

extension VectorValue: Decodable {
    init(from decoder: any Decoder) throws {
        // The most frequent first: a wrong guess costs an error.
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let fields = try? container.decode([String: VectorValue].self) {
            self = .object(fields)
        } else if let number = try? container.decode(Int64.self) {
            self = .number(number)
        } else if let bool = try? container.decode(Bool.self) {
            self = .bool(bool)
        } else if container.decodeNil() {
            self = .null
        } else {
            self = .list(try container.decode([VectorValue].self))
        }
    }
}

extension VectorValue: ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
    ExpressibleByDictionaryLiteral
{
    init(stringLiteral text: String) { self = .text(text) }
    init(booleanLiteral bool: Bool) { self = .bool(bool) }
    init(dictionaryLiteral fields: (String, VectorValue)...) {
        self = .object(Dictionary(fields) { first, _ in first })
    }

    /// A number that fits into a JSON number.
    init(_ number: some BinaryInteger) { self = .number(Int64(number)) }
    /// A number that may need 64 bits.
    init(digits number: some BinaryInteger) { self = .text(String(number)) }
    init(_ items: [VectorValue]) { self = .list(items) }
}
