import JSON

/// Writes descriptions as JSON Schema; draft 7, which every editor knows.
struct SchemaDocument {
    private var writer = JSONWriter(.pretty)

    mutating func text(of section: SectionDescription) -> String {
        writer.beginObject()
        writer.member("$schema", "http://json-schema.org/draft-07/schema#")
        writer.member("title", "Gatehouse configuration")
        members(of: section)
        writer.endObject()
        return writer.text + "\n"
    }

    private mutating func members(of section: SectionDescription) {
        writer.member("type", "object")
        writer.member("additionalProperties", false)
        let required = section.members.filter { if case .required = $0.presence { true } else { false } }
        if !required.isEmpty { writer.member("required", required.map(\.name)) }
        writer.name("properties")
        writer.beginObject()
        for member in section.members {
            writer.name(member.name)
            writer.beginObject()
            writer.member("description", (member.isLater ? "Not supported yet. " : "") + member.text.oneLine)
            if case .defaults(let value) = member.presence {
                writer.name("default")
                writer.node(value.node(at: JSONPosition(offset: 0, line: 1, column: 1)))
            }
            form(of: member.shape)
            writer.endObject()
        }
        writer.endObject()
    }

    private mutating func form(of shape: Shape) {
        switch shape.form {
        case .text(let pattern):
            writer.member("type", "string")
            if let pattern { writer.member("pattern", pattern) }
        case .words(let words): writer.member("enum", words)
        case .truth: writer.member("type", "boolean")
        case .integer(let range):
            writer.member("type", "integer")
            writer.member("minimum", range.lowerBound)
            writer.member("maximum", range.upperBound)
        case .list(let element, let minimum):
            writer.member("type", "array")
            if minimum > 0 { writer.member("minItems", minimum) }
            nested("items", element)
        case .map(let element, let minimum):
            writer.member("type", "object")
            if minimum > 0 { writer.member("minProperties", minimum) }
            nested("additionalProperties", element)
        case .section(let section): members(of: section)
        case .either(let shapes):
            writer.name("anyOf")
            writer.beginArray()
            for shape in shapes {
                writer.beginObject()
                form(of: shape)
                writer.endObject()
            }
            writer.endArray()
        case .object: writer.member("type", "object")
        case .scalar: writer.member("type", ["string", "integer", "boolean"])
        }
    }

    private mutating func nested(_ name: String, _ shape: Shape) {
        writer.name(name)
        writer.beginObject()
        form(of: shape)
        writer.endObject()
    }
}

extension String {
    /// This text with its line breaks as spaces.
    var oneLine: String { split(separator: "\n").joined(separator: " ") }
}
