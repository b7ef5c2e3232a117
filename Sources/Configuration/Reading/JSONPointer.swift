import JSON

/// The way from the root of a JSON text to a value in it (RFC 6901).
struct JSONPointer: Sendable, Equatable {
    let components: [String]

    static let root = JSONPointer(components: [])

    static func / (pointer: JSONPointer, name: String) -> JSONPointer {
        JSONPointer(components: pointer.components + [name])
    }

    static func / (pointer: JSONPointer, index: Int) -> JSONPointer { pointer / String(index) }

    /// The text form: `~` and `/` within a name are `~0` and `~1` (RFC 6901 §3).
    var text: String {
        var text = ""
        for component in components {
            text += "/"
            for character in component.unicodeScalars {
                switch character {
                case "~": text += "~0"
                case "/": text += "~1"
                default: text.unicodeScalars.append(character)
                }
            }
        }
        return text.printable
    }

    /// The value that this leads to, or the deepest one on the way that exists.
    func deepestNode(in root: JSONNode) -> JSONNode {
        var node = root
        for component in components {
            if let member = node[component] {
                node = member
            } else if let elements = node.array, let index = Int(component), elements.indices.contains(index) {
                node = elements[index]
            } else {
                break
            }
        }
        return node
    }
}
