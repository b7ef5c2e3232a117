import JSON

/// What a value may be, as the schema and the reference say it.
struct Shape {
    let form: Form
    /// The words for it in messages and in the reference, such as `a duration such as "30s"`.
    let words: String
    /// The one word for it in the reference, if that explains the word itself.
    var label: String?

    indirect enum Form {
        case text(pattern: String?)
        case words([String])
        case truth
        case integer(ClosedRange<Int64>)
        case list(Shape, minimum: Int)
        case map(Shape, minimum: Int)
        case section(SectionDescription)
        case either([Shape])
        case object
        case scalar
    }
}

/// A section of the file: a JSON object with known members.
struct SectionDescription {
    let title: String
    let summary: String
    let members: [MemberDescription]
}

/// A member of a section.
struct MemberDescription {
    let name: String
    let shape: Shape
    let presence: Presence
    let text: String
    let isLater: Bool

    enum Presence {
        case required
        case optional
        case defaults(DefaultValue)
    }
}

/// The value that an absent member has, written as it would be in the file.
enum DefaultValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    case text(String)
    case integer(Int64)
    case truth(Bool)
    case list([DefaultValue])
    case emptyObject

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .truth(value) }
    init(arrayLiteral elements: DefaultValue...) { self = .list(elements) }
    /// Only the empty object: what it means is said by the defaults of its members.
    init(dictionaryLiteral elements: (Never, Never)...) { self = .emptyObject }

    func node(at position: JSONPosition) -> JSONNode {
        let value: JSONValue =
            switch self {
            case .text(let text): .string(text)
            case .integer(let number): .number(JSONNumber(number))
            case .truth(let truth): .bool(truth)
            case .list(let elements): .array(elements.map { $0.node(at: position) })
            case .emptyObject: .object([])
            }
        return JSONNode(value: value, position: position)
    }
}

extension JSONNode {
    /// Whether this is the same value, wherever it stands.
    func isSameValue(as other: JSONNode) -> Bool {
        switch (value, other.value) {
        case (.array(let mine), .array(let theirs)):
            mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.isSameValue(as: $1) }
        case (.object(let mine), .object(let theirs)):
            mine.count == theirs.count
                && mine.allSatisfy { member in other[member.name]?.isSameValue(as: member.value) ?? false }
        default: value == other.value
        }
    }
}
